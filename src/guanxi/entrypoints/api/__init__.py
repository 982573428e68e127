"""The REST API: the same engine as the pages, spoken in JSON by programs with a token."""
