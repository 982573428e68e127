"""Consent: what people allow to be done with their data, kept answer by answer."""
