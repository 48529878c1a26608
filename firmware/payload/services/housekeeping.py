"""Service 3, housekeeping: periodic reports of structures of the parameter pool."""

import hal
from micropython import const

from payload.failure import Refusal
from payload.storage.settings import argument_range
from payload.tables import failures, housekeeping, persistent, reports
from payload.tmtc import queue

_IS_KEPT = const(1)
_ENABLED = const(2)
_PERIOD_SHIFT = const(2)
_LARGEST_KEPT = const(0x3FFFF)  # a period of 16 bits


class _Structure:
    """`key` is that of its period and whether it is enabled, when they are not the dictionary's."""

    def __init__(self, first_cycle, key, structure_id, period_cycles, enabled, indices, count):
        self.id = structure_id
        self.key = key
        self.default = (period_cycles, enabled)
        self.period_cycles = period_cycles
        self.enabled = enabled
        self.indices = indices
        self.count = count
        self.due_in_cycles = first_cycle


class Housekeeping:
    """`settings` is storage.settings': what was configured before a reset is in force again from the start."""

    def __init__(self, writer, settings):
        self._writer = writer
        self._settings = settings
        # Each in a cycle of its own from the start on, as far as their periods allow.
        self._structures = tuple(
            [
                _Structure(number, persistent.HOUSEKEEPING_KEYS[number - 1], *entry)
                for number, entry in enumerate(housekeeping.STRUCTURES, 1)
            ]
        )
        for structure in self._structures:
            self._apply(structure)

    def telecommands(self):
        return {
            "HOUSEKEEPING_ENABLE": self.enable,
            "HOUSEKEEPING_DISABLE": self.disable,
            "HOUSEKEEPING_REPORT_STRUCTURES": self.report_structures,
            "HOUSEKEEPING_ONE_SHOT": self.one_shot,
            "HOUSEKEEPING_SET_PERIOD": self.set_period,
        }

    def run(self):
        """Once a cycle: report the structures that are due."""
        for structure in self._structures:
            if structure.enabled:
                structure.due_in_cycles -= 1
                if structure.due_in_cycles <= 0:
                    structure.due_in_cycles = structure.period_cycles
                    self._report(structure, queue.PERIODIC)

    def restore(self):
        """As the dictionary has it."""
        for structure in self._structures:
            structure.period_cycles, structure.enabled = structure.default
            structure.due_in_cycles = 1
            self._keep(structure)

    def enable(self, structure_ids):
        for structure in self._find_all(structure_ids):
            structure.enabled = 1
            structure.due_in_cycles = 1
            self._keep(structure)

    def disable(self, structure_ids):
        for structure in self._find_all(structure_ids):
            structure.enabled = 0
            self._keep(structure)

    def one_shot(self, structure_ids):
        structures = self._find_all(structure_ids)
        yield 0
        for structure in structures:
            self._report(structure, queue.RESPONSE)

    def set_period(self, structure_id, period_cycles):
        structure = self._find(structure_id)
        structure.period_cycles = period_cycles
        structure.due_in_cycles = 1
        self._keep(structure)

    def report_structures(self, structure_ids):
        structures = self._find_all(structure_ids)
        yield 0
        for structure in structures:
            writer = self._writer
            writer.begin(*reports.HOUSEKEEPING_STRUCTURE)
            writer.field(hal.U8, structure.id)
            writer.field(hal.U8, structure.enabled)
            writer.field(hal.U16, structure.period_cycles)
            writer.field(hal.U8, structure.count)
            writer.octets(structure.indices, 0, len(structure.indices))
            writer.end(queue.RESPONSE)

    def _apply(self, structure):
        """At boot: what was configured of it, when it is legal."""
        kept = self._settings.kept(structure.key)
        if not kept:
            return
        lowest, highest = argument_range("HOUSEKEEPING_SET_PERIOD", 1)
        period_cycles = kept >> _PERIOD_SHIFT
        if not kept & _IS_KEPT or kept > _LARGEST_KEPT or not lowest <= period_cycles <= highest:
            self._settings.drop(structure.key)
            return
        structure.period_cycles = period_cycles
        structure.enabled = 1 if kept & _ENABLED else 0
        self._settings.count()

    def _keep(self, structure):
        kept = 0
        if (structure.period_cycles, structure.enabled) != structure.default:
            kept = structure.period_cycles << _PERIOD_SHIFT | (_ENABLED if structure.enabled else 0) | _IS_KEPT
        self._settings.keep(structure.key, kept)

    def _report(self, structure, report_class):
        self._writer.begin(reports.HOUSEKEEPING[0], reports.HOUSEKEEPING[1])
        self._writer.field(hal.U8, structure.id)
        self._writer.pool(structure.indices)
        self._writer.end(report_class)

    def _find(self, structure_id):
        for structure in self._structures:
            if structure.id == structure_id:
                return structure
        raise Refusal(failures.NO_SUCH_STRUCTURE, structure_id)

    def _find_all(self, structure_ids):
        # Every ID is looked up before anything changes: all or nothing.
        return [self._find(structure_id) for structure_id in structure_ids]
