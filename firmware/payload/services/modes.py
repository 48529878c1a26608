"""Service 128, instrument modes: transitions, abort, hard-off, and the way out of REFUSE."""

import hal

from payload.failure import Refusal
from payload.tables import enums, events, failures, pool, reports
from payload.tmtc import queue


class Modes:
    """`instruments` maps an instrument's id to its driver; one that is not fitted is absent."""

    def __init__(self, writer, instruments, permit, refuse, protection, waits):
        self._writer = writer
        self._instruments = instruments
        self._permit = permit
        self._refuse = refuse
        self._protection = protection
        self._waits = waits

    def telecommands(self):
        return {
            "SET_MODE_SAR": self.set_mode_sar,
            "SET_MODE_OPTICAL": self.set_mode_optical,
            "REPORT_MODES": self.report_modes,
            "ABORT": self.abort,
            "HARD_OFF": self.hard_off,
            "ARM_SAFE_EXIT": self._refuse.arm_exit,
            "SAFE_EXIT": self.safe_exit,
            "SET_BENCH_WAIT": self.set_bench_wait,
        }

    def set_mode_sar(self, mode):
        driver = self._driver(enums.INSTRUMENT_SAR)
        if mode == enums.SAR_MODE_SAFE:
            return self._protection.safe_by_command(driver)
        return driver.machine.go_to(mode)

    def set_mode_optical(self, mode):
        driver = self._driver(enums.INSTRUMENT_OPTICAL)
        if mode == enums.OPTICAL_MODE_SAFE:
            return self._protection.safe_by_command(driver)
        return driver.machine.go_to(mode)

    def report_modes(self):
        yield 0
        writer = self._writer
        writer.begin(*reports.MODES)
        writer.field(hal.U8, hal.pool_get(pool.SAR_MODE))
        writer.field(hal.U8, hal.pool_get(pool.OPTICAL_MODE))
        writer.field(hal.U8, hal.pool_get(pool.REFUSE))
        writer.field(hal.U16, hal.pool_get(pool.SAFING_CAUSE))
        writer.field(hal.U8, hal.pool_get(pool.TRANSMIT_PERMIT))
        writer.end(queue.RESPONSE)

    def abort(self, instrument):
        driver = self._driver(instrument)
        if not driver.cancel():
            raise driver.machine.not_allowed()

    def hard_off(self, instrument):
        self._driver(instrument).machine.hard_off(events.SAFE_COMMANDED[0])

    def safe_exit(self):
        self._refuse.exit(self._protection)

    def set_bench_wait(self, wait, wait_ms):
        if wait == enums.BENCH_WAIT_SAR_WARMUP:
            self._waits.sar_warmup_ms = wait_ms
        elif wait == enums.BENCH_WAIT_OPTICAL_STABILISATION:
            self._waits.optical_stabilisation_ms = wait_ms
        elif wait == enums.BENCH_WAIT_SAR_SAFE:
            self._waits.sar_safe_ms = wait_ms
        elif wait == enums.BENCH_WAIT_SAR_ABORT:
            self._waits.sar_abort_ms = wait_ms
        elif wait == enums.BENCH_WAIT_TAKE_END:
            self._waits.take_end_ms = wait_ms
        elif wait == enums.BENCH_WAIT_TAKE_BEGIN:
            self._waits.take_begin_ms = wait_ms
        elif wait == enums.BENCH_WAIT_OPTICAL_SAFE:
            self._waits.optical_safe_ms = wait_ms
        elif wait == enums.BENCH_WAIT_OPTICAL_ABORT:
            self._waits.optical_abort_ms = wait_ms
        else:
            self._waits.decontamination_hour_ms = wait_ms

    def _driver(self, instrument):
        driver = self._instruments.get(instrument)
        if driver is None:
            raise Refusal(failures.NOT_FITTED, instrument)
        return driver
