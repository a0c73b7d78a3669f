"""What the command line does in matters of intake: a third door beside HTTP and messages."""
