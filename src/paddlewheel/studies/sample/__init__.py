"""`sample`."""
