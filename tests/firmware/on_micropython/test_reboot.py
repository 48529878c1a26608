"""Fault level 3: software faults that lead to a reboot, boots that lead to safe boot, and the way out."""

import hal

import runner
from bench import Bench
from payload.fdir import boot_history as boot_history_module
from payload.fdir import reboot as reboot_module
from payload.fdir.boot_history import BootHistory
from payload.fdir.reboot import Reboot
from payload.storage.persistent import Persistent
from payload.tables import enums, events, failures, mission, persistent, pool
from runner import refused


class _Hal:
    """The module hal; a reset is noted and not done, the cause of the last one is what the test says."""

    def __init__(self, cause=enums.RESET_CAUSE_WATCHDOG, fault=0, activity=0):
        self.cause, self.fault, self.activity = cause, fault, activity
        self.gps_min = self.seconds_up = 0
        self.resets = []
        self.crashes = []

    def __getattr__(self, name):
        return getattr(hal, name)

    def reset(self, cause):
        self.resets.append(cause)

    def note_crash(self, fault, activity):
        self.crashes.append((fault, activity))

    def at(self, gps_min, uptime_s):
        """The clock is known from now on."""
        self.gps_min, self.seconds_up = gps_min, uptime_s

    def time_quality(self):
        return 2 if self.gps_min else 0

    def time_period_number(self, period_s):
        return self.gps_min * 60 // period_s

    def uptime_s(self):
        return self.seconds_up

    def reset_cause(self):
        return self.cause

    def last_crash_fault(self):
        return self.fault

    def last_crash_activity(self):
        return self.activity


class Events:
    def __init__(self):
        self.seen = []

    def report(self, event, *fields):
        self.seen.append((event[0], fields))


class Permit:
    """As the application's TransmitPermit has it."""

    def __init__(self):
        self.is_in_force = True

    def inhibit(self):
        hal.guard_inhibit()
        self.is_in_force = False


class Setup:
    def __init__(self):
        hal.init(0x0E00, True)
        self.hal = reboot_module.hal = _Hal()
        self.events = Events()
        self.values = Persistent()
        self.permit = Permit()
        self.reboot = Reboot(self.values, self.permit, self.events)

    def faults(self, count, wait_ms=100):
        for _ in range(count):
            self.reboot.fault(enums.SOFTWARE_FAULT_MEMORY, 9)
            hal.sleep((hal.ticks_ms() + wait_ms) & 0x3FFFFFFF)

    def cycles(self, count):
        for _ in range(count):
            self.reboot.run()


def _boot(cause=enums.RESET_CAUSE_WATCHDOG, fault=0, activity=0):
    """Count a boot, as the application does it."""
    hal.init(0x0E00, True)
    boot_history_module.hal = _Hal(cause, fault, activity)
    history = BootHistory(Persistent())
    history.count()
    return history


def _forget_boots():
    hal.init(0x0E00, True)
    for key in (persistent.BOOT_AGE_1_MIN, persistent.BOOT_AGE_2_MIN, persistent.BOOT_SEEN_MIN):
        hal.journal_put(key, persistent.RECORDS[key][0])
    hal.journal_flush(1000)


def test_a_fault_reboots_with_its_reason_noted():
    setup = Setup()
    setup.cycles(20)
    assert setup.hal.resets == [] and setup.hal.crashes == []
    setup.faults(1)
    assert setup.hal.crashes == [(enums.SOFTWARE_FAULT_MEMORY, 9)]
    setup.values.put(persistent.REFUSE_CAUSE, 55)
    setup.cycles(mission.FAULT_LEVELS_RESET_DELAY_CYCLES - 1)
    assert setup.hal.resets == [], "its report leaves first"
    setup.faults(2)
    assert hal.pool_get(pool.SOFTWARE_FAULTS) == 3, "all are counted, the first is the reason"
    setup.cycles(1)
    assert setup.hal.resets == [enums.RESET_CAUSE_SOFTWARE_FAULT] and len(setup.hal.crashes) == 1
    assert setup.events.seen == [(events.RESETTING[0], (enums.RESET_CAUSE_SOFTWARE_FAULT,))]
    hal.init(0x0E00, True)
    assert Persistent().get(persistent.REFUSE_CAUSE) == 55, "in flash before the reset"


