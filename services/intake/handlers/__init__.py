"""Use cases of intake: load, decide, keep, announce; one file per noun."""
