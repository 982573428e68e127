"""Guanxi: one customer relationship system for companies of every size."""

__version__ = "0.1.0"
