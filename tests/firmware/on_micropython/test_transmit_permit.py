"""The application's half of the transmit permit, against the real transmit guard."""

import hal

import runner
from bench import Bench
from payload.instruments.interlocks import RefuseState, TransmitPermit
from payload.instruments.kept_tables import KeptTables
from payload.services.sar import SarService
from payload.storage.persistent import Persistent
from payload.tables import enums, failures, persistent, pool
from runner import refused


class Events:
    def report(self, event, *fields):
        pass


def _permit():
    hal.init(0x0E00, True)
    hal.guard_heartbeat()
    Persistent().put_now(persistent.REFUSE_CAUSE, 0)
    return TransmitPermit(Events())


def _sleep(ms):
    until = (hal.ticks_ms() + ms) & 0x3FFFFFFF
    while hal.ticks_diff(until, hal.ticks_ms()) > 0:
        hal.guard_heartbeat()
        hal.sleep((hal.ticks_ms() + min(100, hal.ticks_diff(until, hal.ticks_ms()))) & 0x3FFFFFFF)


def _state():
    return hal.pool_get(pool.TRANSMIT_PERMIT)


def test_inhibited_by_default():
    permit = _permit()
    assert not permit.in_force() and not hal.guard_permitted()
    assert not permit.begin_take()
    assert not hal.guard_transmit(True)
    assert _state() == enums.TRANSMIT_PERMIT_INHIBITED


def test_fire_without_arm_is_refused():
    permit = _permit()
    refused(failures.NOT_ARMED, permit.permit, 1, 60)
    assert not permit.in_force()


def test_arm_expires_after_a_minute():
    permit = _permit()
    permit.arm()
    assert _state() == enums.TRANSMIT_PERMIT_ARMED
    _sleep(60100)
    refused(failures.NOT_ARMED, permit.permit, 1, 60)


def test_a_permit_whose_time_is_over_gives_nothing_before_the_cycle_that_withdraws_it():
    permit = _permit()
    permit.arm()
    permit.permit(1, 5)
    _sleep(3000)
    assert permit.in_force()
    _sleep(2000)
    assert not permit.in_force() and not permit.begin_take() and not hal.guard_permitted()


def test_arm_is_good_for_one_fire():
    permit = _permit()
    permit.arm()
    permit.permit(1, 60)
    refused(failures.NOT_ARMED, permit.permit, 1, 60)


def test_the_guard_has_a_permit_only_during_a_take():
    permit = _permit()
    permit.arm()
    permit.permit(2, 600)
    assert _state() == enums.TRANSMIT_PERMIT_PERMITTED
    assert not hal.guard_permitted(), "the guard's own permit comes with the take"
    assert not hal.guard_transmit(True)
    assert permit.begin_take() and hal.guard_permitted()
    assert hal.guard_transmit(True) and hal.guard_transmitting()
    permit.end_take()
    assert not hal.guard_transmitting() and not hal.guard_permitted()
    assert permit.in_force() and hal.pool_get(pool.PERMIT_TAKES_LEFT) == 1
    assert permit.begin_take()
    permit.end_take()
    assert not permit.in_force() and not permit.begin_take()


def test_permit_expires_with_time():
    permit = _permit()
    permit.arm()
    permit.permit(1, 5)
    _sleep(4000)
    permit.run()
    assert permit.in_force()
    _sleep(2100)
    permit.run()
    assert not permit.in_force() and _state() == enums.TRANSMIT_PERMIT_INHIBITED


def test_permit_that_expires_in_a_take_ends_with_the_take():
    permit = _permit()
    permit.arm()
    permit.permit(2, 5)
    permit.begin_take()
    hal.guard_transmit(True)
    _sleep(6100)
    permit.run()
    assert hal.guard_transmitting(), "the take goes on"
    permit.end_take()
    permit.run()
    assert not permit.in_force()


def test_inhibit_ends_a_transmission_at_once():
    permit = _permit()
    permit.arm()
    permit.permit(2, 60)
    permit.begin_take()
    hal.guard_transmit(True)
    permit.inhibit()
    assert not hal.guard_transmitting() and not permit.in_force()


def test_inhibit_takes_the_first_step_back():
    permit = _permit()
    permit.arm()
    permit.inhibit()
    refused(failures.NOT_ARMED, permit.permit, 1, 60)


def test_a_safing_leaves_no_permit_and_no_first_step_but_a_take_under_way():
    permit = _permit()
    refuse = RefuseState(Persistent(), permit)
    permit.arm()
    permit.permit(2, 60)
    permit.begin_take()
    hal.guard_transmit(True)
    permit.arm()
    refuse.latch(22)
    assert hal.guard_transmitting() and not permit.in_force()
    refused(failures.NOT_ARMED, permit.permit, 1, 60)


def test_guard_drops_when_the_heartbeat_stops():
    permit = _permit()
    permit.arm()
    permit.permit(1, 60)
    permit.begin_take()
    hal.guard_transmit(True)
    hal.sleep((hal.ticks_ms() + 1100) & 0x3FFFFFFF)
    assert not hal.guard_transmitting() and hal.guard_last_reason() == enums.GUARD_REASON_HEARTBEAT


def test_neither_step_is_taken_in_the_refuse_state():
    permit = _permit()
    refuse = RefuseState(Persistent(), permit)
    service = SarService(None, object(), None, permit, refuse)
    service.arm_transmit()
    refuse.latch(22)
    refused(failures.REFUSE_STATE, service.permit_transmit, 1, 60)
    refused(failures.REFUSE_STATE, service.arm_transmit)
    assert not permit.in_force()


def test_no_table_is_cleared_in_the_refuse_state():
    permit = _permit()
    refuse = RefuseState(Persistent(), permit)
    refuse.latch(22)
    cleared = []
    slots = KeptTables(Events())
    slots.clear = cleared.append
    refused(failures.REFUSE_STATE, SarService(None, object(), slots, permit, refuse).clear_table, 0)
    assert cleared == []


def test_a_boot_leaves_the_guard_no_permit():
    payload = Bench().payload
    assert hal.guard_permit(1000)
    payload.start()
    assert not hal.guard_permitted()


runner.run(globals())
