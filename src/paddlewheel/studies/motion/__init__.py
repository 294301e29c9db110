"""`motion`."""
