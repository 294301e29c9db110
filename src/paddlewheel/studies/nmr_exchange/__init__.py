"""`nmr exchange`."""
