"""What matching does by itself, by the clock."""
