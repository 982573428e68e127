"""Contacts: people, as customers themselves or as somebody in an account."""
