"""`coordination`."""
