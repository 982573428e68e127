"""Leads: people and firms that may become customers, and how they do."""
