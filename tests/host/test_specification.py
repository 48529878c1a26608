"""The dictionary says what the payload specification asks for: its numbers once more, written apart."""

from typing import Any

import pytest

from emei.dictionary import load

DICTIONARY = load()
NOTHING = None

# Monitored quantity: parameter, warning low and high, trip low and high, all in its unit.
MONITORED = {
    "SAR_TRM": ("SAR_TRM_TEMPERATURE_DEGC", -15, 50, -25, 60),
    "SAR_BASEPLATE": ("SAR_BASEPLATE_TEMPERATURE_DEGC", NOTHING, 40, NOTHING, 45),
    "SAR_BUS_VOLTAGE": ("POWER_BUS_VOLTAGE_V", 26.5, NOTHING, 25, NOTHING),
    "SAR_FORWARD_POWER": ("SAR_FORWARD_POWER_DEVIATION_DB", -1, 1, -3, 3),
    "SAR_REFLECTED_POWER": ("SAR_REFLECTED_POWER_PERCENT", NOTHING, 10, NOTHING, 20),
    "SAR_DUTY": ("SAR_TRANSMIT_DUTY_PERCENT", NOTHING, 24, NOTHING, 25),
    "SAR_TRANSMIT_TIME": ("SAR_TRANSMIT_TIME_MS", NOTHING, 50_000, NOTHING, 60_000),
    "SAR_ORBIT_TRANSMIT_TIME": ("SAR_ORBIT_TRANSMIT_TIME_MS", NOTHING, 270_000, NOTHING, 300_000),
    "SAR_CURRENT": ("SAR_CURRENT_EXCESS_PERCENT", NOTHING, 15, NOTHING, 30),
    "SAR_BATTERY": ("BATTERY_PERCENT", 50, NOTHING, 40, NOTHING),
    # The second consecutive fault warns, the fifth trips.
    "SAR_SYNC": ("SAR_SYNC_FAULTS", NOTHING, 1, NOTHING, 4),
    "OPTICAL_SUN": ("SUN_ANGLE_DEG", 45, NOTHING, 30, NOTHING),
    # 3 and 5 from the set point of 20.
    "OPTICAL_FOCAL_PLANE_IMAGING": ("OPTICAL_FOCAL_PLANE_TEMPERATURE_DEGC", 17, 23, 15, 25),
    "OPTICAL_FOCAL_PLANE": ("OPTICAL_FOCAL_PLANE_TEMPERATURE_DEGC", NOTHING, NOTHING, NOTHING, 35),
    "OPTICAL_DECONTAMINATION": ("OPTICAL_FOCAL_PLANE_TEMPERATURE_DEGC", NOTHING, NOTHING, NOTHING, 45),
    "OPTICAL_DOOR": ("OPTICAL_DOOR_MOVEMENT_MS", NOTHING, 3000, NOTHING, 5000),
    "OPTICAL_SATURATION": ("OPTICAL_SATURATED_PERCENT", NOTHING, 5, NOTHING, 20),
    "OPTICAL_IMAGING_TIME": ("OPTICAL_IMAGING_TIME_S", NOTHING, 540, NOTHING, 600),
}

# What counts by itself is beyond its limit at once: a counter, a sum, or what the power unit took 20 ms to judge.
ONE_SAMPLE = {
    "SAR_TRANSMIT_TIME",
    "SAR_ORBIT_TRANSMIT_TIME",
    "SAR_CURRENT",
    "SAR_SYNC",
    "OPTICAL_DOOR",
    "OPTICAL_IMAGING_TIME",
}
RADIATING = {"STRIPMAP", "SPOTLIGHT", "TOPS", "CALIBRATION", "TEST"}
IMAGES = {"STRIP", "STEREO", "AREA", "VIDEO"}

