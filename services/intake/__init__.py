"""Intake decides what residents may say and when a demand moves from one status to the next.

It owns communities' files, demands with their timelines, and residents' contacts, which it alone may read.
It hears what happens to orders.
It says that a community was loaded, and that a demand was submitted, endorsed, urged, rated or closed.
"""
