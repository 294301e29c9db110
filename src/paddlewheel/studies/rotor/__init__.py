"""`rotor`."""
