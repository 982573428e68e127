"""Ways in: web, API, command line, worker. No business knowledge, no SQL."""
