"""Shielding and electric field gradient tensors of calculations: readers, conventions, inputs, spectra."""
