"""Importing files: reading tables, mapping columns, resolving names, checking and writing in resumable chunks."""
