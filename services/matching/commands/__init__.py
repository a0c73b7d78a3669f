"""What the command line does in matters of matching: a third door beside HTTP and messages."""
