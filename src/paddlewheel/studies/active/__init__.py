"""`active`."""
