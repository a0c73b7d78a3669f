"""How a seal is told: in letters alone, which nobody takes for a telephone number, and no mask hides."""

_LETTERS = str.maketrans("0123456789abcdef", "abcdefghijklmnop")


def code_of(seal: str) -> str:
    """Return the code (校验码) of a seal for notices: the first sixteen characters, as letters a to p."""
    return seal[:16].translate(_LETTERS)
