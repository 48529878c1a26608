"""Service 3, housekeeping: periodic reports of structures of the parameter pool."""

import hal

from payload.failure import Refusal
from payload.tables import failures, housekeeping, reports
from payload.tmtc import queue


class _Structure:
    def __init__(self, first_cycle, structure_id, period_cycles, enabled, indices, count):
        self.id = structure_id
        self.period_cycles = period_cycles
        self.enabled = enabled
        self.indices = indices
        self.count = count
        self.due_in_cycles = first_cycle


class Housekeeping:
    def __init__(self, writer):
        self._writer = writer
        # Each in a cycle of its own from the start on, as far as their periods allow.
        self._structures = tuple(
            [_Structure(number, *entry) for number, entry in enumerate(housekeeping.STRUCTURES, 1)]
        )

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

    def enable(self, structure_ids):
        for structure in self._find_all(structure_ids):
            structure.enabled = 1
            structure.due_in_cycles = 1

    def disable(self, structure_ids):
        for structure in self._find_all(structure_ids):
            structure.enabled = 0

    def one_shot(self, structure_ids):
        structures = self._find_all(structure_ids)
        yield 0
        for structure in structures:
            self._report(structure, queue.RESPONSE)

    def set_period(self, structure_id, period_cycles):
        structure = self._find(structure_id)
        structure.period_cycles = period_cycles
        structure.due_in_cycles = 1

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
