"""The command line, and what it plays."""
