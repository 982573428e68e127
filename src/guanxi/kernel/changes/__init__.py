"""The append-only log of changes, its seal and its followers."""
