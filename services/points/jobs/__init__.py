"""What points does by itself."""