def test_a_wanted_reset_stops_transmission_at_once_and_keeps_it_stopped():
    setup = Setup()
    hal.guard_permit(30000)
    hal.guard_heartbeat()
    assert hal.guard_transmit(True)
    setup.reboot.request(enums.RESET_CAUSE_COMMANDED)
    assert not hal.guard_transmitting()
    assert not setup.permit.is_in_force, "what waits for its start does not transmit either"
    hal.guard_permit(30000)
    setup.cycles(1)
    assert not hal.guard_permitted()


def test_three_boots_within_an_hour_are_a_safe_boot():
    _forget_boots()
    assert not _boot().safe
    assert not _boot(enums.RESET_CAUSE_SOFTWARE_FAULT).safe
    history = _boot()
    assert history.safe and history.boots == 3
    assert hal.pool_get(pool.SAFE_BOOT) == enums.SWITCH_ON and hal.pool_get(pool.BOOTS_IN_PERIOD) == 3
    assert _boot().safe, "and so is the next"


def test_boots_grow_old():
    _forget_boots()
    _boot()
    for minutes, safe in ((mission.FAULT_LEVELS_BOOTS_PERIOD_MIN - 1, False), (0, True)):
        history = _boot()
        assert history.safe == safe, minutes
        for _ in range(minutes):
            history.run()
        assert history._values.flush(1000)
    _forget_boots()
    for _ in range(5):
        history = _boot()
        assert not history.safe
        for _ in range(mission.FAULT_LEVELS_BOOTS_PERIOD_MIN):
            history.run()
        assert history._values.flush(1000)


def _pass(off_min, uptime_min, gps_min, clock=True):
    """A boot, `off_min` after the power went, that lasts some minutes. Returns (history, GPS minutes at its end)."""
    gps_min += off_min
    history = _boot(enums.RESET_CAUSE_POWER_ON)
    for minute in range(1, uptime_min + 1):
        if clock:
            boot_history_module.hal.at(gps_min + minute, minute * 60)
        history.run()
    assert history._values.flush(1000)
    return history, gps_min + uptime_min


def test_a_computer_that_is_switched_on_for_each_pass_is_in_no_boot_loop():
    _forget_boots()
    gps_min = 23333333
    for _ in range(6):
        history, gps_min = _pass(90, 10, gps_min)
        assert not history.safe


def test_power_that_comes_and_goes_within_an_hour_is_a_boot_loop():
    _forget_boots()
    gps_min = 23333333
    safe = []
    for _ in range(3):
        history, gps_min = _pass(5, 10, gps_min)
        safe.append(history.safe)
    assert safe == [False, False, True]


def test_the_time_off_counts_only_where_both_clocks_were_known():
    """What is not known is taken for no time: a boot looks younger rather than older."""
    for known in ((True, False, True), (False, True, True)):
        _forget_boots()
        gps_min = 23333333
        safe = []
        for clock in known:
            history, gps_min = _pass(90, 10, gps_min, clock)
            safe.append(history.safe)
        assert safe == [False, False, True], known


def test_commanded_resets_do_not_count():
    _forget_boots()
    for _ in range(5):
        history = _boot(enums.RESET_CAUSE_COMMANDED)
        assert not history.safe and history.boots == 1


def test_leaving_safe_boot_forgets_the_boots():
    _forget_boots()
    for _ in range(2):
        refused(failures.NOT_IN_SAFE_BOOT, _boot().forget)
    history = _boot()
    history.forget()
    assert history._values.flush(1000)
    history = _boot(enums.RESET_CAUSE_COMMANDED)
    assert not history.safe and not _boot().safe


