"""The recorder's memory: a board whose writes fail again and again is taken out of use by itself, and bit errors
that were corrected are counted and told of.

Terra 2021 recorded to dead boards until the ground noticed.
"""

import hal
from micropython import const

from payload.failure import Failure
from payload.fdir.corrected_errors import CorrectedErrors
from payload.tables import enums, events, mission, pool

_TRIES = const(3)
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
        self._corrected = CorrectedErrors(pool.RECORDER_CORRECTED_ERRORS, events.MEMORY_ERRORS_CORRECTED, event_service)
        self._told = 0
        self._boots = 0
        self._tries = bytearray(len(_ERRORS))

    def run(self):
        """Once a second: so that a command shows in the samples before it is given again."""
        if not hal.pool_valid(pool.RECORDER_BOARDS_IN_USE) or not self._link.ready():
            return
        self._corrected.run()
        in_use = hal.pool_get(pool.RECORDER_BOARDS_IN_USE)
        self._told &= ~in_use
        self._try_again_after_a_restart()
        for board in range(len(_ERRORS)):
            bit = 1 << board
            errors = hal.pool_get(_ERRORS[board])
            if errors < mission.RECORDER_QUARANTINE_ERRORS:
                self._tries[board] = 0
                continue
            if not in_use & bit:
                self._tries[board] = 0
                if not self._told & bit:
                    self._told |= bit
                    self._events.report(events.BOARD_QUARANTINED, board, errors)
            elif in_use != bit and self._tries[board] <= _TRIES:
                # The last board stays: what can be written is better than nothing.
                self._tries[board] += 1
                if self._tries[board] <= _TRIES:
                    self._quarantine(board)
                    return
                # The recorder does not obey; what it does with another board is to be seen yet.
                self._events.report(events.BOARD_NOT_QUARANTINED, board, errors)

    def _try_again_after_a_restart(self):
        boots = hal.pool_get(pool.RECORDER_BOOTS)
        if boots != self._boots:
            self._boots = boots
            for board in range(len(_ERRORS)):
                self._tries[board] = 0

    def _quarantine(self, board):
        try:
            self._link.command_board(enums.RECORDER_COMMAND_QUARANTINE_BOARD, board)
        except Failure as failure:
            hal.console("board not quarantined: failure %d\n" % failure.code)
