"""`density`."""
