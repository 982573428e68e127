"""Grouping and measuring any object."""
