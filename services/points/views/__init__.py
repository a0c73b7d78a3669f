"""What points shows; one file per noun."""
