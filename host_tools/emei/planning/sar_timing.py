"""Ground designer of SAR acquisition tables: from geometry, in double precision, to time codes.

Spherical Earth; PRI and pulse are quantised first; a time code is round(t x Fref). Written apart from
the on-board validator, with which it shares nothing but the dictionary's numbers (payload spec, SAR).
Each rule is given with its margin: how much it holds by, negative when it is broken.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import acos, asin, ceil, cos, degrees, floor, radians, sin, sqrt

from emei.planning.rule import Rule
from emei.planning.sar_beam import two_way_loss_db
from emei.planning.sar_numbers import RadarNumbers

_HEADER_PRIMARY_OCTETS = 6
_BYPASS_BITS = 10
_LARGEST_SAMPLE_COUNT = 2 * 65535
_MAY_HELP = "; try a narrower swath or another incidence"
_CODE_DECIMALS = 6  # of a code, beyond what double precision leaves of an exact one
_WINDOW_RULES = ("WINDOW_AFTER_PULSE", "WINDOW_BEFORE_NEXT_PULSE", "NADIR")


class DesignError(ValueError):
    """No legal timing exists for what was asked; the message is a sentence for the user."""


@dataclass(frozen=True)
class Delays:
    """The two-way delays (s) of a swath's edges and of the nadir return."""

    near_delay_s: float
    far_delay_s: float
    nadir_delay_s: float


@dataclass(frozen=True)
class Swath(Delays):
    """A swath seen from a satellite over a sphere: its delays, and its angles at the centre."""

    look_angle_deg: float
    incidence_deg: float


@dataclass(frozen=True)
class Request:
    """What is asked of the radar. Times in seconds, frequencies in hertz. Without an elevation beam: the nearest."""

    ground_swath_m: float = 30e3
    pulse_s: float = 35e-6
    prf_hz: float = 4600.0
    bandwidth_hz: float = 150e6
    sampling_rate_code: int = 5
    baq: int = 4
    polarisation: int = 6
    duration_ms: int = 10000
    elevation_beam: int | None = None

    @property
    def bits(self) -> int:
        """Bits of a sample value in the data: those of the BAQ, 10 without it (Sentinel-1 layout)."""
        return self.baq or _BYPASS_BITS


@dataclass(frozen=True)
class Timing:
    """A designed acquisition: codes in units of 1/Fref, derived figures, and every rule with its margin."""

    swath: Swath
    request: Request
    pri_code: int
    pulse_code: int
    swst_code: int
    swl_code: int
    rank: int
    near_delay_code: int
    far_delay_code: int
    nadir_delay_code: int
    code_s: float
    prf_hz: float
    duty: float
    channels: int
    data_rate_bit_s: float
    slack_s: float
    near_range_m: float
    far_range_m: float
    packet_octets: int
    elevation_beam: int
    elevation_off_deg: float
    near_loss_db: float
    far_loss_db: float
    rules: tuple[Rule, ...]

    @property
    def pulse_s(self) -> float:
        return self.pulse_code * self.code_s

    @property
    def swst_s(self) -> float:
        return self.swst_code * self.code_s

    @property
    def swl_s(self) -> float:
        return self.swl_code * self.code_s

    @property
    def valid(self) -> bool:
        return all(rule.holds for rule in self.rules)

    @property
    def broken(self) -> tuple[Rule, ...]:
        return tuple(rule for rule in self.rules if not rule.holds)

    @property
    def timing_margin_s(self) -> float:
        """The smallest distance of the receive window from a pulse, its guard or the nadir return."""
        return min(rule.margin for rule in self.rules if rule.name in _WINDOW_RULES)

    def arguments(self, **others: object) -> dict[str, object]:
        """The arguments of SAR_LOAD_TABLE that the design decides, and any others as given."""
        return {
            "mode": "STRIPMAP",
            "rank": self.rank,
            "elevation_beam": self.elevation_beam,
            "baq": self.request.baq,
            "polarisation": self.request.polarisation,
            "sampling_rate": self.request.sampling_rate_code,
            "bandwidth_mhz": round(self.request.bandwidth_hz / 1e6),
            "pri_code": self.pri_code,
            "pulse_code": self.pulse_code,
            "swst_code": self.swst_code,
            "swl_code": self.swl_code,
            "near_delay_code": self.near_delay_code,
            "far_delay_code": self.far_delay_code,
            "nadir_delay_code": self.nadir_delay_code,
            "duration_ms": self.request.duration_ms,
            **others,
        }


