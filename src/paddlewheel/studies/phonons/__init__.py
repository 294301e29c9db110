"""`phonons`."""
