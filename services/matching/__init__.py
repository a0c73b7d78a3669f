"""Matching decides who is asked to do it, when an order moves on, and what happens when nobody acts in time.

It owns the catalogue of providers, orders with their milestones and proofs, and what capacity is taken.
It hears that communities were loaded, what residents say of their demands, and which star a partner has.
It says that an order was proposed, dispatched, accepted, handed over, completed, settled or cancelled.
"""
