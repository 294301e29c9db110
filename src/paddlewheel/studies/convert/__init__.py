"""`convert`."""
