"""Intake decides what residents may say and when a demand moves from one status to the next.

It owns communities' files, demands with their timelines, issues, and the contacts that it alone may read.
It hears what happens to orders, and its own facts about demands, to find what is about one matter.
It says that a community was loaded, and that a demand was submitted, endorsed, merged, rated or closed.
"""
