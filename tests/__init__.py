"""Tests as sentences: over fakes meaner than the real thing, and over the real thing."""
