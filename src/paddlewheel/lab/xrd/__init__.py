"""Powder diffraction of X-rays: reading, structure factors, whole-pattern fits, which phases there are, series."""
