"""SPOTLIGHT and TOPS to the picture: decoded from the recorder's file alone, every target of the scene in its place."""

from collections.abc import Iterator

import pytest

from emei.platform import Platform
from emei.science.comparison import differences
from emei.science.quicklook import sar_quicklook
from emei.science.sar_acceptance import settings, table_of
from emei.session import Session
from hil.bench import Bench
from hil.passes.picture_steps import require_in_place
from hil.scenarios import steps
from hil.scenarios.sar_tables import table

pytestmark = pytest.mark.virtual_time

TASK_ID = 911
SCIENCE_FACTOR = 150  # all echoes of a picture within two seconds
# Half the octets: the bench's recorder has room for both data takes.
OF_A_PICTURE = {"sampling_rate": "MHZ_90", "bandwidth_mhz": 75}
COOL_DOWN_S = 2 * steps.DATA_TAKE_S + 1
SWATHS = {"SPOTLIGHT": [6], "TOPS": [10, 11, 12]}


@pytest.fixture(autouse=True)
def _from_off_to_off(session: Session, platform: Platform, bench: Bench) -> Iterator[None]:
    steps.ready(session, bench)
    bench.units.force("sar.science_factor", SCIENCE_FACTOR)
    yield
    bench.units.release("sar.science_factor")
    steps.all_off(session)
    session.run_for(COOL_DOWN_S)
    assert session.anomalies == []


@pytest.mark.parametrize("mode", SWATHS)
def test_a_sweep_becomes_a_picture(session: Session, bench: Bench, platform: Platform, mode: str) -> None:
    steps.sar_standby(session)
    session.send("SET_MODE_SAR", mode="PREOP").wait(240)
    session.run_for(1.1)  # housekeeping has said so
    session.send("SAR_ARM_TRANSMIT").wait(steps.ANSWER_S)
    session.send("SAR_PERMIT_TRANSMIT", takes=1, valid_s=600).wait(steps.ANSWER_S)
    arguments = {"slot": 0, **table(mode), **OF_A_PICTURE}
    session.send("SAR_LOAD_TABLE", **arguments).wait(steps.ANSWER_S)
    events = len(session.events)
    start = platform.gps_s() + steps.START_LEAD_S
    session.send("SAR_START_DATA_TAKE", task_id=TASK_ID, slot=0, start=start).wait(30)
    closed = session.wait_event("DATA_TAKE_CLOSED", steps.ANSWER_S, events, task_id=TASK_ID)
    entry = int(str(closed.fields["entry_id"]))
    found = sar_quicklook(bench.units.recorder_file(entry), session.dictionary)
    assert found.problems == []
    assert [picture.image.burst.swath for picture in found.images] == SWATHS[mode]
    for picture in found.images:
        require_in_place(picture, session.dictionary)
    # And the rest of the sweep beside them.
    assert [profile.echoes.swath for profile in found.profiles] == SWATHS[mode]
    assert differences(settings(found, table_of(arguments, session.dictionary), session.dictionary)) == []
