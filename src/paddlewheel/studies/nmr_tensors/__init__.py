"""`nmr tensors`."""
