"""`cycling`."""
