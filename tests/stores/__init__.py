"""What the real database keeps, refuses and gives back."""
