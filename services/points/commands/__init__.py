"""What operators do with the points bank on the command line; one file per noun."""
