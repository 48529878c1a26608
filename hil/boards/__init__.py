"""Boards a bench can hold: one module each, all with the shape of hil.bench.Board."""