class TimingDesigner:
    """Designs for one radar at one height over a sphere (default: the dictionary's altitude, 6371 km)."""

    def __init__(
        self, numbers: RadarNumbers, altitude_m: float | None = None, earth_radius_m: float | None = None
    ) -> None:
        self.numbers = numbers
        self.altitude_m = numbers.altitude_m if altitude_m is None else altitude_m
        self.earth_radius_m = numbers.earth_radius_m if earth_radius_m is None else earth_radius_m

    @property
    def orbit_radius_m(self) -> float:
        return self.earth_radius_m + self.altitude_m

    def look_angle_deg(self, incidence_deg: float) -> float:
        """Look angle at the satellite of an incidence angle on the ground (law of sines)."""
        return degrees(asin(self.earth_radius_m / self.orbit_radius_m * sin(radians(incidence_deg))))

    def incidence_deg(self, look_angle_deg: float) -> float:
        sine = self.orbit_radius_m / self.earth_radius_m * sin(radians(look_angle_deg))
        if not 0 < sine < 1:
            horizon_deg = degrees(asin(self.earth_radius_m / self.orbit_radius_m))
            raise DesignError(
                f"A look angle of {look_angle_deg:g} deg does not reach the ground: the horizon is at "
                f"{horizon_deg:.2f} deg."
            )
        return degrees(asin(sine))

    def elevation_beam(self, look_angle_deg: float) -> int:
        """The beam nearest to a look angle."""
        beams = self.numbers.elevation_beams_deg
        return min(range(len(beams)), key=lambda beam: abs(beams[beam] - look_angle_deg))

    def beam_loss_db(self, beam: int, delay_s: float) -> float:
        """What an echo with a two-way delay loses, off the centre of an elevation beam, both ways."""
        numbers, orbit = self.numbers, self.orbit_radius_m
        range_m = delay_s * numbers.light_speed_m_s / 2
        look_angle = acos((range_m**2 + orbit**2 - self.earth_radius_m**2) / (2 * range_m * orbit))
        wavelength_m = numbers.light_speed_m_s / numbers.centre_frequency_hz
        off_deg = degrees(look_angle) - numbers.elevation_beams_deg[beam]
        return two_way_loss_db(numbers.antenna_height_m, wavelength_m, off_deg)

    def swath(self, look_angle_deg: float, ground_swath_m: float) -> Swath:
        """Delays of the swath centred on a look angle. The width is measured along the sphere."""
        incidence = self.incidence_deg(look_angle_deg)
        centre = radians(incidence - look_angle_deg)
        half = ground_swath_m / 2 / self.earth_radius_m
        if centre - half <= 0:
            raise DesignError(f"A swath of {ground_swath_m / 1e3:g} km at {look_angle_deg:g} deg reaches over nadir.")
        horizon = acos(self.earth_radius_m / self.orbit_radius_m)
        if centre + half >= horizon:
            raise DesignError(f"A swath of {ground_swath_m / 1e3:g} km at {look_angle_deg:g} deg reaches the horizon.")
        delay = 2 / self.numbers.light_speed_m_s
        return Swath(
            look_angle_deg=look_angle_deg,
            incidence_deg=incidence,
            near_delay_s=delay * self._slant_range_m(centre - half),
            far_delay_s=delay * self._slant_range_m(centre + half),
            nadir_delay_s=delay * self.altitude_m,
        )

    def design(self, look_angle_deg: float, request: Request) -> Timing:
        """The timing at the request's PRF, legal or not: look at `valid` and `rules`."""
        pri_code = round(self.numbers.reference_frequency_hz / request.prf_hz)
        return self._timing(self.swath(look_angle_deg, request.ground_swath_m), request, pri_code)

    def legal_intervals(self, look_angle_deg: float, request: Request) -> list[tuple[Timing, ...]]:
        """Every PRI code of the dictionary's range with a legal timing, grouped into runs of neighbours."""
        runs: list[list[Timing]] = []
        for timing in self._timings(look_angle_deg, request):
            if not timing.valid:
                continue
            if runs and runs[-1][-1].pri_code == timing.pri_code - 1:
                runs[-1].append(timing)
            else:
                runs.append([timing])
        return [tuple(run) for run in runs]

    def why_no_prf(self, look_angle_deg: float, request: Request) -> str:
        """The end of a sentence that says that no PRF is legal: the rules broken at every PRF, and what may help."""
        broken = [{rule.name for rule in timing.broken} for timing in self._timings(look_angle_deg, request)]
        always = set.intersection(*broken)
        names = [rule.name for rule in self.design(look_angle_deg, request).rules if rule.name in always]
        reason = f": whatever the PRF, it breaks {', '.join(names)}" if names else ""
        return reason + (_MAY_HELP if set(names) <= set(_WINDOW_RULES) else "")

    def _timings(self, look_angle_deg: float, request: Request) -> Iterator[Timing]:
        """At every PRI code of the dictionary's range, legal or not."""
        longest, shortest = self._pri_codes()
        swath = self.swath(look_angle_deg, request.ground_swath_m)
        for pri_code in range(shortest, longest + 1):
            yield self._timing(swath, request, pri_code)

    def _pri_codes(self) -> tuple[int, int]:
        """Of the lowest and the highest PRF, which can be asked for themselves."""
        low_hz, high_hz = self.numbers.prf_range_hz
        return round(self.numbers.reference_frequency_hz / low_hz), round(self.numbers.reference_frequency_hz / high_hz)

    def choose(self, look_angle_deg: float, request: Request) -> Timing:
        """The legal timing with the most room around the window. DesignError when there is none."""
        runs = self.legal_intervals(look_angle_deg, request)
        if not runs:
            raise DesignError(
                f"No PRF is legal for a swath of {request.ground_swath_m / 1e3:g} km at {look_angle_deg:.2f} deg "
                f"with a pulse of {request.pulse_s * 1e6:g} us."
            )
        return max((timing for run in runs for timing in run), key=lambda timing: timing.timing_margin_s)

    def choose_widest(self, look_angle_deg: float, request: Request, ground_swaths_m: Sequence[float]) -> Timing:
        """The best legal timing for the first of some swaths (widest first) that has any. DesignError when none has."""
        reason = "No swath was asked for."
        for ground_swath_m in ground_swaths_m:
            try:
                return self.choose(look_angle_deg, replace(request, ground_swath_m=ground_swath_m))
            except DesignError as error:
                reason = str(error)
        raise DesignError(reason)

    def _slant_range_m(self, centre_angle_rad: float) -> float:
        ground, orbit = self.earth_radius_m, self.orbit_radius_m
        return sqrt(ground**2 + orbit**2 - 2 * ground * orbit * cos(centre_angle_rad))

    def _timing(self, swath: Swath, request: Request, pri_code: int) -> Timing:
        frequency = self.numbers.reference_frequency_hz
        pulse_code = round(request.pulse_s * frequency)
        pri_s, pulse_s = pri_code / frequency, pulse_code / frequency
        rank = floor(swath.near_delay_s / pri_s)
        start_s = swath.near_delay_s - rank * pri_s
        length_s = swath.far_delay_s - swath.near_delay_s + pulse_s
        swst_code, swl_code = round(start_s * frequency), round(length_s * frequency)
        sampling_hz = self.numbers.sampling_rates_hz[request.sampling_rate_code]
        length_s = swl_code / frequency
        nearest = self.elevation_beam(swath.look_angle_deg)
        beam = nearest if request.elevation_beam is None else request.elevation_beam
        return Timing(
            swath=swath,
            request=request,
            pri_code=pri_code,
            pulse_code=pulse_code,
            swst_code=swst_code,
            swl_code=swl_code,
            rank=rank,
            near_delay_code=round(swath.near_delay_s * frequency),
            far_delay_code=round(swath.far_delay_s * frequency),
            nadir_delay_code=round(swath.nadir_delay_s * frequency),
            code_s=1 / frequency,
            near_range_m=swath.near_delay_s * self.numbers.light_speed_m_s / 2,
            far_range_m=swath.far_delay_s * self.numbers.light_speed_m_s / 2,
            prf_hz=1 / pri_s,
            duty=pulse_s / pri_s,
            channels=self._channels(request),
            data_rate_bit_s=self._channels(request) * 2 * request.bits * sampling_hz * length_s / pri_s,
            slack_s=pri_s - self.numbers.guard_time_s - (swst_code + swl_code) / frequency,
            packet_octets=self._packet_octets(request, ceil(sampling_hz * length_s)),
            elevation_beam=beam,
            elevation_off_deg=self.numbers.elevation_beams_deg[beam] - swath.look_angle_deg,
            near_loss_db=self.beam_loss_db(beam, swath.near_delay_s),
            far_loss_db=self.beam_loss_db(beam, swath.far_delay_s),
            rules=(
                *self.rules(swath, request, pri_s, pulse_s, rank, swst_code, swl_code),
                Rule("FAR_DELAY", self.numbers.far_delay_limit_code - round(swath.far_delay_s * frequency), "code"),
            ),
        )

    def rules(
        self,
        delays: Delays,
        request: Request,
        pri_s: float,
        pulse_s: float,
        rank: int,
        swst_code: int,
        swl_code: int,
    ) -> tuple[Rule, ...]:
        """The rules in the order of the dictionary's enumeration RULE, then the ranges of the telecommand."""
        numbers = self.numbers
        prf_hz = 1 / pri_s
        start_s, length_s = (code / numbers.reference_frequency_hz for code in (swst_code, swl_code))
        guard_s = numbers.guard_time_s
        sampling_hz = numbers.sampling_rates_hz[request.sampling_rate_code]
        lowest_s, highest_s = (2 * height / numbers.light_speed_m_s for height in numbers.altitude_range_m)
        low_hz, high_hz = (1 / (pri_code / numbers.reference_frequency_hz) for pri_code in self._pri_codes())
        window = ((start_s, length_s), (delays.nadir_delay_s % pri_s, pulse_s), pri_s)
        return (
            Rule("PRF_RANGE", _room(prf_hz, (low_hz, high_hz)), "Hz"),
            Rule(
                "PRF_AZIMUTH",
                prf_hz - numbers.prf_azimuth_margin * 2 * numbers.velocity_m_s / numbers.antenna_length_m,
                "Hz",
            ),
            Rule("DUTY", numbers.duty_limit - pulse_s * prf_hz, "1"),
            Rule("RANK", min(rank, numbers.rank_limit - rank), "1"),
            # Held by construction, but for a table of codes: sar_table.py.
            Rule("WINDOW_START", 0.0, "code"),
            Rule("WINDOW_LENGTH", 0.0, "code"),
            Rule("WINDOW_AFTER_PULSE", start_s - pulse_s - guard_s, "s"),
            Rule("WINDOW_BEFORE_NEXT_PULSE", pri_s - guard_s - start_s - length_s, "s"),
            Rule("NADIR", _distance_on_circle(*window), "s"),
            Rule("SAMPLING_RATE", sampling_hz - numbers.sampling_margin * request.bandwidth_hz, "Hz"),
            Rule("RAMP_RATE", numbers.ramp_rate_limit_hz_s - request.bandwidth_hz / pulse_s, "Hz/s"),
            Rule("PACKET_SIZE", self._packet_margin(request, ceil(sampling_hz * length_s)), "octet"),
            Rule(
                "DATA_RATE", numbers.data_rate_limit_bit_s - self._link_rate_bit_s(request, swl_code, prf_hz), "bit/s"
            ),
            Rule("PULSE_RANGE", _room(pulse_s, numbers.pulse_range_s), "s"),
            Rule("WINDOW_RANGE", min(_room(code, numbers.window_codes) for code in (swst_code, swl_code)), "code"),
            Rule("SWATH", self._swath_margin(delays), "code"),
            Rule("ALTITUDE", _room(delays.nadir_delay_s, (lowest_s, highest_s)), "s"),
            Rule("BANDWIDTH", _room(request.bandwidth_hz, numbers.bandwidth_range_hz), "Hz"),
            Rule("DURATION", _room(request.duration_ms, numbers.duration_range_ms), "ms"),
        )

    def _swath_margin(self, delays: Delays) -> float:
        """Codes by which the far edge is more than one beyond the near one, and the near one beyond the nadir."""
        width_s, beside_s = delays.far_delay_s - delays.near_delay_s, delays.near_delay_s - delays.nadir_delay_s
        frequency = self.numbers.reference_frequency_hz
        return round(min(width_s * frequency - 1, beside_s * frequency), _CODE_DECIMALS)

    def _link_rate_bit_s(self, request: Request, swl_code: int, prf_hz: float) -> float:
        """Source packets with their headers, of every pulse one for each channel that receives."""
        sampling_hz = self.numbers.sampling_rates_hz[request.sampling_rate_code]
        samples = ceil(sampling_hz * swl_code / self.numbers.reference_frequency_hz)
        return 8 * self._channels(request) * self._packet_octets(request, samples) * prf_hz

    def _channels(self, request: Request) -> int:
        return self.numbers.receive_channels[request.polarisation]

    def _packet_octets(self, request: Request, samples: int) -> int:
        """Octets of a source packet that holds one echo line."""
        headers = _HEADER_PRIMARY_OCTETS + self.numbers.secondary_header_octets
        return headers + ceil(2 * request.bits * samples / 8)

    def _packet_margin(self, request: Request, samples: int) -> int:
        """What is left of a source packet that holds one echo line: octets, or samples of its 16-bit count of quads."""
        left = self.numbers.largest_packet_octets - self._packet_octets(request, samples)
        return min(left, _LARGEST_SAMPLE_COUNT - samples)


def _room(value: float, bounds: tuple[float, float]) -> float:
    """Distance to the nearer bound; negative outside."""
    return min(value - bounds[0], bounds[1] - value)


def _distance_on_circle(window: tuple[float, float], echo: tuple[float, float], period: float) -> float:
    """Gap between two arcs (start, length) of a circle; minus the overlap when they meet."""
    after_window = (echo[0] - (window[0] + window[1])) % period
    after_echo = (window[0] - (echo[0] + echo[1])) % period
    free = period - window[1] - echo[1]
    if after_window <= free and after_echo <= free:
        return min(after_window, after_echo)
    starts = (echo[0] - window[0]) % period
    # Long arcs meet at both ends: the wider overlap counts, as on board.
    overlap = max(window[1] - starts, starts + echo[1] - period)
    return -min(overlap, window[1], echo[1])
