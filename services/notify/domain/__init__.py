"""The rules of who hears what."""
