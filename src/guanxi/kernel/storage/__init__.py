"""Databases: engines, sessions, schema, files; both SQLite and PostgreSQL."""
