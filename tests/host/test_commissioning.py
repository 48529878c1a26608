"""Campaigns as data are checked before anything is sent."""

import re
import zlib
from collections.abc import Mapping
from itertools import count
from pathlib import Path
from unittest.mock import MagicMock

import pytest

from emei.commissioning import campaign, playback
from emei.commissioning.campaign import Campaign, Condition, Measurement, Step
from emei.commissioning.errors import CampaignError
from emei.commissioning.playback import Recording
from emei.commissioning.record import Measured
from emei.dictionary import load
from emei.session import NotSeen, Reading, Session
from emei.verification import NoReport
from tests.host.test_downlink import frame, frames
from tests.host.test_panel import SilentLink

GOOD = """
title = "Trial"
instrument = "SAR"
[[steps]]
name = "first"
title = "First"
purpose = "To see."
entry = [{ parameter = "SAR_MODE", equals = "OFF" }]
actions = [{ send = "PING" }, { wait_s = 1 }, { until = { parameter = "UPTIME_S", min = 5 }, within_s = 10 }]
measurements = [{ name = "uptime", parameter = "UPTIME_S", min = 0 }]
[[steps]]
name = "second"
title = "Second"
purpose = "To see again."
after = ["first"]
measurements = [{ name = "answer", telecommand = "PING", max = 1 }]
"""


SCIENCE = """
title = "Trial"
instrument = "SAR"
[[steps]]
name = "first"
title = "First"
purpose = "To see."
actions = [
    { send = "SAR_START_DATA_TAKE", arguments = { task_id = 7, slot = 0, start = { in_s = 5 } } },
    { send = "SAR_START_DATA_TAKE", arguments = { task_id = 8, slot = 0, start = { in_s = 5 } } },
    { send = "SAR_START_DATA_TAKE", arguments = { task_id = 9, slot = 0, start = { in_s = 5 } }, refused = "BAD_CRC" },
]
measurements = [{ name = "noise", science = "noise_lsb", task_id = 8, max = 30 }]
"""


def parse(text: str) -> Campaign:
    return campaign.parse(load(), "trial", text)


@pytest.mark.parametrize("name", campaign.names())
def test_the_campaigns_of_these_tools_fit_the_dictionary(name: str) -> None:
    assert campaign.load(load(), name).steps


@pytest.mark.parametrize("name", campaign.names())
def test_limits_of_a_units_current_are_about_what_a_mode_predicts(name: str) -> None:
    """A step must find what the over-current trip, at 30 % over the prediction, leaves alone."""
    chosen = campaign.load(load(), name)
    predicted_ma = [mode.current_ma for mode in load().machines[chosen.instrument].modes]
    for step in chosen.steps:
        for item in step.measurements:
            if item.of == f"POWER_{chosen.instrument}_CURRENT_MA":
                assert item.minimum and item.maximum, (step.name, item.name)
                assert any(0.6 * ma < item.minimum < ma < item.maximum < 1.2 * ma for ma in predicted_ma), step.name


@pytest.mark.parametrize("name", campaign.names())
def test_entry_conditions_say_what_to_do_where_the_board_can_be_told(name: str) -> None:
    chosen = campaign.load(load(), name)
    advice = {
        f"{chosen.instrument}_MODE": f"(INSTRUMENT_BUSY) first ABORT instrument={chosen.instrument}",
        "TRANSMIT_PERMIT": "SAR_INHIBIT_TRANSMIT",
        "RECORDER_STATE": "RECORDER_RESTART",
    }
    for step in chosen.steps:
        for condition in step.entry:
            assert advice.get(condition.parameter, "") in condition.otherwise, (step.name, condition.parameter)


def test_a_campaign_is_read_as_written() -> None:
    first, second = parse(GOOD).steps
    assert first.entry == (Condition("SAR_MODE", "OFF"),)
    assert second.after == ("first",) and second.measurements[0].source == "telecommand"
    assert first.measurements == (Measurement("uptime", "parameter", "UPTIME_S", "last", minimum=0),)


