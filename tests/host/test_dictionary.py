"""The dictionary: it is good, its hash is of its content, and every kind of broken entry is refused with a sentence."""

import copy
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from emei.dictionary import DictionaryError, UnknownName, load
from emei.dictionary.check import main as check
from emei.dictionary.consistency import check_content
from emei.dictionary.source import canonical_hash, default_folder, read_content, read_schema
from emei.planning.sar_numbers import RadarNumbers

FOLDER = default_folder()
GOOD = read_content(FOLDER)
SCHEMA = read_schema(FOLDER)

Content = dict[str, Any]


def named(entries: list[Content], name: str) -> Content:
    return next(entry for entry in entries if entry["name"] == name)


def telecommand(content: Content, name: str) -> Content:
    return named(content["telecommands"]["telecommand"], name)


def argument(content: Content, command: str, name: str) -> Content:
    return named(telecommand(content, command)["arguments"], name)


def block(content: Content, unit: str, name: str) -> Content:
    return named(content["units"][unit]["block"], name)


# What is broken, and words of the sentence: file, entry, value, what is allowed.
BROKEN: list[tuple[str, Callable[[Content], Any], tuple[str, ...]]] = [
    (
        "missing key",
        lambda c: telecommand(c, "PING").pop("help"),
        ("telecommands.toml", "PING", "help must be stated"),
    ),
    (
        "unknown key",
        lambda c: telecommand(c, "PING").update(hazardus=True),
        ("telecommands.toml", "PING", "hazardus is not known here; did you mean hazardous?"),
    ),
    (
        "a trend in a mode of the other instrument",
        lambda c: named(c["trends"]["trends"], "SAR_BASEPLATE")["modes"].append("READY"),
        ("trends.toml", "SAR_BASEPLATE", "'READY'", "name of a mode"),
    ),
    (
        "a SAR constant by which tools divide is 0",
        lambda c: c["mission"]["sar"].update(centre_frequency_hz=0),
        ("mission.toml", "sar", "centre_frequency_hz", "more than 0"),
    ),
    (
        "an optical constant by which tools divide is 0",
        lambda c: c["mission"]["optical"].update(reference_altitude_m=0.0),
        ("mission.toml", "optical", "reference_altitude_m", "more than 0"),
    ),
    (
        "a constant that a check needs is missing",
        lambda c: c["science"]["optical_model"].pop("electrons_per_us"),
        ("science.toml, optical_model: electrons_per_us must be stated",),
    ),
    (
        "a number in the place of a list",
        lambda c: c["science"]["baq"].update(levels_3=0.25),
        ("science.toml, baq, levels_3", "the value is 0.25", "a list of numbers is allowed"),
    ),
    (
        "a constant that is no number",
        lambda c: c["mission"]["sar"].update(reference_frequency_hz=float("inf")),
        ("mission.toml, sar, reference_frequency_hz", "the value is inf", "a finite number is allowed"),
    ),
    (
        "a key twice",
        lambda c: c["persistent"]["persistent"].append(c["persistent"]["persistent"][0] | {"name": "OTHER"}),
        ("persistent.toml", "OTHER", "key", "REFUSE_CAUSE has it already"),
    ),
    (
        "a key beyond the journal's",
        lambda c: c["persistent"]["persistent"][0].update(key=c["mission"]["flash"]["journal_keys"]),
        ("persistent.toml", "REFUSE_CAUSE", "less than journal_keys = 64"),
    ),
    (
        "a structure without a place for its configuration",
        lambda c: c["persistent"]["persistent"].remove(named(c["persistent"]["persistent"], "HOUSEKEEPING_SAR")),
        ("housekeeping.toml", "SAR", "HOUSEKEEPING_SAR in persistent.toml"),
    ),
    (
        "an event beyond those that can be disabled",
        lambda c: named(c["events"]["event"], "DOOR_MOVED").update(id=96),
        ("events.toml", "DOOR_MOVED", "96", "EVENTS_DISABLED_4 in persistent.toml"),
    ),
    (
        "areas of the flash that overlap",
        lambda c: c["mission"]["flash"].update(tables_first_sector=6),
        ("mission.toml", "tables_first_sector", "6", "7 or more is allowed, after the records"),
    ),
    (
        "a default its type has no room for",
        lambda c: named(c["persistent"]["persistent"], "REFUSE_CAUSE").update(default=70000),
        ("persistent.toml", "REFUSE_CAUSE", "70000", "0 to 65535 is allowed in u16"),
    ),
    (
        "wrong kind",
        lambda c: telecommand(c, "PING").update(service="17"),
        ("telecommands.toml", "PING", "service", "'17'", "a whole number is allowed"),
    ),
    (
        "out of range",
        lambda c: telecommand(c, "PING").update(service=300),
        ("telecommands.toml", "PING", "300", "0 to 255 is allowed"),
    ),
    (
        "unknown type",
        lambda c: argument(c, "CONNECTION_TEST", "apid").update(type="u12"),
        ("CONNECTION_TEST", "arguments apid", "'u12'", "u8, u16, u32"),
    ),
    ("bad name", lambda c: telecommand(c, "PING").update(name="ping"), ("'ping'", "an upper-case name")),
    (
        "name twice",
        lambda c: telecommand(c, "PING").update(name="ABORT"),
        ("telecommands.toml, ABORT", "ABORT has it already"),
    ),
    (
        "type twice",
        lambda c: telecommand(c, "PING").update(service=128, subservice=5),
        ("telecommands.toml", "(128, 5)", "PING has it already"),
    ),
    (
        "unknown enumeration",
        lambda c: argument(c, "ABORT", "instrument").update(enum="INSTRUMENTS"),
        ("ABORT", "'INSTRUMENTS'", "enumeration", "did you mean INSTRUMENT"),
    ),
    (
        "minimum above maximum",
        lambda c: argument(c, "CONNECTION_TEST", "apid").update(min=3000),
        ("CONNECTION_TEST", "3000", "at most max = 2046"),
    ),
    (
        "maximum beyond the type",
        lambda c: argument(c, "CONNECTION_TEST", "apid").update(max=70000),
        ("CONNECTION_TEST", "70000", "0 to 65535 is allowed in u16"),
    ),
    (
        "default out of range",
        lambda c: named(c["layouts"]["layout"], "IMAGE_SETTINGS")["fields"][0].update(default=5),
        ("layouts.toml", "IMAGE_SETTINGS", "line_period_us", "at least min = 50"),
    ),
    (
        "default not a member",
        lambda c: named(c["layouts"]["layout"], "IMAGE_SETTINGS")["fields"][2].update(default=7),
        ("tdi_stages", "7", "a value of TDI_STAGES"),
    ),
    (
        "polarisation without a code",
        lambda c: c["science"]["sar_packets"]["polarisation_codes"].pop(),
        ("science.toml", "polarisation_codes", "8 rows of 2 codes"),
    ),
    (
        "polarisation that receives nothing",
        lambda c: c["science"]["sar_packets"]["polarisation_codes"][0].__setitem__(1, 4),
        ("science.toml", "polarisation_codes", "8 rows of 2 codes of (1, 2, 3, 5, 6, 7)"),
    ),
    (
        "enumeration too wide",
        lambda c: c["enumerations"]["INSTRUMENT"].update(LIDAR=300),
        ("u8", "INSTRUMENT needs room for 300"),
    ),
    (
        "enumeration value twice",
        lambda c: c["enumerations"]["INSTRUMENT"].update(LIDAR=1),
        ("enumerations.toml", "INSTRUMENT", "LIDAR", "SAR has it already"),
    ),
    (
        "derived enumeration restated",
        lambda c: c["enumerations"].update(SAR_MODE={"OFF": 0}),
        ("enumerations.toml", "SAR_MODE", "other files"),
    ),
    ("unknown layout", lambda c: telecommand(c, "SAR_LOAD_TABLE")["arguments"][1].update(layout="TABLE"), ("'TABLE'",)),
    (
        "layout not last",
        lambda c: telecommand(c, "SAR_LOAD_TABLE")["arguments"].append({"name": "more", "type": "u8"}),
        ("SAR_LOAD_TABLE", "as the last argument"),
    ),
    (
        "packet too long",
        lambda c: (
            argument(c, "EVENT_ENABLE", "events").update(list_max=64)
            or c["mission"]["packets"].update(largest_packet_octets=100)
        ),
        ("EVENT_ENABLE", "at most 100 octets"),
    ),
    (
        "unknown placeholder",
        lambda c: named(c["events"]["event"], "TIME_STEPPED").update(message="moved {moved}"),
        ("events.toml", "TIME_STEPPED", "not moved"),
    ),
    (
        "modes of a field that is no instrument",
        lambda c: named(c["events"]["event"], "SAFED")["fields"][1].update(modes_of="cause"),
        ("events.toml", "SAFED", "from_mode", "'cause'", "field of this entry with INSTRUMENT"),
    ),
    (
        "unmatched brace",
        lambda c: named(c["failures"]["failure"], "BAD_CRC").update(sentence="wrong {detail"),
        ("failures.toml", "BAD_CRC", "matching braces"),
    ),
    (
        "failure code twice",
        lambda c: named(c["failures"]["failure"], "BAD_CRC").update(code=1),
        ("failures.toml", "BAD_CRC", "UNKNOWN_APID has it already"),
    ),
    (
        "unknown parameter in a structure",
        lambda c: c["housekeeping"]["structure"][0]["parameters"].append("UPTIME"),
        ("housekeeping.toml", "COMPUTER", "'UPTIME'", "did you mean UPTIME_S"),
    ),
    (
        "structure of an unknown unit",
        lambda c: named(c["housekeeping"]["structure"], "SAR").update(unit="LIDAR"),
        ("housekeeping.toml", "SAR", "'LIDAR'", "name of a unit"),
    ),
    (
        "parameter named as a register",
        lambda c: c["parameters"]["parameters"][0].update(name="SAR_STATE"),
        ("parameters.toml", "SAR_STATE", "housekeeping register"),
    ),
    (
        "time in the pool",
        lambda c: c["parameters"]["parameters"][0].update(type="cuc"),
        ("parameters.toml", "UPTIME_S", "only an integer type"),
    ),
    (
        "node twice",
        lambda c: c["units"]["optical"]["unit"].update(node=0x20),
        ("units/optical.toml", "32", "units/sar.toml has it already"),
    ),
    (
        "unknown limiter",
        lambda c: c["units"]["sar"]["unit"].update(limiter="SAR"),
        ("units/sar.toml", "'SAR'", "LIMITER"),
    ),
    (
        "blocks overlap",
        lambda c: block(c, "sar", "control").update(address=8),
        ("units/sar.toml", "control", "block housekeeping holds 0 to"),
    ),
    (
        "block too long",
        lambda c: c["mission"]["bus"].update(largest_data_octets=16),
        ("units/sar.toml", "housekeeping", "at most 16 octets"),
    ),
    (
        "housekeeping without its sample count",
        lambda c: block(c, "sar", "housekeeping")["registers"].pop(0),
        ("units/sar.toml", "housekeeping", "sample_count (u16)"),
    ),
    (
        "layout and registers",
        lambda c: block(c, "sar", "control").update(layout="IMAGE_SETTINGS"),
        ("units/sar.toml", "control", "registers", "not allowed beside"),
    ),
    (
        "unknown guard",
        lambda c: c["modes_sar"]["transitions"][1]["guards"].append("BUS_VOLTAGES"),
        ("modes_sar.toml", "switch_on", "'BUS_VOLTAGES'", "did you mean BUS_VOLTAGE"),
    ),
    (
        "unknown mode",
        lambda c: c["modes_sar"]["transitions"][1].update(to="ON"),
        ("modes_sar.toml", "switch_on", "'ON'", "name of a mode"),
    ),
    (
        "two transitions",
        lambda c: (
            c["modes_sar"]["transitions"][2]["from"].append("STANDBY")
            or c["modes_sar"]["transitions"][3].update(to="STANDBY")
        ),
        ("modes_sar.toml", "one transition to STANDBY"),
    ),
    (
        "two modes off",
        lambda c: c["modes_sar"]["modes"][1].update(kind="off"),
        ("modes_sar.toml", "exactly one mode of kind off"),
    ),
    (
        "guard of an unknown parameter",
        lambda c: named(c["guards"]["guards"], "BATTERY").update(parameter="BATTERY"),
        ("guards.toml", "BATTERY", "did you mean BATTERY_PERCENT"),
    ),
    (
        "guard beyond the type",
        lambda c: named(c["guards"]["guards"], "BATTERY").update(min=9000),
        ("guards.toml", "BATTERY", "9000", "0.0 to 6553.5 % is allowed"),
    ),
    (
        "guard with check and parameter",
        lambda c: named(c["guards"]["guards"], "TABLE_VALID").update(parameter="SAR_STATE"),
        ("guards.toml", "TABLE_VALID", "not allowed beside"),
    ),
    (
        "guard with an unknown failure",
        lambda c: named(c["guards"]["guards"], "TABLE_VALID").update(failure="TABLE_RULES"),
        ("guards.toml", "TABLE_VALID", "did you mean TABLE_RULE"),
    ),
    (
        "limits in the wrong order",
        lambda c: named(c["monitors"]["monitors"], "SAR_TRM").update(warning_low=-30),
        ("monitors.toml", "SAR_TRM", "trip_low", "at most warning_low = -30"),
    ),
    (
        "no limit",
        lambda c: [named(c["monitors"]["monitors"], "SAR_SYNC").pop(key) for key in ("warning_high", "trip_high")],
        ("monitors.toml", "SAR_SYNC", "at least one of"),
    ),
    (
        "monitor in an unknown mode",
        lambda c: named(c["monitors"]["monitors"], "SAR_SYNC")["modes"].append("STRIP"),
        ("monitors.toml", "SAR_SYNC", "'STRIP'", "name of a mode"),
    ),
    (
        "malformed input without answer",
        lambda c: c["malformed"]["malformed"][-1].update(failure="NOTHING"),
        ("malformed.toml", "'NOTHING'", "name of a failure"),
    ),
    ("spacecraft ID twice", lambda c: c["spacecraft"]["spacecraft"][1].update(id=0x0E00), ("BENCH has it already",)),
    (
        "sampling rates",
        lambda c: c["mission"]["sar"]["sampling_rate_khz"].pop(),
        ("mission.toml", "sampling_rate_khz", "one rate a member"),
    ),
    (
        "zone that is smaller than what a table reaches",
        lambda c: named(c["zones"]["zone"], "PARKES").update(radius_km=580),
        ("zones.toml", "PARKES", "radius_km", "580", "at least 583"),
    ),
    (
        "zone beyond the pole",
        lambda c: named(c["zones"]["zone"], "PARKES").update(latitude_deg=-91),
        ("zones.toml", "PARKES", "-91", "-90 to 90 is allowed"),
    ),
    (
        "zone twice",
        lambda c: named(c["zones"]["zone"], "PARKES").update(name="HOBART"),
        ("zones.toml", "HOBART has it already"),
    ),
    (
        "section missing",
        lambda c: c["mission"].pop("bus"),
        ("mission.toml", "bus must be stated"),
    ),
]


