"""VASP: what it is given."""
