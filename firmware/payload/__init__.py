"""Emei payload application: telecommands, instrument modes and fault protection in MicroPython."""
