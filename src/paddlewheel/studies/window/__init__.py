"""`window`."""
