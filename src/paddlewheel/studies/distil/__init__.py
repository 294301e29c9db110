"""`distil`."""
