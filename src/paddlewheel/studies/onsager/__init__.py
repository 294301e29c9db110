"""`onsager`."""
