"""Builds every object and hands each what it needs; nothing else does."""

import hal

from payload.executive import Activity, Executive
from payload.failure import Failure
from payload.fdir.boot_history import BootHistory
from payload.fdir.corrected_errors import CorrectedErrors
from payload.fdir.escalation import Escalation
from payload.fdir.link_watch import LinkWatch
from payload.fdir.over_current import OverCurrent
from payload.fdir.protection import Protection
from payload.fdir.reboot import Reboot
from payload.fdir.trends import Trends
from payload.instruments.instrument import Waits
from payload.instruments.interlocks import Interlocks, RefuseState, TransmitPermit
from payload.instruments.kept_tables import KeptTables
from payload.instruments.machine import ModeMachine
from payload.instruments.optical import Optical
from payload.instruments.sar import Sar
from payload.instruments.transmit_budget import TransmitBudget
from payload.services.configuration import Configuration
from payload.services.events import Events
from payload.services.fault_levels import FaultLevels
from payload.services.housekeeping import Housekeeping
from payload.services.modes import Modes
from payload.services.optical import OpticalService
from payload.services.platform import Platform
from payload.services.recorder import RecorderService
from payload.services.sar import SarService
from payload.services.test import Test
from payload.services.time_reports import TimeReports
from payload.services.verification import Verification
from payload.storage.catalogue import Catalogue
from payload.storage.entries import Entries
from payload.storage.flash import Flash
from payload.storage.memory_boards import MemoryBoards
from payload.storage.persistent import Persistent
from payload.storage.playback import Playback
from payload.storage.recorder_link import RecorderLink
from payload.storage.recorder_restart import RecorderRestart
from payload.storage.settings import Settings
from payload.tables import enums, events, mission, modes, pool, spacecraft, units
from payload.tmtc.queue import ReportQueue
from payload.tmtc.reports import ReportWriter
from payload.tmtc.router import Router
from payload.units.power import Limiters
from payload.units.unit import Unit

_CYCLES_PER_MINUTE = 600
_TRENDS_PHASE_CYCLES = 300


