"""The rules of who does it: providers, ranking, orders."""
