"""`xrd pattern`."""
