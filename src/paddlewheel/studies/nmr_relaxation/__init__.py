"""`nmr relaxation`."""