@pytest.mark.parametrize(
    ("before", "after", "sentence"),
    [
        ("SAR_MODE", "SAR_MODUS", "There is no parameter SAR_MODUS; did you mean SAR_MODE"),
        ('equals = "OFF"', 'equals = "OF"', "SAR_MODE is never OF; did you mean OFF"),
        ("PING", "PONG", "There is no telecommand PONG; did you mean PING"),
        ('send = "PING"', 'send = "PING", arguments = { speed = 1 }', "PING has no argument speed"),
        ('send = "PING"', 'send = "PING", refused = "BAD_CRX"', "there is no failure BAD_CRX; did you mean BAD_CRC"),
        ('name = "second"', 'name = "first"', "step first: the name stands twice."),
        (
            "measurements = [{ name",
            'measurements = [{ name = "uptime", parameter = "UPTIME_S" }, { name',
            "step first: the measurement uptime stands twice.",
        ),
        ('after = ["first"]', 'after = ["third"]', "it comes after third, which is not an earlier step"),
        ('parameter = "UPTIME_S", min = 0', 'event = "BOOTED", field = "color"', "the event BOOTED has no field color"),
        ("wait_s = 1", "wait_s = -1", "trial.toml, first, actions #2, wait_s: the value is -1; 0 to 300000"),
        (
            "wait_s = 1",
            "weit_s = 1",
            "one of send (with arguments, within_s, refused, background), wait_s, or",
        ),
        ('title = "Trial"', "title = 1", "trial.toml, title: the value is 1; a text is allowed."),
        ("[[steps]]", "[[steps", "trial.toml is not TOML:"),
    ],
)
def test_what_the_board_does_not_know_is_found_before_anything_is_sent(before: str, after: str, sentence: str) -> None:
    with pytest.raises(CampaignError) as caught:
        parse(GOOD.replace(before, after, 1) if before != "PING" else GOOD.replace(before, after))
    assert sentence in str(caught.value)


@pytest.mark.parametrize(
    ("before", "after", "sentence"),
    [
        ("noise_lsb", "nois_lsb", "there is no measure nois_lsb of science data; did you mean noise_lsb"),
        ("noise_lsb", "noise_dn", "noise_dn is of the OPTICAL instrument, not of SAR."),
        (", task_id = 8, max", ", max", "noise_lsb is of one data take: say of which by task_id, out of [7, 8]."),
        ("task_id = 8, max", "task_id = 9, max", "noise_lsb is not of a data take of task 9: tasks are [7, 8]."),
        (
            '"noise_lsb", task_id = 8',
            '"beam_width_mrad", task_id = 8',
            "beam_width_mrad is not of a data take of task 8",
        ),
        ("SAR_START_DATA_TAKE", "PING", "noise_lsb is of science data, and the step takes none."),
        ('science = "noise_lsb"', "science = 3", "science: the value is 3; a text is allowed."),
        ("task_id = 8, max", 'task_id = "8", max', "task_id: the value is '8'"),
        ('science = "noise_lsb"', 'science = "noise_lsb", severity = "high"', "one source: parameter"),
    ],
)
def test_science_data_that_the_step_does_not_take_are_not_measured(before: str, after: str, sentence: str) -> None:
    text = SCIENCE.replace(before, after)
    if after == "PING":
        text = re.sub(r", arguments = \{ task_id.*?\} \}", "", text)
    with pytest.raises(CampaignError) as caught:
        parse(text)
    assert sentence in str(caught.value)


def test_a_step_names_the_data_takes_it_brings_down() -> None:
    (step,) = parse(SCIENCE).steps
    assert (step.takes, step.science_tasks, step.takes_measured_alone) == ([7, 8], [8], [8])
    (step,) = parse(SCIENCE.replace('"noise_lsb", task_id = 8', '"beam_width_mrad"')).steps
    assert (step.science_tasks, step.takes_measured_alone) == ([7, 8], [])
    assert step.measurements[0].unit == "mrad"
    assert parse(GOOD).steps[0].science_tasks == []


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "not measured"),
        (3.0, "3"),
        (-12.58123, "-12.58"),
        (21431.4, "21431"),
        (4.8e-5, "0.000"),
        (0.1389, "0.1389"),
    ],
)
def test_values_are_shown_without_an_exponent(value: float | None, text: str) -> None:
    assert Measured("a", value, "", None, None, True).text == text


def test_a_recording_gives_what_came_since_last_asked(tmp_path: Path) -> None:
    path = tmp_path / "downlink.bin"
    path.write_bytes(b"of another pass")
    recording = Recording(path)
    assert recording.receive() == b""
    with path.open("ab") as file:
        file.write(b"frames")
    assert (recording.receive(), recording.receive()) == (b"frames", b"")
    path.write_bytes(b"")
    with pytest.raises(CampaignError, match="has become shorter"):
        recording.receive()


def test_an_entry_without_science_data_is_not_played_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(playback.Catalogue, "entry", lambda _, entry_id: {"entry_id": entry_id, "size_octets": 0})
    session = Session(load(), SilentLink())
    with pytest.raises(NotSeen, match="Entry 4 is empty: the instrument sent the recorder no science data"):
        playback.bring_down(session, Recording(Path(__file__)), [4], MagicMock(), print)
    assert session.commands == []


def playback_reading(label: str, time_s: float) -> Reading:
    return Reading("PLAYBACK", 0, 0, label, "", True, time_s, time_s)


