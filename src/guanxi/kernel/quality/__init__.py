"""Data quality: how complete, accurate, real and fresh records are, by owner, team and source, day by day."""
