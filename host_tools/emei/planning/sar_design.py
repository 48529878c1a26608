"""From incidence, swath and ground resolution to legal SAR tables, best first."""

from dataclasses import dataclass, replace
from math import ceil, radians, sin

from emei.planning.sar_numbers import RadarNumbers
from emei.planning.sar_timing import DesignError, Request, Timing, TimingDesigner

# Pulses tried when none is asked for, longest first: a long pulse carries the energy.
_PULSES_S = tuple(length * 1e-6 for length in (35.0, 30.0, 25.0, 20.0, 15.0, 10.0, 7.5, 5.5))
_BANDWIDTH_STEP_HZ = 1e6


@dataclass(frozen=True)
class Plan:
    """The legal PRF intervals of a request, and of each the table with the most room, best first."""

    look_angle_deg: float
    request: Request
    ground_resolution_m: float
    intervals: tuple[tuple[Timing, ...], ...]
    proposals: tuple[Timing, ...]


def ground_resolution_m(numbers: RadarNumbers, bandwidth_hz: float, incidence_deg: float) -> float:
    """c / (2 B sin(incidence)), unweighted."""
    return numbers.light_speed_m_s / (2 * bandwidth_hz * sin(radians(incidence_deg)))


def bandwidth_for(numbers: RadarNumbers, resolution_m: float, incidence_deg: float) -> float:
    """The least bandwidth (Hz, in steps of 1 MHz) for a ground resolution. DesignError beyond the radar's."""
    lowest, highest = numbers.bandwidth_range_hz
    best_m = ground_resolution_m(numbers, highest, incidence_deg)
    if resolution_m < best_m:
        raise DesignError(
            f"A ground resolution of {resolution_m:g} m at {incidence_deg:g} deg is finer than the {best_m:.4g} m "
            f"of the radar's {highest / 1e6:g} MHz."
        )
    exact = ground_resolution_m(numbers, 1.0, incidence_deg) / resolution_m
    return min(max(lowest, ceil(exact / _BANDWIDTH_STEP_HZ) * _BANDWIDTH_STEP_HZ), highest)


def sampling_rate_for(numbers: RadarNumbers, bandwidth_hz: float) -> int:
    """Code of the lowest sampling rate that suffices. DesignError when none does."""
    enough = {
        code: rate for code, rate in numbers.sampling_rates_hz.items() if rate >= numbers.sampling_margin * bandwidth_hz
    }
    if not enough:
        raise DesignError(f"No sampling rate suffices for a bandwidth of {bandwidth_hz / 1e6:g} MHz.")
    return min(enough, key=lambda code: enough[code])


def make_request(
    designer: TimingDesigner, look_angle_deg: float, ground_swath_m: float, resolution_m: float, duration_ms: int
) -> Request:
    """Bandwidth and sampling rate that the ground resolution needs. DesignError when no table at all could hold it."""
    numbers = designer.numbers
    shortest_ms, longest_ms = numbers.duration_range_ms
    if not shortest_ms <= duration_ms <= longest_ms:
        raise DesignError(
            f"A data take of {duration_ms / 1e3:g} s is not one of {shortest_ms / 1e3:g} to {longest_ms / 1e3:g} s."
        )
    farthest_s = numbers.far_delay_limit_code / numbers.reference_frequency_hz
    swath = designer.swath(look_angle_deg, ground_swath_m)
    if swath.far_delay_s > farthest_s:
        half_m = numbers.light_speed_m_s / 2
        raise DesignError(
            f"The swath's far edge is {swath.far_delay_s * half_m / 1e3:.0f} km away; "
            f"a table reaches {farthest_s * half_m / 1e3:.0f} km."
        )
    bandwidth_hz = bandwidth_for(numbers, resolution_m, designer.incidence_deg(look_angle_deg))
    return Request(
        ground_swath_m=ground_swath_m,
        bandwidth_hz=bandwidth_hz,
        sampling_rate_code=sampling_rate_for(numbers, bandwidth_hz),
        duration_ms=duration_ms,
    )


def pulses_to_try(numbers: RadarNumbers, bandwidth_hz: float) -> tuple[float, ...]:
    """The usual pulses (s), longest first, that are long enough for the ramp rate."""
    return tuple(pulse for pulse in _PULSES_S if bandwidth_hz / pulse <= numbers.ramp_rate_limit_hz_s)


def plan(designer: TimingDesigner, look_angle_deg: float, request: Request) -> Plan:
    """The legal intervals of a request and the proposals, which may both be empty.

    A proposal keeps a code of distance from its limits, so that the board, which rounds, accepts it.
    """
    code_s = 1 / designer.numbers.reference_frequency_hz
    intervals = designer.legal_intervals(look_angle_deg, request)
    best = [max(interval, key=lambda timing: timing.timing_margin_s) for interval in intervals]
    proposals = [timing for timing in best if timing.timing_margin_s >= code_s]
    return Plan(
        look_angle_deg=look_angle_deg,
        request=request,
        ground_resolution_m=ground_resolution_m(
            designer.numbers, request.bandwidth_hz, designer.incidence_deg(look_angle_deg)
        ),
        intervals=tuple(intervals),
        proposals=tuple(sorted(proposals, key=lambda timing: timing.timing_margin_s, reverse=True)),
    )


def make_plan(
    designer: TimingDesigner,
    look_angle_deg: float,
    ground_swath_m: float,
    resolution_m: float,
    pulse_s: float | None,
    duration_ms: int = 10000,
) -> Plan:
    """The plan with the given pulse, else with the longest usual pulse that has a legal table (or the shortest)."""
    request = make_request(designer, look_angle_deg, ground_swath_m, resolution_m, duration_ms)
    pulses = pulses_to_try(designer.numbers, request.bandwidth_hz) if pulse_s is None else (pulse_s,)
    for length_s in pulses:
        found = plan(designer, look_angle_deg, replace(request, pulse_s=length_s))
        if found.proposals:
            break
    return found