# Guard: parameter, lowest and highest that is let through.
GUARDS = {
    "BUS_VOLTAGE": ("POWER_BUS_VOLTAGE_V", 26, 32),
    "SAR_OSCILLATOR": ("SAR_OSCILLATOR_LOCKED", 1, 1),
    "SAR_TRM_TEMPERATURE": ("SAR_TRM_TEMPERATURE_DEGC", -10, 45),
    "ATTITUDE_ERROR": ("ATTITUDE_ERROR_DEG", NOTHING, 0.049),
    "TRANSMIT_INHIBITED": ("TRANSMIT_PERMIT", 0, 0),
    "OPTICAL_FOCAL_PLANE": ("OPTICAL_FOCAL_PLANE_TEMPERATURE_DEGC", 19, 21),
    "OPTICAL_FOCUS": ("OPTICAL_FOCUS_VALID", 1, 1),
    "DOOR_TESTED": ("OPTICAL_DOOR_TESTED", 1, 1),
    "SUN_ANGLE": ("SUN_ANGLE_DEG", 30, NOTHING),
    "DOOR_SHUT": ("OPTICAL_DOOR", 0, 0),
    "DOOR_OPEN": ("OPTICAL_DOOR", 1, 1),
    "DOOR_DIFFUSER": ("OPTICAL_DOOR", 2, 2),
    "ECLIPSE": ("ECLIPSE", 1, 1),
    "OPTICAL_FOCAL_PLANE_OFF": ("OPTICAL_FOCAL_PLANE_ON", 0, 0),
    "SAR_BASEPLATE": ("SAR_BASEPLATE_TEMPERATURE_DEGC", NOTHING, 40),
    "BATTERY": ("BATTERY_PERCENT", 50, NOTHING),
    "ATTITUDE_RATE": ("ATTITUDE_RATE_DEG_S", NOTHING, 0.01),
    "RECORDER_READY": ("RECORDER_STATE", 1, 1),
    "TIME_SET": ("TIME_QUALITY", 1, 2),
}

# Telecommand and argument: lowest, highest, step, default.
ARGUMENTS = {
    ("SAR_LOAD_TABLE", "bandwidth_mhz"): (20, 150, 1, 150),
    ("SAR_LOAD_TABLE", "rank"): (0, 31, 1, 17),
    ("SAR_LOAD_TABLE", "receive_gain_db"): (-127.5, 0, 0.5, -4),
    ("SAR_LOAD_TABLE", "elevation_beam"): (0, 15, 1, 6),
    ("SAR_LOAD_TABLE", "azimuth_beam"): (0, 1023, 1, 512),
    ("SAR_LOAD_TABLE", "duration_ms"): (1000, 50_000, 1, 10_000),
    ("OPTICAL_START_IMAGE", "line_period_us"): (50, 500, 0.1, 71.1),
    ("OPTICAL_START_IMAGE", "integration_us"): (5, 500, 0.1, 68),
    ("OPTICAL_START_IMAGE", "compression"): (1, 16, 0.1, 4),
    ("OPTICAL_START_IMAGE", "roll_deg"): (-45, 45, 0.01, 0),
    ("OPTICAL_START_IMAGE", "pitch_deg"): (-30, 30, 0.01, 0),
    ("OPTICAL_START_IMAGE", "duration_ms"): (1000, 300_000, 1, 10_000),
    ("OPTICAL_START_IMAGE", "bands"): (1, 0b11111, 1, 0b11111),
    ("OPTICAL_SET_FOCUS", "focus_steps"): (-2000, 2000, 1, 0),
    ("OPTICAL_DECONTAMINATE", "duration_h"): (1, 72, 1, NOTHING),
}

# Time codes of the table's defaults, 1/Fref: 4600 Hz, 35 us, 59.92 us, 119.57 us.
TIME_CODES = {"pri_code": 8160, "pulse_code": 1314, "swst_code": 2249, "swl_code": 4488}

CHOICES = {
    ("SAR_LOAD_TABLE", "baq"): ([0, 3, 4, 5], 4),
    ("SAR_LOAD_TABLE", "polarisation"): (list(range(8)), 6),
    ("OPTICAL_START_IMAGE", "tdi_stages"): ([8, 16, 32, 48, 64, 96], 32),
    ("OPTICAL_START_IMAGE", "gain"): ([1, 2, 4, 8], 2),
}

