"""Values that survive a reset, through the application's own object."""

import hal

import runner
from driver_setup import Hal
from payload.storage import persistent as persistent_module
from payload.storage.persistent import Persistent
from payload.tables import failures, persistent
from runner import refused


def _boot():
    """A boot: what is only in memory is lost."""
    hal.init(0x0E00, True)
    return Persistent()


def _default(key):
    return persistent.RECORDS[key][0]


def test_0_first_a_value_that_was_never_put_is_its_default():
    values = _boot()
    assert values.get(persistent.REFUSE_CAUSE) == _default(persistent.REFUSE_CAUSE)


def test_a_value_outlives_a_boot_once_it_is_in_flash():
    values = _boot()
    values.put(persistent.REFUSE_CAUSE, 21)
    assert values.get(persistent.REFUSE_CAUSE) == 21
    assert _boot().get(persistent.REFUSE_CAUSE) != 21, "in memory only"
    values.put(persistent.REFUSE_CAUSE, 22)
    assert values.flush(1000)
    assert _boot().get(persistent.REFUSE_CAUSE) == 22


def test_run_writes_without_a_flush():
    values = _boot()
    values.put(persistent.REFUSE_CAUSE, 33)
    for _ in range(10):
        values.run()
        hal.sleep(hal.ticks_ms() + 100)
    assert hal.journal_pending() == 0
    assert hal.journal_faults() == 0
    assert _boot().get(persistent.REFUSE_CAUSE) == 33


def test_a_value_its_type_has_no_room_for_is_refused():
    values = _boot()
    before = values.get(persistent.REFUSE_CAUSE)
    refused(failures.HANDLER_FAULT, values.put, persistent.REFUSE_CAUSE, 65536)
    refused(failures.HANDLER_FAULT, values.put, persistent.REFUSE_CAUSE, -1)
    assert values.get(persistent.REFUSE_CAUSE) == before


def test_the_journal_is_not_asked_to_take_what_is_refused():
    values = _boot()
    put = []
    persistent_module.hal = Hal(journal_put=lambda key, value: put.append(value))
    try:
        for value in (-1, 65536):
            refused(failures.HANDLER_FAULT, values.put, persistent.REFUSE_CAUSE, value)
    finally:
        persistent_module.hal = hal
    assert put == []


def test_what_another_firmware_left_is_not_taken_for_a_value():
    values = _boot()
    hal.journal_put(persistent.REFUSE_CAUSE, 70000)
    assert values.get(persistent.REFUSE_CAUSE) == _default(persistent.REFUSE_CAUSE)


runner.run(globals())
