"""Notify decides who hears what, and keeps it in their inbox.

It owns notices, and for each demand who follows it.
It hears what happens to demands, orders and points.
It says nothing itself; its channels carry notices to people.
"""
