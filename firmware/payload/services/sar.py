"""Service 129, SAR: acquisition tables, the two-step transmit permit, data takes."""

import hal

from payload.failure import Refusal
from payload.tables import enums, failures, reports
from payload.tmtc import queue


class SarService:
    """`sar` is None when no SAR is fitted."""

    def __init__(self, writer, sar, slots, permit, refuse):
        self._writer = writer
        self._sar = sar
        self._slots = slots
        self._permit = permit
        self._refuse = refuse

    def telecommands(self):
        return {
            "SAR_LOAD_TABLE": self.load_table,
            "SAR_CLEAR_TABLE": self.clear_table,
            "SAR_REPORT_TABLE": self.report_table,
            "SAR_ARM_TRANSMIT": self.arm_transmit,
            "SAR_PERMIT_TRANSMIT": self.permit_transmit,
            "SAR_INHIBIT_TRANSMIT": self._permit.inhibit,
            "SAR_START_DATA_TAKE": self.start_data_take,
        }

    def load_table(self, slot, *values):
        self._require_fitted()
        self._refuse.require_clear()
        return self._slots.keep(slot, values)

    def clear_table(self, slot):
        self._require_fitted()
        self._refuse.require_clear()
        return self._slots.clear(slot)

    def report_table(self, slot):
        block = self._slots.block(slot)
        yield 0
        writer = self._writer
        writer.begin(*reports.SAR_TABLE)
        writer.field(hal.U8, slot)
        writer.octets(block, 0, len(block))
        writer.end(queue.RESPONSE)

    def arm_transmit(self):
        self._require_fitted()
        self._refuse.require_clear()
        self._permit.arm()

    def permit_transmit(self, takes, valid_s):
        self._require_fitted()
        self._refuse.require_clear()
        self._permit.permit(takes, valid_s)

    def start_data_take(self, task_id, slot, priority, start):
        self._require_fitted()
        return self._sar.start_data_take(task_id, slot, priority, start)

    def _require_fitted(self):
        if self._sar is None:
            raise Refusal(failures.NOT_FITTED, enums.INSTRUMENT_SAR)
