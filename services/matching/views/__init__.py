"""What matching shows; one file per noun."""
