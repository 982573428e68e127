"""Accounts: organisations we sell to or work with."""
