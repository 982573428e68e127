"""The command line `guanxi`."""