def test_the_boot_says_what_the_reset_before_it_was():
    _forget_boots()
    for cause, noted, told in (
        (enums.RESET_CAUSE_WATCHDOG, 0, enums.SOFTWARE_FAULT_HANG),
        (enums.RESET_CAUSE_SOFTWARE_FAULT, enums.SOFTWARE_FAULT_MEMORY, enums.SOFTWARE_FAULT_MEMORY),
        (enums.RESET_CAUSE_SOFTWARE_FAULT, -1, enums.SOFTWARE_FAULT_NONE),
    ):
        seen = Events()
        _forget_boots()
        _boot(cause, noted, 9).report(seen)
        assert seen.seen == [
            (events.CRASHED[0], (cause, told, 9)),
            (events.FAULT_LEVEL[0], (enums.FAULT_LEVEL_REBOOT, enums.FAULT_SCOPE_COMPUTER, events.CRASHED[0])),
        ]
    seen = Events()
    _forget_boots()
    _boot(enums.RESET_CAUSE_UNCORRECTABLE_MEMORY, 0, 9).report(seen)
    uncorrectable = events.MEMORY_UNCORRECTABLE[0]
    assert seen.seen == [
        (uncorrectable, (9,)),
        (events.FAULT_LEVEL[0], (enums.FAULT_LEVEL_REBOOT, enums.FAULT_SCOPE_COMPUTER, uncorrectable)),
    ]
    for cause in (enums.RESET_CAUSE_POWER_ON, enums.RESET_CAUSE_COMMANDED):
        seen = Events()
        _forget_boots()
        _boot(cause).report(seen)
        assert seen.seen == []


def test_a_safe_boot_leaves_instruments_and_recorder_alone():
    bench = Bench()
    for _ in range(2):
        bench = Bench(keep=True, keep_boots=True)
    boot_history_module.hal = hal
    assert hal.pool_get(pool.SAFE_BOOT) == enums.SWITCH_ON
    bench.cycles(30)
    for name, arguments in (
        ("SET_MODE_SAR", (enums.SAR_MODE_INIT,)),
        ("SET_MODE_OPTICAL", (enums.OPTICAL_MODE_STANDBY,)),
        ("SAR_ARM_TRANSMIT", ()),
        ("OPTICAL_MOVE_DOOR", (enums.DOOR_COMMAND_OPEN,)),
        ("RECORDER_REPORT_CATALOGUE", (1, 1)),
    ):
        refused(failures.SAFE_BOOT, bench.handler(name), *arguments)
    bench.command("PING")
    bench.command("REPORT_MODES")
    bench.command("HARD_OFF", enums.INSTRUMENT_SAR)
    catalogue_runs = [a for a in bench.payload.executive._activities if a.run == bench.payload.catalogue.run]
    assert catalogue_runs == [], "an entry left open is not touched"
    reboot_module.hal = _Hal()
    bench.command("LEAVE_SAFE_BOOT")
    bench.cycles(10)
    assert enums.RESET_CAUSE_COMMANDED in reboot_module.hal.resets
    reboot_module.hal = hal
    assert hal.pool_get(pool.SAFE_BOOT) == enums.SWITCH_ON
    bench = Bench(keep=True, keep_boots=True)
    assert hal.pool_get(pool.SAFE_BOOT) == enums.SWITCH_OFF


def test_a_reset_takes_two_steps():
    bench = Bench()
    reboot_module.hal = _Hal()
    refused(failures.NOT_ARMED, bench.handler("RESET"))
    bench.cycles(10)
    assert reboot_module.hal.resets == []
    bench.command("ARM_RESET")
    bench.command("RESET")
    bench.cycles(10)
    assert enums.RESET_CAUSE_COMMANDED in reboot_module.hal.resets
    reboot_module.hal = hal


runner.run(globals())
