"""Typed access to the units' register maps over the unit bus."""
