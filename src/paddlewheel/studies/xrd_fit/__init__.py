"""`xrd fit`."""