def playing_session(
    monkeypatch: pytest.MonkeyPatch, path: Path, entries: Mapping[int, bytes], sent: bytes
) -> MagicMock:
    """A session whose board holds these entries; what it plays is `sent`, which the station records at the path."""
    known = {key: {"entry_id": key, "size_octets": len(it), "crc32": zlib.crc32(it)} for key, it in entries.items()}
    monkeypatch.setattr(playback.Catalogue, "entry", lambda _, entry_id: known[entry_id])
    monkeypatch.setattr(playback.Catalogue, "all", lambda _: [])
    path.touch()
    dictionary = load()
    session = MagicMock(dictionary=dictionary, spacecraft=dictionary.spacecraft["BENCH"])
    session.board_gps_s.return_value = 0.0
    session.link.now_s.side_effect = count(step=100)
    session.reading.side_effect = lambda name: playback_reading("IDLE", session.link.now_s())
    session.run_for.side_effect = lambda _: path.write_bytes(sent)
    return session


@pytest.mark.parametrize("offset", [1200, 0xFFFFFF00])
def test_a_frame_beyond_the_end_of_its_entry_does_not_spoil_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, offset: int
) -> None:
    octets, path = bytes(range(250)) * 4, tmp_path / "downlink.bin"
    sent = b"".join([frame(9, 7, offset, b"far"), *frames(octets)])
    session = playing_session(monkeypatch, path, {7: octets}, sent)
    assert playback.bring_down(session, Recording(path), [7], MagicMock(), MagicMock()) == ({7: octets}, [])


def test_nothing_is_deleted_on_board_before_all_is_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    octets, path = {7: b"first" * 50, 8: b"second" * 50}, tmp_path / "downlink.bin"
    session = playing_session(monkeypatch, path, octets, frame(1, 7, 0, octets[7]) + frame(2, 8, 0, octets[8]))
    done: list[str] = []

    def sent(name: str, **_: object) -> MagicMock:
        done.append(name)
        return MagicMock()

    session.send.side_effect = sent
    playback.bring_down(session, Recording(path), [7, 8], lambda key, _: done.append(f"keep {key}"), MagicMock())
    assert done[:5] == ["RECORDER_QUEUE", "RECORDER_QUEUE", "RECORDER_START_PLAYBACK", "keep 7", "keep 8"]
    assert done[5:] == ["RECORDER_ACKNOWLEDGE", "RECORDER_DELETE"] * 2
    full = MagicMock(side_effect=OSError("No space left on device"))
    done.clear()
    path.write_bytes(b"")
    with pytest.raises(OSError, match="No space left"):
        playback.bring_down(session, Recording(path), [7, 8], full, MagicMock())
    assert not {"RECORDER_ACKNOWLEDGE", "RECORDER_DELETE"} & set(done)


def test_what_is_kept_is_measured_though_a_report_of_its_deletion_is_lost(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    octets, path = {7: b"first" * 50, 8: b"second" * 50}, tmp_path / "downlink.bin"
    session = playing_session(monkeypatch, path, octets, frame(1, 7, 0, octets[7]) + frame(2, 8, 0, octets[8]))
    lost = MagicMock()
    lost.wait.side_effect = NoReport("RECORDER_DELETE is started: nothing further came within 5 s.")
    session.send.side_effect = lambda name, entry_id=0, **_: (
        lost if (name, entry_id) == ("RECORDER_DELETE", 7) else MagicMock()
    )
    came, (problem,) = playback.bring_down(session, Recording(path), [7, 8], MagicMock(), MagicMock())
    assert came == octets
    assert problem.startswith("Entry 7 came down whole and may still be on board: RECORDER_DELETE is started")


def test_nothing_is_acknowledged_while_the_board_still_plays(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    octets, path = b"short" * 50, tmp_path / "downlink.bin"
    session = playing_session(monkeypatch, path, {7: octets}, frame(1, 7, 0, octets))
    session.link.now_s.side_effect = count(step=1)
    of_before = playback_reading("IDLE", -0.5)
    readings = [of_before, of_before, playback_reading("SENDING", 3.0), playback_reading("IDLE", 4.0)]
    session.reading.side_effect = readings
    playback.bring_down(session, Recording(path), [7], MagicMock(), MagicMock())
    assert session.reading.call_count == len(readings)


def test_unknown_campaigns_and_steps_are_named_with_the_nearest() -> None:
    with pytest.raises(CampaignError, match="There is no campaign sra; did you mean sar"):
        campaign.load(load(), "sra")
    with pytest.raises(CampaignError, match="Campaign trial has no step frist; did you mean first"):
        parse(GOOD).step("frist")


@pytest.mark.parametrize("value", [None, float("nan"), "text", 3.1, -0.1])
def test_a_condition_never_holds_on_what_is_absent_no_number_or_outside(value: float | str | None) -> None:
    assert not Condition("X", None, 0, 3).holds(value)


def test_steps_are_found_by_name() -> None:
    step: Step = parse(GOOD).step("second")
    assert step.title == "Second"
