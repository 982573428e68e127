"""One record: its page, forms, cells, options, files and what can be done with it."""
