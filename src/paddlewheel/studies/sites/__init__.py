"""`sites`."""
