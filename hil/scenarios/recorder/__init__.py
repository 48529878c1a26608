"""Scenarios of the recorder."""
