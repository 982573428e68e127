"""Pipelines and their stages: configuration of how a deal moves."""
