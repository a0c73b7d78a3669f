"""Use cases of points: load, decide, keep, announce; one file per noun."""
