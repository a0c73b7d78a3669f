"""Sandan (三单): what residents ask for, who does it, and seeing it through."""
