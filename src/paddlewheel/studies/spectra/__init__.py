"""`spectra`."""
