"""The cyclic executive: a due-table of activities at 10 Hz, the supervisor and the watchdog.

Each cycle runs the activities that are due, in the table's order; what is left of the cycle goes to
telecommands as they arrive and to collecting the garbage they leave. The supervisor feeds the
watchdog only when every activity has made progress.
"""

import gc

import hal
from micropython import const

from payload.tables import enums, events, mission, pool

_TICKS_MASK = const(0x3FFFFFFF)
_COLLECT_BELOW_OCTETS = const(98304)
# Looking at the heap is the longest step of a cycle in which it is done: apart from the reports.
_MEMORY_PERIOD_CYCLES = const(100)
_MEMORY_PHASE_CYCLES = const(6)
_LARGEST_U16 = const(0xFFFF)
_ROUTER = const(0)  # its place in the due-table


class Activity:
    """One row of the due-table: run() every `period_cycles`, first in cycle `phase_cycles`."""

    def __init__(self, run, period_cycles=1, phase_cycles=0):
        self.run = run
        self.period_cycles = period_cycles
        self.phase_cycles = phase_cycles
        self.done_cycle = phase_cycles - period_cycles


class Executive:
    """`reboot` (fdir.reboot) is told of every exception."""

    def __init__(self, activities, router, report_queue, event_service, reboot):
        self._activities = activities
        self._router = router
        self._queue = report_queue
        self._events = event_service
        self._reboot = reboot
        self._handled = 0
        self._worst_us = 0
        self._overruns = 0
        self._was_over = False
        self._behind = False
        self.cycles = 0
        self.stopped = False
        hal.pool_set(pool.CYCLE_WORST_US, 0)
        hal.pool_set(pool.CYCLE_OVERRUNS, 0)

    def run(self):
        """Run until stop(). From here on the watchdog waits for cycles, no more for the boot."""
        hal.watchdog_start(mission.EXECUTIVE_WATCHDOG_MS)
        next_ms = hal.ticks_ms()
        while not self.stopped:
            self.cycle()
            next_ms = (next_ms + mission.EXECUTIVE_CYCLE_MS) & _TICKS_MASK
            if hal.ticks_diff(next_ms, hal.ticks_ms()) < 0:
                # Too late for the next instant: start anew from now, without a burst of cycles.
                next_ms = hal.ticks_ms()
            self.slack(next_ms)

    def stop(self):
        self.stopped = True

    def cycle(self):
        """One control cycle."""
        started_us = hal.ticks_us()
        number = self.cycles
        activities = self._activities
        count = len(activities)
        note = hal.note_activity
        index = 0
        while index < count:
            # One block for as many activities as come to their end: entering it is not free.
            try:
                while index < count:
                    activity = activities[index]
                    period = activity.period_cycles
                    if period == 1 or number % period == activity.phase_cycles:
                        note(index)
                        activity.run()
                        activity.done_cycle = number
                    index += 1
            except Exception as error:
                self._fault(index, error)
                self._behind = True
                index += 1
        if not self._behind or self._progress(number):
            hal.guard_heartbeat()
            hal.watchdog_feed()
        self._queue.pump()
        if number % _MEMORY_PERIOD_CYCLES == _MEMORY_PHASE_CYCLES:
            hal.pool_set(pool.MEM_FREE_OCTETS, hal.heap_free())
            hal.pool_set(pool.MEM_LARGEST_FREE_OCTETS, hal.heap_largest_free())
        self.cycles = number + 1
        self._account(hal.ticks_diff(hal.ticks_us(), started_us))

    def slack(self, until_ms):
        """Until the next cycle: telecommands as they arrive, then garbage."""
        router = self._router
        if router.handled != self._handled and hal.heap_free() < _COLLECT_BELOW_OCTETS:
            self._handled = router.handled
            gc.collect()
        while hal.idle(until_ms):
            if not self._poll():
                # Nothing could be taken (a part of a frame, no room for reports, or a fault): wait the cycle out.
                self._queue.pump()
                hal.sleep(until_ms)
                return
            self._queue.pump()

    def _progress(self, number):
        """Has every activity done its work within its period? Looked at from a fault on until all have caught up."""
        progress = True
        self._behind = False
        for activity in self._activities:
            lag = number - activity.done_cycle
            if lag >= activity.period_cycles:
                self._behind = True
            if lag > activity.period_cycles:
                progress = False
        return progress

    def _account(self, cycle_us):
        over = cycle_us > mission.EXECUTIVE_CYCLE_MS * 1000
        if cycle_us > self._worst_us:
            self._worst_us = cycle_us
            hal.pool_set(pool.CYCLE_WORST_US, cycle_us)
        if over:
            self._overruns = min(self._overruns + 1, _LARGEST_U16)
            hal.pool_set(pool.CYCLE_OVERRUNS, self._overruns)
            if not self._was_over:
                self._events.report(events.CYCLE_OVERRUN, cycle_us)
        self._was_over = over
        hal.pool_set(pool.CYCLES, self.cycles)

    def _poll(self):
        """The router's poll; a fault in it ends neither the cycle nor the application."""
        try:
            return self._router.poll()
        except Exception as error:
            self._fault(_ROUTER, error)
            return False

    def _fault(self, index, error):
        fault = enums.SOFTWARE_FAULT_MEMORY if isinstance(error, MemoryError) else enums.SOFTWARE_FAULT_EXCEPTION
        hal.console("activity fault\n")
        self._events.report(events.HANDLER_FAULT, fault, index)
        self._reboot.fault(fault, index)
