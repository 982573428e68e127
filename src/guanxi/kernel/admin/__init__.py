"""Changing the catalogue while the system runs."""
