"""`nmr simulate`."""
