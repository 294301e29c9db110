"""Data sets, their selection, and the fitting of potentials to them."""
