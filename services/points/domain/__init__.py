"""The rules of the points bank."""
