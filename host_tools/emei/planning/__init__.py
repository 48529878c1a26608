"""Ground planning: the area, the orbit and its passes, the SAR timing and the optical geometry of a pass."""
