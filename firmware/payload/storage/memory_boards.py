"""The recorder's memory: a board whose writes fail again and again is taken out of use by itself, and bit errors
that were corrected are counted and told of.

Terra 2021 recorded to dead boards until the ground noticed.
"""

import hal

from payload.failure import Failure
from payload.tables import enums, events, mission, pool

_ERRORS = (
    pool.RECORDER_BOARD_0_ERRORS,
    pool.RECORDER_BOARD_1_ERRORS,
    pool.RECORDER_BOARD_2_ERRORS,
    pool.RECORDER_BOARD_3_ERRORS,
)


class MemoryBoards:
    def __init__(self, link, event_service):
        self._link = link
        self._events = event_service
        self._told = 0
        self._errors = 0
        self._quiet_s = 0

    def run(self):
        """Once a second: so that a command shows in the samples before it is given again."""
        if not hal.pool_valid(pool.RECORDER_BOARDS_IN_USE) or not self._link.ready():
            return
        self._look_at_corrected()
        in_use = hal.pool_get(pool.RECORDER_BOARDS_IN_USE)
        self._told &= ~in_use
        for board in range(len(_ERRORS)):
            bit = 1 << board
            errors = hal.pool_get(_ERRORS[board])
            if errors < mission.RECORDER_QUARANTINE_ERRORS:
                continue
            if not in_use & bit:
                if not self._told & bit:
                    self._told |= bit
                    self._events.report(events.BOARD_QUARANTINED, board, errors)
            elif in_use != bit:
                # The last board stays: what can be written is better than nothing.
                self._quarantine(board)
                return

    def _look_at_corrected(self):
        """Fault level 0: an event when errors were corrected, at most once a period."""
        errors = hal.pool_get(pool.RECORDER_CORRECTED_ERRORS)
        if errors < self._errors:
            # The recorder started anew.
            self._errors = 0
        if self._quiet_s:
            self._quiet_s -= 1
        elif errors > self._errors:
            self._events.report(events.MEMORY_ERRORS_CORRECTED, errors - self._errors, errors)
            self._errors = errors
            self._quiet_s = mission.RECORDER_CORRECTED_ERRORS_PERIOD_S

    def _quarantine(self, board):
        try:
            self._link.command_board(enums.RECORDER_COMMAND_QUARANTINE_BOARD, board)
        except Failure as failure:
            hal.console("board not quarantined: failure %d\n" % failure.code)
