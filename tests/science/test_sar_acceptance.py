"""A data take made with another table than was commanded: the field that differs is named, and no other."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from emei.commissioning.campaign import load
from emei.commissioning.science import as_commanded
from emei.science.comparison import differences
from emei.science.sar_acceptance import levels, settings, table_of
from hil.bench import BENCHES
from hil.model import Description
from hil.passes import sar_steps
from hil.passes.flight import DataTake, Flight, StepFailed
from hil.passes.picture_steps import sar_picture
from hil.passes.plan import plan_pass
from tests.hal.hal_board import lib
from tests.hal.sim_take import SAR_TABLE, SPOTLIGHT, TOPS
from tests.science.takes import DICTIONARY, LAYOUT, look, packet_starts, record, take_of

RATE = 12_000_000
PRIMARY_OCTETS = 6


def refused(file: bytes, **commanded: Any) -> list[str]:
    table = {**SAR_TABLE, **commanded}
    found = look(file)
    assert found.problems == []
    return differences([*settings(found, table, DICTIONARY), *levels(found, table, DICTIONARY)])


def names(sentences: list[str]) -> list[str]:
    return [sentence.removeprefix("The ").split(" is ")[0] for sentence in sentences]


def test_the_commanded_data_take_is_accepted() -> None:
    assert refused(record(rate=RATE)) == []


ALTERED: dict[str, tuple[dict[str, Any], list[str]]] = {
    "rank": ({"rank": 16}, ["window delay (rank x PRI + SWST)"]),
    "window start": ({"swst_code": 2250}, ["window delay (rank x PRI + SWST)"]),
    "window length": ({"swl_code": 4400}, ["window length", "number of samples recorded"]),
    "PRI": ({"pri_code": 8161}, ["PRF", "window delay (rank x PRI + SWST)"]),
    "pulse": ({"pulse_code": 1300}, ["pulse length", "number of samples recorded"]),
    "bandwidth": ({"bandwidth_mhz": 149}, ["bandwidth"]),
    "sampling rate": (
        {"sampling_rate": lib.SAMPLING_RATE_MHZ_150, "bandwidth_mhz": 120},
        ["sampling rate", "window length", "number of samples recorded"],
    ),
    "elevation beam": ({"elevation_beam": 7}, ["swath"]),
    "azimuth beam": ({"azimuth_beam": 513}, ["azimuth beam"]),
    "polarisation": ({"polarisation": lib.POLARISATION_HH}, ["polarisation"]),
    "BAQ": ({"baq": lib.BAQ_BAQ3}, ["BAQ mode"]),
    "duration": ({"duration_ms": 3000}, ["duration from the first echo on"]),
}


@pytest.mark.parametrize("field", ALTERED)
def test_a_data_take_with_another_setting_is_refused(field: str) -> None:
    table, expected = ALTERED[field]
    both = {"bandwidth_mhz": 120} if field == "sampling rate" else {}
    assert names(refused(record(rate=RATE, **table), **both)) == expected
    assert refused(record(rate=RATE, **table), **table) == [], "it is what was commanded then"


def test_a_sentence_names_field_found_and_commanded() -> None:
    assert refused(record(rate=RATE, azimuth_beam=513)) == ["The azimuth beam is 513; 512 was commanded."]


def test_another_gain_is_seen_in_header_and_levels() -> None:
    found = names(refused(record(rate=RATE, receive_gain_db=-10)))
    assert found == ["receive gain", "receiver noise of VV"] + [
        f"level of the {path} calibration pulse of VV" for path in ("Tx", "Rx", "EPDN")
    ]


def test_another_mode_is_refused() -> None:
    found = look(record(rate=RATE, mode=lib.SAR_MODE_RX_ONLY))
    assert names(differences(settings(found, SAR_TABLE, DICTIONARY))) == ["measurement mode"]
    assert names(differences(settings(look(record(rate=320_000, **SPOTLIGHT)), SAR_TABLE, DICTIONARY))) == [
        "measurement mode",
        "azimuth beam",
    ]


SWEPT = {"SPOTLIGHT": SPOTLIGHT, "TOPS": TOPS}


def swept_differently(mode: str, commanded: dict[str, Any], **taken: Any) -> list[str]:
    """Names of what differs when another table was taken than commanded."""
    found = look(record(rate=640_000, **{**SWEPT[mode], **taken}))
    assert found.problems == []
    return names(differences(settings(found, {**SAR_TABLE, **SWEPT[mode], **commanded}, DICTIONARY)))


@pytest.mark.parametrize("mode", SWEPT)
def test_a_sweep_as_commanded_is_accepted(mode: str) -> None:
    assert swept_differently(mode, {}) == []


SWEPT_DIFFERENTLY: dict[str, tuple[str, dict[str, Any], list[str]]] = {
    "first beam": ("SPOTLIGHT", {"azimuth_beam": 701}, ["azimuth beam at echo 0", "azimuth beam at echo 62"]),
    "beam step": ("SPOTLIGHT", {"azimuth_beam_step": -2}, ["azimuth beam at echo"]),
    "pulses per beam": ("SPOTLIGHT", {"pulses_per_beam": 101}, ["azimuth beam at echo"]),
    "rank": ("SPOTLIGHT", {"rank": 16}, ["window delay (rank x PRI + SWST)"]),
    "PRI": ("SPOTLIGHT", {"pri_code": 8161}, ["PRF", "window delay (rank x PRI + SWST)"]),
    "bandwidth": ("SPOTLIGHT", {"bandwidth_mhz": 149}, ["bandwidth"]),
    "first beam of a sub-swath": ("TOPS", {"azimuth_beam_2": 301}, ["azimuth beam of swath 11 at echo"]),
    "beam step of a sub-swath": ("TOPS", {"azimuth_beam_step_3": -3}, ["azimuth beam of swath 12 at echo"]),
    "window of a sub-swath": (
        "TOPS",
        {"swl_code_3": 3800},
        ["window length of swath 12", "number of samples recorded of swath 12"],
    ),
    "PRI of a sub-swath": (
        "TOPS",
        {"pri_code_2": 7901},
        ["PRF of swath 11", "window delay (rank x PRI + SWST) of swath 11"],
    ),
    "elevation beam of a sub-swath": ("TOPS", {"elevation_beam_2": 8}, ["elevation beam of swath 11"]),
    "sub-swaths in one elevation beam": (
        "TOPS",
        {"elevation_beam_2": 6, "elevation_beam_3": 6},
        ["elevation beam of swath 11", "elevation beam of swath 12"],
    ),
    "turns": ("TOPS", {"burst_pulses_2": 601}, ["azimuth beam of swath"]),
    "number of sub-swaths": ("TOPS", {"sub_swaths": 2}, ["swath", "azimuth beam of swath"]),
}


@pytest.mark.parametrize("field", SWEPT_DIFFERENTLY)
def test_a_sweep_with_another_setting_is_refused(field: str) -> None:
    mode, table, expected = SWEPT_DIFFERENTLY[field]
    found = swept_differently(mode, {}, **table)
    assert found and all(any(name.startswith(begin) for begin in expected) for name in found), found
    assert all(any(name.startswith(begin) for name in found) for begin in expected), found
    assert swept_differently(mode, table, **table) == [], "it is what was commanded then"


def test_too_few_echoes_are_refused() -> None:
    assert names(refused(record(rate=740_000))) == ["number of VV echoes"]


def packets(file: bytes) -> list[bytes]:
    return [file[start:end] for start, end in pairwise(packet_starts(file))]


def field_of(packet: bytes, name: str) -> int:
    first = 0
    for item in LAYOUT.fields:
        if item.name == name:
            header = packet[PRIMARY_OCTETS : PRIMARY_OCTETS + LAYOUT.octets]
            return int.from_bytes(header, "big") >> 8 * LAYOUT.octets - first - item.bits & (1 << item.bits) - 1
        first += item.bits
    raise KeyError(name)


@pytest.mark.parametrize(
    ("signal", "expected"),
    [
        (lib.SAR_SIGNAL_NOISE, "receiver noise of VV"),
        (lib.SAR_SIGNAL_TX_CALIBRATION, "level of the Tx calibration pulse of VV"),
        (lib.SAR_SIGNAL_TX_CALIBRATION + 1, "level of the Rx calibration pulse of VV"),
        (lib.SAR_SIGNAL_TX_CALIBRATION + 2, "level of the EPDN calibration pulse of VV"),
    ],
)
def test_a_level_that_the_gain_does_not_explain_is_refused(signal: int, expected: str) -> None:
    """Packets of one kind hold the samples of a receiver 1 dB down, under headers that say nothing of it."""
    good, weak = packets(record(rate=RATE)), packets(record(rate=RATE, receive_gain_db=-10))
    start = PRIMARY_OCTETS + LAYOUT.octets
    mixed = [
        one[:start] + other[start:] if field_of(one, "signal_type") == signal else one
        for one, other in zip(good, weak, strict=True)
    ]
    assert names(refused(b"".join(mixed))) == [expected]


def later(packet: bytes, quads: int) -> bytes:
    """The samples of a packet without quantisation, all moved by some quads, zeros before them."""
    start, bits = PRIMARY_OCTETS + LAYOUT.octets, 10
    octets = -(-field_of(packet, "quads") * bits // 16) * 2
    channels = [packet[start + n * octets : start + (n + 1) * octets] for n in range(4)]
    moved = [(int.from_bytes(part, "big") >> bits * quads).to_bytes(octets, "big") for part in channels]
    return packet[:start] + b"".join(moved) + packet[start + 4 * octets :]


def test_a_calibration_pulse_that_comes_late_is_refused() -> None:
    file = b"".join(
        later(packet, 2) if field_of(packet, "signal_type") == lib.SAR_SIGNAL_TX_CALIBRATION + 1 else packet
        for packet in packets(record(rate=RATE))
    )
    assert take_of(file).problems == []
    (sentence,) = refused(file)
    assert sentence == "The delay of the Rx calibration pulse of VV is 1.022222 us; 1 us was expected."


def test_commissioning_names_what_differs_from_the_table_its_step_sends() -> None:
    step = load(DICTIONARY, "sar").step("corner_reflectors")
    (task,) = step.takes
    assert as_commanded(look(record(rate=RATE, duration_ms=10000)), step, task, DICTIONARY) == []
    assert as_commanded(look(record(rate=RATE, duration_ms=10000, rank=16)), step, task, DICTIONARY) == [
        "The window delay (rank x PRI + SWST) is 3538.297 us; 3755.696 us was commanded."
    ]


def test_commissioning_takes_the_table_of_the_slot_that_is_started() -> None:
    step = load(DICTIONARY, "sar").step("antenna_pattern")
    for task, beam in zip(step.takes, (452, 512, 572), strict=True):
        found = look(record(rate=RATE, duration_ms=4000, azimuth_beam=beam))
        assert as_commanded(found, step, task, DICTIONARY) == []
        others = [other for other in step.takes if other != task]
        assert all(names(as_commanded(found, step, other, DICTIONARY)) == ["azimuth beam"] for other in others)


@pytest.mark.parametrize("polarisation", [lib.POLARISATION_VV_VH, lib.POLARISATION_VV_HV])
def test_each_channel_of_several_is_compared(polarisation: int) -> None:
    """Received at a time, and in turns."""
    file = record(rate=2 * RATE, polarisation=polarisation)
    assert refused(file, polarisation=polarisation) == []
    assert "polarisation" in names(refused(file))
    other = lib.POLARISATION_VV_VH + lib.POLARISATION_VV_HV - polarisation
    assert "polarisation" in names(refused(file, polarisation=other))


@pytest.mark.parametrize("wrong", [{}, {"azimuth_beam": 513}], ids=["as designed", "another beam"])
def test_the_step_of_the_pass(tmp_path: Path, wrong: dict[str, int]) -> None:
    plan = plan_pass(DICTIONARY, Description.read(BENCHES / "host.toml").units)
    table = {
        name: value for name, value in table_of(plan.timing.arguments(slot=0), DICTIONARY).items() if name != "slot"
    }
    file = tmp_path / "entry.ccsds"
    file.write_bytes(record(rate=RATE, task=sar_steps.TASK_ID, **table | wrong))
    bench = SimpleNamespace(save_recorder_file=lambda _: file, directory=tmp_path)
    session = SimpleNamespace(dictionary=DICTIONARY)
    flight = SimpleNamespace(session=session, bench=bench, plan=plan, takes={"SAR": DataTake(1)}, pictures=[])
    if not wrong:
        assert sar_picture(cast(Flight, flight)).endswith("23 settings and levels as commanded")
        return
    with pytest.raises(StepFailed, match=r"^The azimuth beam is 513; 512 was commanded\.$"):
        sar_picture(cast(Flight, flight))
