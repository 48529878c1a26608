"""What an elevation beam loses off its centre: the pattern of a uniformly lit antenna, sinc in amplitude one way."""

from math import log10, pi, radians, sin

_LEAST_AMPLITUDE = 1e-6  # a null of the pattern is as deep as this


def two_way_loss_db(antenna_height_m: float, wavelength_m: float, off_deg: float) -> float:
    """Loss (dB, 0 or more) of an echo that comes `off_deg` from the beam's centre."""
    turns = antenna_height_m / wavelength_m * sin(radians(off_deg))
    amplitude = abs(sin(pi * turns) / (pi * turns)) if turns else 1.0
    return -40 * log10(max(amplitude, _LEAST_AMPLITUDE))
