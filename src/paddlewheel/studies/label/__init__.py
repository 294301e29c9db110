"""`label`."""
