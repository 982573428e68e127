"""Opportunities: deals, their product lines, moves between stages, won and lost."""
