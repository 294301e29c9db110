"""Readers of what the lab's instruments write."""

from paddlewheel.lab.readers.text_spectrum import read_spectra

__all__ = ["read_spectra"]
