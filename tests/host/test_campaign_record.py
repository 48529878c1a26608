"""The record of a campaign outlives any interruption; what else is wrong with one is said in one sentence."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emei.commissioning.errors import CampaignError
from emei.commissioning.lock import alone_in
from emei.commissioning.record import FAILED, FILE, INTERRUPTED, OPEN, PASSED, WAIVED, Measured, Record
from emei.commissioning.report import render, summary
from tests.host.test_commissioning import GOOD, parse


def history(record: Record) -> list[tuple[str, str, str, int]]:
    return [(item.step, item.state, item.reason, len(item.measured)) for item in record.attempts]


def test_a_campaign_goes_on_where_its_record_stops(tmp_path: Path) -> None:
    trial = parse(GOOD)
    record = Record.open(tmp_path, trial, "BENCH")
    assert record.state("first") == OPEN and not record.complete
    record.end(record.begin("first", "00"), FAILED, "too warm", [Measured("a", 1.0, "V", 0, None, True)])
    measured = [Measured("a", None, "V", 0, 2, False)]
    record.end(record.begin("first", "00"), PASSED, "", measured, ["a.ccsds"], {"a.png": "what it shows"})
    record.begin("second", "00")
    again = Record.open(tmp_path, trial, "BENCH")
    assert history(again) == history(record)
    assert (again.attempts[1].files, again.attempts[1].pictures) == (["a.ccsds"], {"a.png": "what it shows"})
    assert again.state("first") == PASSED and again.state("second") == INTERRUPTED
    again.waive("second", "no antenna")
    assert Record.read(tmp_path, trial).complete and Record.read(tmp_path, trial).state("second") == WAIVED


@settings(deadline=None)
@given(cut=st.floats(0, 1))
def test_a_record_cut_anywhere_is_the_record_of_an_earlier_moment(
    tmp_path_factory: pytest.TempPathFactory, cut: float
) -> None:
    trial, directory = parse(GOOD), tmp_path_factory.mktemp("record")
    record = Record.open(directory, trial, "BENCH")
    moments = [history(record)]
    for number in range(3):
        attempt = record.begin("first", "00")
        moments.append(history(record))
        record.end(attempt, FAILED, f"attempt {number}", [Measured("a", number, "", None, None, True)])
        moments.append(history(record))
    octets = (directory / FILE).read_bytes()
    head = octets.index(b"\n") + 1
    (directory / FILE).write_bytes(octets[: head + round(cut * (len(octets) - head))])
    assert history(Record.read(directory, trial)) in moments


def test_a_cut_line_does_not_join_the_next(tmp_path: Path) -> None:
    trial = parse(GOOD)
    record = Record.open(tmp_path, trial, "BENCH")
    record.begin("first", "00")
    path = tmp_path / FILE
    path.write_bytes(path.read_bytes()[:-5])
    again = Record.open(tmp_path, trial, "BENCH")
    again.end(again.begin("first", "00"), PASSED, "", [])
    assert Record.read(tmp_path, trial).state("first") == PASSED


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "is empty"),
        ("hello\n", "line 1 is not a line of a campaign's record"),
        ("3\n", "line 1 is not a line of a campaign's record"),
        ('{"campaign": "other", "spacecraft": "BENCH"}\n', "is the record of the campaign other, not of trial"),
        ('{"campaign": "trial", "spacecraft": "EMEI_S1"}\n', "is the record of EMEI_S1, not of BENCH"),
        ('{"campaign": "trial"}\n', "line 1: spacecraft is missing; a text in UTF-8 is allowed."),
        ('{"campaign": "trial", "spacecraft": "BENCH"}\n{"stop": "first"}\n', "line 2 is not a line"),
        (f'{{"campaign": "trial", "spacecraft": "BENCH"}}\n{"[" * 99999}\n', "line 2 is not a line"),
    ],
)
def test_another_record_is_never_gone_on_with(tmp_path: Path, text: str, sentence: str) -> None:
    (tmp_path / FILE).write_text(text)
    with pytest.raises(CampaignError, match=sentence):
        Record.open(tmp_path, parse(GOOD), "BENCH")


BEGUN = {"begin": "first", "utc": "2026-11-29T12:00:00+00:00", "dictionary_hash": "00"}
MEASURED = {"name": "a", "value": 1.5, "unit": "V", "minimum": None, "maximum": 2, "passed": True}
ENDED = {
    "end": "first",
    "state": "passed",
    "utc": "2026-11-29T12:00:01+00:00",
    "reason": "",
    "measured": [MEASURED],
    "files": ["a.ccsds"],
    "pictures": {"a.png": "what it shows"},
}
WAIVER = {"waive": "first", "utc": "2026-11-29T12:00:01", "reason": "no antenna"}
KINDS: dict[str, dict[str, Any]] = {"begin": BEGUN, "end": ENDED, "waive": WAIVER, "measured": MEASURED}
STEPS = "one of first, second"
ANY_TEXT = st.text(st.characters(), max_size=9)  # also what no UTF-8 gives


def written(directory: Path, *lines: object) -> Record:
    head = {"campaign": "trial", "spacecraft": "BENCH"}
    (directory / FILE).write_text("".join(f"{json.dumps(line)}\n" for line in (head, *lines)))
    return Record.read(directory, parse(GOOD))


def with_change(kind: str, key: str, value: Any) -> list[Any]:
    """Lines of a good record with one value of a kind of line changed; `...` leaves the key out."""
    changed = {name: item for name, item in {**KINDS[kind], key: value}.items() if item is not ...}
    if kind == "measured":
        return [BEGUN, {**ENDED, "measured": [MEASURED, changed]}]
    return {"begin": [changed], "end": [BEGUN, changed], "waive": [changed]}[kind]


@pytest.mark.parametrize(
    ("kind", "key", "value", "sentence"),
    [
        ("begin", "begin", "frist", f'begin is "frist"; {STEPS} is allowed.'),
        ("begin", "begin", ["first"], f'begin is ["first"]; {STEPS} is allowed.'),
        ("begin", "utc", 3, "utc is 3; an ISO 8601 time is allowed."),
        ("begin", "utc", "noon", 'utc is "noon"; an ISO 8601 time is allowed.'),
        ("begin", "dictionary_hash", None, "dictionary_hash is null; a text in UTF-8 is allowed."),
        ("begin", "colour", "red", "'colour' is not known here; begin, utc, dictionary_hash are allowed."),
        ("end", "end", "second", "the step second ends, which has not begun just before."),
        ("end", "end", 7, f"end is 7; {STEPS} is allowed."),
        ("end", "state", "banana", 'state is "banana"; one of passed, failed, interrupted is allowed.'),
        ("end", "state", "open", 'state is "open"; one of passed, failed, interrupted is allowed.'),
        ("end", "state", None, "state is null; one of passed, failed, interrupted is allowed."),
        ("end", "state", ..., "state is missing; one of passed, failed, interrupted is allowed."),
        ("end", "reason", {}, "reason is {}; a text in UTF-8 is allowed."),
        ("end", "measured", "none", 'measured is "none"; a list of tables is allowed.'),
        ("end", "measured", [1], "measured is [1]; a list of tables is allowed."),
        ("end", "files", "a.ccsds", 'files is "a.ccsds"; a list of files beside the record is allowed.'),
        ("end", "files", [1], "files is [1]; a list of files beside the record is allowed."),
        ("end", "pictures", [], "pictures is []; a table of captions by files beside the record is allowed."),
        ("end", "pictures", {"../a": ""}, 'pictures is {"../a": ""}; a table of captions by files beside the record'),
        ("end", "pictures", {"a": 1}, 'pictures is {"a": 1}; a table of captions by files beside the record'),
        ("waive", "waive", "third", f'waive is "third"; {STEPS} is allowed.'),
        ("waive", "utc", "", 'utc is ""; an ISO 8601 time is allowed.'),
        ("begin", "utc", "2026-11-29\udcff12:00", 'utc is "2026-11-29\\udcff12:00"; an ISO 8601 time is allowed.'),
        ("begin", "dictionary_hash", "\udcff", 'dictionary_hash is "\\udcff"; a text in UTF-8 is allowed.'),
        ("end", "files", ["\ud800.ccsds"], 'files is ["\\ud800.ccsds"]; a list of files beside the record'),
        ("end", "pictures", {"a.png": "\udcff"}, 'pictures is {"a.png": "\\udcff"}; a table of captions by files'),
        ("waive", "reason", "\udcff", 'reason is "\\udcff"; a text in UTF-8 is allowed.'),
        ("measured", "unit", "\udcff", 'measured #2, unit is "\\udcff"; a text in UTF-8 is allowed.'),
        ("waive", "reason", 1, "reason is 1; a text in UTF-8 is allowed."),
        ("measured", "name", 1, "measured #2, name is 1; a text in UTF-8 is allowed."),
        ("measured", "value", "warm", 'measured #2, value is "warm"; a number or null is allowed.'),
        ("measured", "value", True, "measured #2, value is true; a number or null is allowed."),
        pytest.param("measured", "value", 10**400, "measured #2, value is 10000", id="a number beyond any double"),
        ("measured", "value", ..., "measured #2, value is missing; a number or null is allowed."),
        ("measured", "unit", None, "measured #2, unit is null; a text in UTF-8 is allowed."),
        ("measured", "minimum", "0", 'measured #2, minimum is "0"; a number or null is allowed.'),
        ("measured", "maximum", [], "measured #2, maximum is []; a number or null is allowed."),
        ("measured", "passed", 1, "measured #2, passed is 1; true or false is allowed."),
        ("measured", "colour", "red", "measured #2, 'colour' is not known here; name, value, unit,"),
    ],
)
def test_every_value_of_a_record_is_checked(tmp_path: Path, kind: str, key: str, value: object, sentence: str) -> None:
    lines = with_change(kind, key, value)
    with pytest.raises(CampaignError) as caught:
        written(tmp_path, *lines)
    assert str(caught.value).startswith(f"{tmp_path / FILE}, line {1 + len(lines)}: {sentence}")
    assert str(caught.value).endswith(".") and "\n" not in str(caught.value)


def test_a_reason_with_the_name_of_a_file_that_is_no_utf_8_is_kept_readable(tmp_path: Path) -> None:
    trial = parse(GOOD)
    record = Record.open(tmp_path, trial, "BENCH")
    record.end(record.begin("first", "00"), FAILED, "pass-\udcff.bin has become shorter", [])
    assert render(record).encode()
    assert Record.read(tmp_path, trial).attempts[0].reason == "pass-\\udcff.bin has become shorter"


@pytest.mark.parametrize("lines", [[ENDED], [WAIVER, ENDED]])
def test_only_a_step_that_has_begun_ends(tmp_path: Path, lines: list[object]) -> None:
    with pytest.raises(CampaignError, match="the step first ends, which has not begun just before"):
        written(tmp_path, *lines)


def test_a_good_record_is_read_and_reported_whatever_was_measured(tmp_path: Path) -> None:
    values = [None, 3, -1.5, 1e300, float("nan"), float("inf")]
    measured = [{**MEASURED, "value": value} for value in values]
    old = {key: value for key, value in ENDED.items() if key not in ("files", "pictures")}
    record = written(tmp_path, BEGUN, old, BEGUN, {**ENDED, "measured": measured}, WAIVER)
    assert [attempt.state for attempt in record.attempts] == [PASSED, PASSED, WAIVED]
    page = render(record)
    for text in ("not measured", ">3<", ">-1.5<", ">nan<", ">inf<"):
        assert text in page


@settings(deadline=None)
@given(
    junk=st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | ANY_TEXT,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ANY_TEXT, inner, max_size=3),
        max_leaves=6,
    ),
    place=st.sampled_from([(kind, key) for kind, entry in KINDS.items() for key in entry]),
)
def test_whatever_stands_in_a_record_it_is_reported_or_refused_in_one_sentence(
    tmp_path_factory: pytest.TempPathFactory, junk: object, place: tuple[str, str]
) -> None:
    try:
        record = written(tmp_path_factory.mktemp("record"), *with_change(*place, junk))
    except CampaignError as error:
        assert re.fullmatch(r"[^\n]*campaign\.jsonl, line \d[^\n]*\.", str(error))
    else:
        assert render(record).encode() and json.dumps(summary(record), ensure_ascii=False).encode()


def test_nothing_of_a_record_that_is_only_found_is_written(tmp_path: Path) -> None:
    directory = tmp_path / "a" / "b"
    record = Record.find(directory, parse(GOOD), "BENCH")
    assert not (tmp_path / "a").exists()
    record.keep()
    record.begin("first", "00")
    path = directory / FILE
    path.write_bytes(path.read_bytes() + b'{"end')
    octets = path.read_bytes()
    assert Record.find(directory, parse(GOOD), "BENCH").state("first") == INTERRUPTED
    assert path.read_bytes() == octets


def test_a_directory_is_for_one_process_at_a_time(tmp_path: Path) -> None:
    directory = tmp_path / "a" / "b"
    with alone_in(directory):
        for _ in range(2):
            expected = f"Another emei commission works in {directory}: wait"
            with pytest.raises(CampaignError, match=expected), alone_in(directory):
                raise AssertionError("two were let in")
    assert not (tmp_path / "a").exists(), "what stays empty goes again"
    with alone_in(directory):
        (directory / FILE).touch()
    assert (directory / FILE).exists()
