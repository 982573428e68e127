"""What the business does, as declarations; each folder is one app."""
