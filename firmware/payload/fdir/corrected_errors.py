"""Fault level 0: errors that a memory corrected are counted and told of, at most once a period."""

import hal

from payload.tables import mission


class CorrectedErrors:
    """`parameter` counts them since the memory's start; `event` tells of how many more, and of the total."""

    def __init__(self, parameter, event, event_service):
        self._parameter = parameter
        self._event = event
        self._events = event_service
        self._errors = 0
        self._quiet_s = 0

    def run(self):
        """Once a second."""
        errors = hal.pool_get(self._parameter)
        if errors < self._errors:
            # What counts started anew.
            self._errors = 0
        if self._quiet_s:
            self._quiet_s -= 1
        elif errors > self._errors:
            self._events.report(self._event, errors - self._errors, errors)
            self._errors = errors
            self._quiet_s = mission.FAULT_LEVELS_CORRECTED_ERRORS_PERIOD_S
