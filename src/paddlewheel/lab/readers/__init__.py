"""Readers of what the lab's instruments write."""