def test_the_dictionary_is_good() -> None:
    assert check_content(GOOD, SCHEMA) == []
    assert check([]) == 0


@pytest.mark.parametrize(("damage", "words"), [pytest.param(d, w, id=name) for name, d, w in BROKEN])
def test_a_broken_entry_is_a_sentence(damage: Callable[[Content], Any], words: tuple[str, ...]) -> None:
    content = copy.deepcopy(GOOD)
    damage(content)
    problems = check_content(content, SCHEMA)
    assert any(all(word in problem for word in words) for problem in problems), problems
    assert all(re.fullmatch(r"[a-z_/]+\.toml[ ,:].*[.?]", problem) for problem in problems), problems


def test_hash_is_of_the_content(tmp_path: Path) -> None:
    folder = tmp_path / "dictionary"
    shutil.copytree(FOLDER, folder)
    path = folder / "reports.toml"
    path.write_text("# another comment\n" + path.read_text())
    assert load(folder).hash == load().hash
    path.write_text(path.read_text().replace('name = "PONG"', 'name = "PONGS"'))
    assert canonical_hash(read_content(folder)) != load().hash


def test_missing_and_damaged_files_are_sentences(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(DictionaryError, match=r"mission\.toml cannot be read: No such file or directory\."):
        load(tmp_path / "nowhere")
    folder = tmp_path / "dictionary"
    shutil.copytree(FOLDER, folder)
    (folder / "guards.toml").write_text("guards = [")
    assert check([str(folder)]) == 1
    assert capsys.readouterr().err.startswith("guards.toml is not TOML: ")


def test_pool_order_is_the_parameters_then_the_units() -> None:
    names = list(load().parameters)
    assert names[0] == "UPTIME_S"
    assert [parameter.index for parameter in load().parameters.values()] == list(range(len(names)))
    firsts = [names.index(f"{unit}_SAMPLE_COUNT") for unit in ("SAR", "OPTICAL", "POWER", "RECORDER")]
    assert firsts == sorted(firsts)
    assert load().parameters["SAR_STATE"].fresh_ms == 2000


def test_physical_values_have_the_digits_of_their_scale() -> None:
    temperature = load().parameters["SAR_TRM_TEMPERATURE_DEGC"]
    assert temperature.to_physical(257) == 25.7
    assert temperature.to_raw(25.7) == 257
    assert load().guards["ATTITUDE_ERROR"].raw_maximum == 49


def test_raw_limits_are_rounded_into_the_range() -> None:
    parameter = replace(load().parameters["SAR_TRM_TEMPERATURE_DEGC"], minimum=-0.28, maximum=0.78)
    assert (parameter.raw_minimum, parameter.raw_maximum) == (-2, 7)
    guard = replace(load().guards["ATTITUDE_ERROR"], parameter=parameter, minimum=-0.78, maximum=0.28)
    assert (guard.raw_minimum, guard.raw_maximum) == (-7, 2)


def test_unknown_names_come_with_the_nearest() -> None:
    with pytest.raises(UnknownName, match=r"There is no telecommand SAR_LOAD_TABEL; did you mean SAR_LOAD_TABLE\?"):
        load().telecommand("SAR_LOAD_TABEL")


def test_failure_sentences_name_the_rule() -> None:
    code = load().failures["TABLE_RULE"].code
    assert load().failure_sentence(code, 3, -12) == "acquisition table refused by rule 3 (DUTY), margin -12"


def test_failure_sentences_name_the_zone() -> None:
    zone = load().zones["PARKES"]
    sentence = load().failure_sentence(load().failures["TRANSMIT_ZONE"].code, zone.index, 7000)
    assert f"zone {zone.index} (PARKES)" in sentence and "7000 ms from now" in sentence


@pytest.mark.parametrize(
    ("failure", "detail", "limit", "words"),
    [
        ("NOT_FITTED", 2, 0, "instrument OPTICAL is not fitted"),
        ("NOT_FITTED", 9, 0, "instrument 9 is not fitted"),
        ("REFUSE_STATE", "TRIP_LIMIT", 0, "(event: TRIP_LIMIT)"),
        ("ABORTED", 0, 0, "(event: none)"),
        ("LIMIT_BROKEN", "POWER_BUS_VOLTAGE_V", "SAR_BUS_VOLTAGE", "POWER_BUS_VOLTAGE_V still breaks the limit of"),
        ("LIMIT_UNKNOWN", "BATTERY_PERCENT", "SAR_BATTERY", "limit of monitor SAR_BATTERY is not known"),
        ("GUARD_OUT_OF_RANGE", 5, "SAR_BASEPLATE", "guard SAR_BASEPLATE: its parameter"),
        ("GUARD_OUT_OF_RANGE", 5, 999, "guard 999: its parameter"),
        ("ILLEGAL_TRANSITION", 0x103, 0x109, "not allowed in SAR PREOP (transition asked for: SAR TEST)"),
        ("ILLEGAL_TRANSITION", 0x200, 0, "not allowed in OPTICAL OFF (transition asked for: none)"),
        ("ILLEGAL_TRANSITION", 0x2FF, 0x901, "not allowed in OPTICAL 255 (transition asked for: 2305)"),
        ("INSTRUMENT_BUSY", 0x204, 0, "the instrument is busy (with a transition to: OPTICAL "),
    ],
)
def test_failure_sentences_name_what_their_values_number(
    failure: str, detail: int | str, limit: int | str, words: str
) -> None:
    dictionary = load()
    numbers = {name: item.id for name, item in dictionary.events.items()}
    numbers |= {name: item.index for name, item in dictionary.parameters.items()}
    numbers |= {name: item.index for name, item in dictionary.monitors.items()}
    if failure == "GUARD_OUT_OF_RANGE":
        numbers |= {name: index for index, name in enumerate(dictionary.guards)}
    code = dictionary.failures[failure].code
    values = [numbers[value] if isinstance(value, str) else value for value in (detail, limit)]
    assert words in dictionary.failure_sentence(code, *values)


def test_a_constant_that_only_a_tool_needs_is_a_sentence(tmp_path: Path) -> None:
    shutil.copytree(FOLDER, tmp_path / "dictionary")
    mission = tmp_path / "dictionary" / "mission.toml"
    mission.write_text(
        re.sub(r"(?m)^duty_limit_percent = .*$", "", mission.read_text(encoding="utf-8")), encoding="utf-8"
    )
    dictionary = load(tmp_path / "dictionary")
    with pytest.raises(DictionaryError, match=r"mission\.toml, sar: duty_limit_percent must be stated"):
        RadarNumbers.of(dictionary)
    with pytest.raises(DictionaryError, match=r"sar, altitude_m: the value is 520000\.0; a list of numbers is allowed"):
        dictionary.mission.row("sar", "altitude_m")
