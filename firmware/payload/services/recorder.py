"""Service 131, recorder: the catalogue, one report an entry."""

from micropython import const

from payload.failure import Refusal
from payload.tables import failures, reports, units
from payload.tmtc import queue

_ROOM_OCTETS = const(200)


class RecorderService:
    def __init__(self, writer, report_queue, catalogue):
        self._writer = writer
        self._queue = report_queue
        self._catalogue = catalogue

    def telecommands(self):
        return {"RECORDER_REPORT_CATALOGUE": self.report_catalogue}

    def report_catalogue(self, first_entry, entries):
        present = self._catalogue.entries()
        last_entry = first_entry + entries - 1
        if last_entry > present:
            raise Refusal(failures.NO_SUCH_ENTRY, last_entry, present)
        yield 0
        for entry_id in range(first_entry, last_entry + 1):
            while self._queue.free(queue.RESPONSE) < _ROOM_OCTETS:
                yield 0
            yield from self._catalogue.read(entry_id)
            self._writer.begin(*reports.CATALOGUE_ENTRY)
            self._writer.octets(self._catalogue.entry, 0, units.CATALOGUE_ENTRY_OCTETS)
            self._writer.end(queue.RESPONSE)
