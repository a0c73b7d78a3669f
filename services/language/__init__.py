"""What a text says before anybody acts on it: danger, accusation, private or public, what is asked."""
