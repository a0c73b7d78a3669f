"""Sandan (三单): what residents ask for, who does it, and seeing it through."""

__version__ = "0.3.0"
