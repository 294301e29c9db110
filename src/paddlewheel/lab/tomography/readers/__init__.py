"""Readers of stacks, one a format."""
