"""`conduct`."""
