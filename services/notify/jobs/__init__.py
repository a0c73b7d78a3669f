"""What notify does by itself, by the clock."""
