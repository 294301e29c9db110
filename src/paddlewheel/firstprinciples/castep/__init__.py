"""CASTEP: input files."""
