"""`validate`."""
