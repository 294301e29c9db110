"""`nmr spectrum`."""
