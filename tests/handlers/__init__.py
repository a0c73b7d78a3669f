"""Use cases, from the first word of a resident to the last point of a partner."""
