"""`make bench`: what the system does on this machine, and how far that is from the floor."""
