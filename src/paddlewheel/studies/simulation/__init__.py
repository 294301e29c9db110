"""`simulation`."""