class Payload:
    """The payload application of one spacecraft, built but not started."""

    def __init__(self, spacecraft_id, bench_build):
        fitted = _fitted(spacecraft_id)
        hal.init(spacecraft_id, bench_build)
        self.persistent = Persistent()
        self.boot_history = BootHistory(self.persistent)
        self.boot_history.count()
        # Not before the boot is counted: boots that hang must lead to a safe boot, and not to hanging for ever.
        hal.watchdog_start(mission.EXECUTIVE_BOOT_WATCHDOG_MS)
        hal.pool_set(pool.SPACECRAFT_ID, spacecraft_id)
        hal.pool_set(pool.BUILD, enums.BUILD_BENCH if bench_build else enums.BUILD_FLIGHT)
        hal.pool_set(
            pool.AUTHENTICATION, enums.AUTHENTICATION_CLEAR if bench_build else enums.AUTHENTICATION_AUTHENTICATED
        )
        hal.pool_set(pool.BOOT_COUNT, hal.boot_count())
        hal.pool_set(pool.RESET_CAUSE, hal.reset_cause())

        self.queue = ReportQueue(mission.LINK_REPORT_QUEUE_OCTETS)
        writer = ReportWriter(self.queue)
        # Before anything is reported. A safe boot is as the dictionary has it.
        self.settings = Settings(self.persistent, not self.boot_history.safe)
        self.events = Events(writer, self.settings)
        verification = Verification(writer)

        self.power_unit = _unit("POWER", pool.POWER_LINK, self.events)
        self.recorder_unit = _unit("RECORDER", pool.RECORDER_LINK, self.events)
        sar_unit = _unit("SAR", pool.SAR_LINK, self.events)
        optical_unit = _unit("OPTICAL", pool.OPTICAL_LINK, self.events)
        self.limiters = Limiters(self.power_unit, self.events)
        recorder_link = RecorderLink(self.recorder_unit)
        self.entries = Entries(self.events, not self.boot_history.safe)
        self.catalogue = Catalogue(recorder_link, self.entries, self.events)

        waits = Waits()
        self.tables = KeptTables(self.events, not self.boot_history.safe)
        budget = TransmitBudget(self.persistent)
        self.permit = TransmitPermit(self.events)
        self.refuse = RefuseState(self.persistent, self.permit, self.boot_history)
        self.playback = Playback(recorder_link, self.entries, self.refuse, self.events)
        checks: dict = {}
        interlocks = Interlocks(checks)

        self.instruments: dict = {}
        sar = optical = None
        if enums.INSTRUMENT_SAR in fitted:
            machine = ModeMachine(
                enums.INSTRUMENT_SAR,
                modes.SAR_MODES,
                modes.SAR_TRANSITIONS,
                pool.SAR_MODE,
                interlocks,
                self.refuse,
                self.events,
            )
            sar = Sar(
                machine, sar_unit, self.limiters, self.catalogue, self.tables, self.permit, budget, waits, self.events
            )
            self.instruments[enums.INSTRUMENT_SAR] = sar
            checks["table_valid"] = sar.require_table
            checks["transmit_permitted"] = sar.require_permit
            checks["outside_zones"] = sar.require_outside_zones
            checks["power_budget"] = sar.require_power
            checks["transmit_budget"] = sar.require_transmit_budget
        if enums.INSTRUMENT_OPTICAL in fitted:
            machine = ModeMachine(
                enums.INSTRUMENT_OPTICAL,
                modes.OPTICAL_MODES,
                modes.OPTICAL_TRANSITIONS,
                pool.OPTICAL_MODE,
                interlocks,
                self.refuse,
                self.events,
            )
            optical = Optical(machine, optical_unit, self.limiters, self.catalogue, waits, self.persistent, self.events)
            self.instruments[enums.INSTRUMENT_OPTICAL] = optical
            checks["image_geometry"] = optical.require_geometry
            checks["imaging_budget"] = optical.require_budget

        def memory_budget(request):
            self.catalogue.require_room()
            # Only a SAR request names a table slot.
            instrument = enums.INSTRUMENT_OPTICAL if request.slot is None else enums.INSTRUMENT_SAR
            self.instruments[instrument].require_memory(request)

        checks["memory_budget"] = memory_budget

        escalation = Escalation(self.persistent, tuple(self.instruments))
        protection = Protection(self.instruments, self.power_unit, self.limiters, self.refuse, escalation, self.events)
        reboot = Reboot(self.persistent, self.permit, self.events)
        housekeeping = Housekeeping(writer, self.settings)
        time_reports = TimeReports(writer, self.settings)
        platform = Platform(
            self.events,
            (
                (sar_unit, units.SAR_CONTROL_TIME_MESSAGE_COARSE),
                (optical_unit, units.OPTICAL_CONTROL_TIME_MESSAGE_COARSE),
                (self.recorder_unit, units.RECORDER_CONTROL_TIME_MESSAGE_COARSE),
            ),
            protection,
        )
        handlers = {}
        for service in (
            housekeeping,
            self.events,
            time_reports,
            Test(writer),
            Modes(writer, self.instruments, self.permit, self.refuse, protection, waits),
            FaultLevels(self.instruments, escalation, reboot, self.boot_history),
            platform,
            Configuration((housekeeping, self.events, time_reports), self.tables, self.refuse, self.boot_history),
        ):
            handlers.update(service.telecommands())
        recorder_restart = RecorderRestart(recorder_link, self.events)
        for science in (
            SarService(writer, sar, self.tables, self.permit, self.refuse),
            OpticalService(optical),
            RecorderService(writer, self.queue, recorder_link, self.entries, self.playback),
            recorder_restart,
        ):
            for name, handler in science.telecommands().items():
                handlers[name] = self.boot_history.refuse if self.boot_history.safe else handler
        self.router = Router(verification, self.queue, handlers, bench_build, reboot)

        over_current = OverCurrent(self.instruments, self.power_unit, self.limiters, self.events)
        for driver in self.instruments.values():
            # Before a unit draws more, and not a cycle later: the limiter waits 20 ms.
            driver.tell_before_drawing(over_current.tell)

        activities = [Activity(self.router.poll)]
        for unit in (self.power_unit, sar_unit, optical_unit, self.recorder_unit):
            activities.append(Activity(unit.sample))
        activities.append(Activity(self.limiters.run))
        activities.append(Activity(hal.pool_refresh))
        if sar is not None:
            activities.append(Activity(sar.run))
        activities.append(Activity(protection.run))
        for driver in self.instruments.values():
            activities.append(Activity(driver.machine.run))
        activities.append(Activity(over_current.run))
        if not self.boot_history.safe:
            activities.append(Activity(self.catalogue.run))
            activities.append(Activity(self.playback.run))
            activities.append(Activity(MemoryBoards(recorder_link, self.events).run, 10, 6))
            activities.append(Activity(recorder_restart.run, 10, 5))
        activities.append(Activity(reboot.run))
        if optical is not None:
            activities.append(Activity(optical.run))
        activities.append(Activity(self.router.resume))
        # Behind all that may store something.
        flash = Flash(self.persistent, self.tables, None if self.boot_history.safe else self.entries)
        activities.append(Activity(flash.run))
        activities.append(Activity(self.permit.run))
        activities.append(Activity(platform.run))
        activities.append(Activity(LinkWatch(self.events).run, 10, 8))
        processor_errors = CorrectedErrors(
            pool.PROCESSOR_ERRORS_CORRECTED, events.PROCESSOR_ERRORS_CORRECTED, self.events
        )
        activities.append(Activity(processor_errors.run, 10, 4))
        activities.append(Activity(escalation.run, 10, 7))
        activities.append(Activity(Trends(self.instruments, self.events).run, _CYCLES_PER_MINUTE, _TRENDS_PHASE_CYCLES))
        activities.append(Activity(self.boot_history.run, _CYCLES_PER_MINUTE, _CYCLES_PER_MINUTE - 1))
        activities.append(Activity(self.events.renew_budget, 10, 9))
        activities.append(Activity(housekeeping.run))
        activities.append(Activity(time_reports.run))
        self.executive = Executive(tuple(activities), self.router, self.queue, self.events, reboot)

    def start(self):
        """Inhibit every actuator, whatever the units were left in, and say that we booted."""
        hal.guard_inhibit()
        self.power_unit.power(True)
        self.recorder_unit.power(True)
        try:
            self.limiters.open_all()
        except Failure as failure:
            self.events.report(events.UNIT_LOST, self.power_unit.node, failure.code)
        self.events.report(events.BOOTED, hal.reset_cause(), hal.boot_count())
        # Before what is more severe: with it the ground knows that the sequence counts begin anew.
        self.queue.pump()
        if not self.boot_history.safe:
            self.entries.report_repairs()
            slots = self.tables.apply()
            self.settings.report_dropped(self.events)
            self.events.report(events.CONFIGURATION_APPLIED, slots, self.settings.applied, self.tables.damaged_cells())
        self.boot_history.report(self.events)


def _fitted(spacecraft_id):
    for profile_id, _, fitted in spacecraft.PROFILES:
        if profile_id == spacecraft_id:
            return fitted
    raise ValueError("no profile for spacecraft 0x%04x" % spacecraft_id)


def _unit(name, link_parameter, event_service):
    housekeeping = (
        getattr(units, name + "_HOUSEKEEPING_ADDRESS"),
        getattr(units, name + "_HOUSEKEEPING_OCTETS"),
        getattr(units, name + "_POOL_FIRST"),
        getattr(units, name + "_POOL_COUNT"),
    )
    return Unit(getattr(units, name + "_NODE"), housekeeping, link_parameter, event_service)


def main():
    """Build and run; returns only when the executive is stopped."""
    payload = Payload(hal.spacecraft_id(), hal.bench_build())
    payload.start()
    payload.executive.run()
