"""The rules of what residents say."""
