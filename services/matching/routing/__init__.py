"""The router of a community at work: its model, compiled once a file, and what it has learnt."""
