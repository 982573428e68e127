"""Looks for drift: what is derived is made anew for a sample and compared with what is stored."""
