"""What notify shows; one file per noun."""
