"""`tomography segment`."""
