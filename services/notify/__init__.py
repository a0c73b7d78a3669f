"""Notify decides who hears what, and keeps it in their inbox.

It owns notices, for each demand who follows it, and what many are still to be told.
It hears what happens to demands, orders and points.
It says nothing itself; its channels carry notices to people.
"""
