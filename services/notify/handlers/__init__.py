"""Use cases of notify: load, decide, keep, announce; one file per noun."""
