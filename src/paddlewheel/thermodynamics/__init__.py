"""Phonons, free energies, gases, hulls and stability windows."""
