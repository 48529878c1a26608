"""Scenarios: the same steps on every bench."""
