"""What intake shows; one file per noun."""