CONSTANTS = {
    ("bus", "bit_rate_baud"): 921_600,
    ("executive", "cycle_ms"): 100,
    ("executive", "watchdog_ms"): 2000,
    ("transmit_guard", "longest_permit_ms"): 60_000,
    ("transmit_guard", "heartbeat_timeout_ms"): 1000,
    ("fault_levels", "power_off_ms"): 10_000,
    ("fault_levels", "over_current_percent"): 130,
    ("fault_levels", "boots"): 3,
    ("fault_levels", "boots_period_min"): 60,
    ("instruments", "start_lead_ms"): 2500,
    ("optical", "door_limit_ms"): 5000,
    ("waits", "sar_warmup_ms"): 120_000,
    ("waits", "optical_stabilisation_ms"): 60_000,
    ("waits", "optical_decontamination_hour_ms"): 3_600_000,
    ("sar", "reference_frequency_hz"): 37_534_722.24,
    ("sar", "centre_frequency_hz"): 9.6e9,
    ("sar", "light_speed_m_s"): 299_792_458,
    ("sar", "earth_radius_m"): 6_371_000,
    ("sar", "altitude_m"): 520_000,
    ("sar", "platform_velocity_m_s"): 7605,
    ("sar", "antenna_length_m"): 4,
    ("sar", "guard_time_us"): 5,
    ("sar", "prf_minimum_hz"): 3000,
    ("sar", "prf_maximum_hz"): 7000,
    ("sar", "prf_azimuth_margin_percent"): 110,
    ("sar", "pulse_minimum_us"): 5,
    ("sar", "pulse_maximum_us"): 60,
    ("sar", "window_minimum_us"): 10,
    ("sar", "window_maximum_us"): 300,
    ("sar", "duty_limit_percent"): 23,
    ("sar", "ramp_rate_limit_mhz_per_us"): 22,
    ("sar", "largest_science_packet_octets"): 65_540,
    ("sar", "packet_secondary_header_octets"): 62,
    ("sar", "memory_margin_percent"): 110,
    ("sar", "take_on_time_limit_ms"): 60_000,
    ("sar", "orbit_on_time_limit_ms"): 300_000,
    ("sar", "cool_down_factor"): 2,
    ("optical", "ground_speed_m_s"): 7031,
    ("optical", "ground_sample_distance_m"): 0.5,
    ("optical", "bits_per_sample"): 12,
    ("optical", "smear_limit_millipixels"): 300,
    ("optical", "imaging_limit_s"): 600,
    ("optical", "set_point_degc"): 20,
    ("optical", "decontamination_degc"): 40,
    ("recorder", "capacity_mib"): 4e12 // 8 // 2**20,
    ("optical", "calibration_shortest_ms"): 5000,
    ("optical", "calibration_longest_ms"): 30_000,
}

# Instrument, mode it is entered from, mode: the longest it may take.
TIME_LIMITS_MS = {
    ("SAR", "OFF", "INIT"): 20_000,
    ("OPTICAL", "OFF", "STANDBY"): 10_000,
    ("OPTICAL", "STANDBY", "THERMAL_STABILISATION"): 900_000,
}


def test_nothing_else_is_monitored() -> None:
    assert set(DICTIONARY.monitors) == set(MONITORED)


@pytest.mark.parametrize("name", MONITORED)
def test_monitored_quantity(name: str) -> None:
    monitor = DICTIONARY.monitors[name]
    limits = (monitor.warning_low, monitor.warning_high, monitor.trip_low, monitor.trip_high)
    assert (monitor.parameter.name, *limits) == MONITORED[name]
    assert monitor.samples == (1 if name in ONE_SAMPLE else 3)
    assert monitor.event_only == (name == "OPTICAL_SATURATION")
    assert (monitor.condition.name if monitor.condition else "") == ("OPTICAL_DOOR" if name == "OPTICAL_SUN" else "")
    assert monitor.stale_trips == (name == "OPTICAL_SUN")
    over_current_or_door = ("SAR_CURRENT", "OPTICAL_DOOR", "OPTICAL_DECONTAMINATION")
    assert monitor.event_only or monitor.level == (2 if name in over_current_or_door else 1)


def test_each_quantity_is_monitored_where_it_can_be_wrong() -> None:
    modes = {name: set(monitor.modes) for name, monitor in DICTIONARY.monitors.items()}
    for name in ("FORWARD_POWER", "REFLECTED_POWER", "DUTY", "TRANSMIT_TIME", "ORBIT_TRANSMIT_TIME"):
        assert modes[f"SAR_{name}"] == RADIATING
    assert modes["SAR_SYNC"] == RADIATING | {"RX_ONLY"}
    for name in ("TRM", "BASEPLATE", "BUS_VOLTAGE", "CURRENT"):
        assert modes[f"SAR_{name}"] >= RADIATING | {"RX_ONLY", "STANDBY", "PREOP", "SAFE"}
    assert modes["SAR_BATTERY"] >= RADIATING | {"RX_ONLY", "PREOP"}
    assert modes["OPTICAL_FOCAL_PLANE_IMAGING"] == IMAGES | {"DARK", "LAMP", "SUN"}
    all_but_these = {mode.name for mode in DICTIONARY.machines["OPTICAL"].modes} - {"OFF", "SAFE_UNPOWERED"}
    assert modes["OPTICAL_FOCAL_PLANE"] == all_but_these - {"DECONTAMINATION"}
    assert modes["OPTICAL_DECONTAMINATION"] == {"DECONTAMINATION"}
    assert modes["OPTICAL_SUN"] == all_but_these - {"DECONTAMINATION", "SUN"}
    assert modes["OPTICAL_SATURATION"] == modes["OPTICAL_IMAGING_TIME"] == IMAGES


