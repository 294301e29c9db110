"""`tomography simulate`."""
