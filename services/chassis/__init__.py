"""The machinery under every service; it knows no demand, no order and no point."""
