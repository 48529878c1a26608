"""Mode machines, interlocks and the two instruments."""
