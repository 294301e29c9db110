"""`rotation`."""
