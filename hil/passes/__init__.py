"""Passes flown on a bench, step by step."""
