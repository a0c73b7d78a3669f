"""Matching decides who is asked to do it, and when an order moves from one status to the next.

It owns the catalogue of providers, orders with their milestones and proofs, and what capacity is taken.
It hears that communities were loaded and what residents say of their demands.
It says that an order was proposed, dispatched, accepted, handed over, completed, settled or cancelled.
"""
