"""Packets, routing and the report queue."""