@pytest.mark.parametrize("name", GUARDS)
def test_guard(name: str) -> None:
    guard = DICTIONARY.guards[name]
    assert guard.parameter
    assert (guard.parameter.name, guard.minimum, guard.maximum) == GUARDS[name]


def test_every_guard_with_a_limit_is_one_of_these() -> None:
    guards = DICTIONARY.guards.items()
    assert {name for name, guard in guards if (guard.minimum, guard.maximum) != (None, None)} == GUARDS.keys()


def test_numbers_that_stand_twice_agree() -> None:
    optical = DICTIONARY.mission["optical"]
    assert optical["sun_angle_limit_deg"] == DICTIONARY.guards["SUN_ANGLE"].minimum == 30
    assert optical["ancillary_timeout_ms"] == DICTIONARY.parameter("SUN_ANGLE_DEG").fresh_ms == 3200
    assert optical["door_limit_ms"] == DICTIONARY.monitors["OPTICAL_DOOR"].trip_high
    assert (
        DICTIONARY.mission["transmit_guard"]["longest_permit_takes"] == argument("SAR_PERMIT_TRANSMIT", "takes").maximum
    )
    assert (
        DICTIONARY.mission["science_downlink"]["longest_s"] == argument("RECORDER_START_PLAYBACK", "duration_s").maximum
    )


def test_what_is_old_is_not_fresh() -> None:
    for parameter in DICTIONARY.parameters.values():
        if parameter.owner:
            assert parameter.fresh_ms == 2000, parameter.name
    for name in ("SUN_ANGLE_DEG", "ATTITUDE_ERROR_DEG", "ECLIPSE", "BATTERY_PERCENT", "LATITUDE_DEG"):
        assert DICTIONARY.parameter(name).fresh_ms == 3200


def argument(telecommand: str, name: str) -> Any:
    return next(item for item in DICTIONARY.telecommand(telecommand).arguments if item.name == name)


@pytest.mark.parametrize(("telecommand", "name"), ARGUMENTS)
def test_parameter_of_an_instrument(telecommand: str, name: str) -> None:
    item = argument(telecommand, name)
    assert (item.minimum, item.maximum, float(item.scale), item.default) == ARGUMENTS[telecommand, name]


@pytest.mark.parametrize(("telecommand", "name"), CHOICES)
def test_choice_of_an_instrument(telecommand: str, name: str) -> None:
    item = argument(telecommand, name)
    assert (sorted(item.enumeration.members.values()), item.default) == CHOICES[telecommand, name]


def test_the_worked_case_is_the_default_table() -> None:
    for name, code in TIME_CODES.items():
        assert argument("SAR_LOAD_TABLE", name).default == code
    rates_khz = DICTIONARY.mission.row("sar", "sampling_rate_khz")
    assert rates_khz[argument("SAR_LOAD_TABLE", "sampling_rate").default] == max(rates_khz) == 180_000
    assert DICTIONARY.enumeration("POLARISATION").members["VV"] == 6


@pytest.mark.parametrize(("section", "key"), CONSTANTS)
def test_constant(section: str, key: str) -> None:
    assert DICTIONARY.mission.number(section, key) == CONSTANTS[section, key]


@pytest.mark.parametrize(("instrument", "source", "target"), TIME_LIMITS_MS)
def test_time_limit(instrument: str, source: str, target: str) -> None:
    transitions = DICTIONARY.machines[instrument].transitions
    (limit_ms,) = [item.time_limit_ms for item in transitions if source in item.sources and item.target == target]
    assert limit_ms == TIME_LIMITS_MS[instrument, source, target]


def test_six_sar_and_four_optical_satellites_and_the_bench() -> None:
    fitted = {item.name: item.instruments for item in DICTIONARY.spacecraft.values()}
    assert fitted.pop("BENCH") == ("SAR", "OPTICAL")
    assert sorted(fitted.values()) == [("OPTICAL",)] * 4 + [("SAR",)] * 6
    assert len({item.id for item in DICTIONARY.spacecraft.values()}) == 11
    assert len({item.key_slot for item in DICTIONARY.spacecraft.values()}) == 11
    assert len({item.downlink_id for item in DICTIONARY.spacecraft.values()}) == 11


def test_nodes_of_the_unit_bus() -> None:
    nodes = {name: unit.node for name, unit in DICTIONARY.units.items()}
    assert nodes == {"SAR": 0x20, "OPTICAL": 0x30, "POWER": 0x40, "RECORDER": 0x50}
