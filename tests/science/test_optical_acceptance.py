"""An image that is not as it was commanded is told, setting by setting, whatever its pixels look like."""

from __future__ import annotations

from dataclasses import replace

import pytest

from emei.commissioning.campaign import load
from emei.commissioning.science import as_commanded
from emei.science.comparison import differences
from emei.science.optical_acceptance import request_of, settings
from emei.science.optical_quicklook import OpticalQuicklook, optical_quicklook
from tests.hal.hal_board import lib
from tests.science.images import DURATION_MS, record_image
from tests.science.takes import DICTIONARY

IMAGE: dict[str, object] = {"task_id": 2027, "mode": "STRIP", "duration_ms": DURATION_MS, "line_period_us": 50.0}
CALIBRATION = {"DARK": lib.DOOR_SHUT, "LAMP": lib.DOOR_SHUT, "SUN": lib.DOOR_DIFFUSER}


def look(**settings: int) -> OpticalQuicklook:
    return optical_quicklook(record_image(**settings), DICTIONARY)


def told(found: OpticalQuicklook, **commanded: object) -> list[str]:
    arguments = {**IMAGE, "integration_us": 50.0, **commanded}
    name = "OPTICAL_START_CALIBRATION" if arguments["mode"] in CALIBRATION else "OPTICAL_START_IMAGE"
    return differences(settings(found, request_of(name, arguments, DICTIONARY), DICTIONARY))


def names(sentences: list[str]) -> list[str]:
    return [sentence.split(" is ")[0].removeprefix("The ") for sentence in sentences]


def test_what_is_as_commanded_is_accepted() -> None:
    assert told(look(integration_us=500)) == []
    for mode, strips in (("STEREO", 2), ("AREA", 2), ("VIDEO", 1)):
        found = look(integration_us=500, mode=getattr(lib, f"OPTICAL_MODE_{mode}"), strips=strips)
        assert told(found, mode=mode, strips=strips) == [], mode
    for mode, door in CALIBRATION.items():
        code = getattr(lib, f"OPTICAL_MODE_{mode}")
        assert told(look(integration_us=500, mode=code, door=door, lamp=mode == "LAMP"), mode=mode) == [], mode


@pytest.mark.parametrize(
    ("commanded", "named"),
    [
        ({"bands": 3}, ["set of bands", "recorded set of bands of strip 1"]),
        ({"gain": 4}, ["gain"]),
        ({"tdi_stages": 64}, ["number of TDI stages"]),
        ({"integration_us": 49.9}, ["integration time"]),
        ({"compression": 8}, ["compression"]),
        ({"strips": 2, "mode": "AREA"}, ["image mode", "number of strips"]),
        ({"mode": "VIDEO"}, ["image mode", "number of TDI stages"]),
        ({"duration_ms": 7500}, ["duration of strip 1"]),
        ({"line_period_us": 50.6}, ["shortest line period of strip 1", "longest line period of strip 1"]),
        ({"mode": "SUN"}, ["image mode", "door"]),
        ({"mode": "LAMP"}, ["image mode", "door", "lamp"]),
    ],
)
def test_each_setting_that_differs_is_named(commanded: dict[str, object], named: list[str]) -> None:
    assert names(told(look(integration_us=500), **commanded)) == named


def test_a_band_that_is_not_recorded_is_named() -> None:
    found = look(integration_us=500)
    image = found.take.images[0]
    found.take.images[0] = replace(image, bands={name: image.bands[name] for name in ("PAN", "B", "G", "R")})
    assert told(found) == ["The recorded set of bands of strip 1 is PAN B G R; PAN B G R NIR was commanded."]


def test_a_calibration_has_its_line_period_to_the_code() -> None:
    found = look(integration_us=500, mode=lib.OPTICAL_MODE_DARK, door=lib.DOOR_SHUT)
    assert names(told(found, mode="DARK", line_period_us=50.1)) == [
        "shortest line period of strip 1",
        "longest line period of strip 1",
    ]


def test_commissioning_names_what_differs_from_what_its_step_sends() -> None:
    step = load(DICTIONARY, "optical").step("dark")
    (task,) = step.takes
    settings = {"mode": lib.OPTICAL_MODE_DARK, "door": lib.DOOR_SHUT, "line_period_us": 711, "task": task}
    assert names(as_commanded(look(**settings), step, task, DICTIONARY)) == ["duration of strip 1"]
    assert names(as_commanded(look(**settings, gain=4), step, task, DICTIONARY)) == ["gain", "duration of strip 1"]
