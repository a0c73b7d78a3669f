"""What intake does by itself, by the clock."""
