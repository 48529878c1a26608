"""From the link to a handler: checks, arguments, verification, and handlers that take time.

A handler is called with the decoded arguments. It returns None when it is done at once, or a
generator. Up to the generator's first yield is the start: what it refuses there is a failed start.
What comes after is resumed at once and then each cycle; it yields 0 to wait and a step number to
report progress, and what it raises is a failed completion.
"""

import hal
from micropython import const

from payload.failure import Failure, Refusal
from payload.tables import enums, failures, mission, pool, telecommands
from payload.tmtc import queue

_HEADER_OCTETS = const(11)
_CRC_OCTETS = const(2)
_REQUEST_ID_OCTETS = const(4)

# Octets the response ring must have free before a telecommand is taken: the reports of one
# telecommand at their longest, and the closing reports of every handler in progress.
_WORST_REPORTS_OCTETS = const(1300)

_FLAG_BENCH_ONLY = const(1)

_ACTIVITY = const(0)  # the router's place in the executive's due-table


class Request:
    """What a verification report needs to know of its telecommand."""

    def __init__(self):
        self.id = bytearray(_REQUEST_ID_OCTETS)
        self.ack = 0
        self.handler = None

    def take(self, packet):
        hal.copy(packet, 0, self.id, 0, _REQUEST_ID_OCTETS)
        self.ack = packet[6] & 0x0F

    def copy(self, other):
        hal.copy(other.id, 0, self.id, 0, _REQUEST_ID_OCTETS)
        self.ack = other.ack


class Router:
    """Takes telecommands off the link and sees each through to its last verification report.

    `reboot` (fdir.reboot) is told of every exception of a handler.
    """

    def __init__(self, verification, report_queue, handlers, bench_build, reboot):
        self._verification = verification
        self._queue = report_queue
        self._bench_build = bench_build
        self._reboot = reboot
        self._packet = bytearray(mission.PACKETS_LARGEST_PACKET_OCTETS)
        self._request = Request()
        self._in_progress = tuple([Request() for _ in range(mission.EXECUTIVE_HANDLERS_AT_ONCE)])
        self._accepted = 0
        self._rejected = 0
        self._deferred = 0
        self._deferring = False
        self._malformed = 0
        self.handled = 0
        for parameter in (pool.TC_ACCEPTED, pool.TC_REJECTED, pool.TC_DEFERRED, pool.LINK_PACKETS_MALFORMED):
            hal.pool_set(parameter, 0)
        self._services = set()
        self._table = {}
        for service, subservice, name, flags, arguments in telecommands.TELECOMMANDS:
            self._services.add(service)
            self._table[service << 8 | subservice] = (handlers[name], flags, arguments)

    def poll(self):
        """Handle what has arrived. False when nothing was taken."""
        taken = False
        while hal.link_pending():
            if self._queue.free(queue.RESPONSE) < _WORST_REPORTS_OCTETS:
                self._queue.pump()
                if self._queue.free(queue.RESPONSE) < _WORST_REPORTS_OCTETS:
                    self._count_deferred()
                    return taken
            self._deferring = False
            length = hal.link_receive(self._packet)
            if length == 0:
                return taken
            taken = True
            self._handle(length)
        return taken

    def resume(self):
        """Once a cycle: give every handler in progress its turn."""
        for request in self._in_progress:
            if request.handler is not None:
                self._advance(request)

    def in_progress(self):
        count = 0
        for request in self._in_progress:
            if request.handler is not None:
                count += 1
        return count

    def _handle(self, length):
        self.handled += 1
        code = hal.tc_check(self._packet, length)
        if code == failures.BAD_LENGTH and hal.failure_detail() < 0:
            # Too short to name a request ID: nobody to answer.
            self._malformed = (self._malformed + 1) & 0xFFFF
            hal.pool_set(pool.LINK_PACKETS_MALFORMED, self._malformed)
            return
        request = self._request
        request.take(self._packet)
        if code == failures.UNKNOWN_APID:
            self._count_rejected()
            self._verification.routing_failure(request, code, hal.failure_detail(), hal.failure_limit())
            return
        if code:
            self._reject(request, code, hal.failure_detail(), hal.failure_limit())
            return
        service = self._packet[7]
        subservice = self._packet[8]
        entry = self._table.get(service << 8 | subservice)
        if entry is None:
            if service in self._services:
                self._reject(request, failures.UNKNOWN_SUBSERVICE, subservice, service)
            else:
                self._reject(request, failures.UNKNOWN_SERVICE, service, 0)
            return
        handler, flags, specification = entry
        if flags & _FLAG_BENCH_ONLY and not self._bench_build:
            self._reject(request, failures.NOT_IN_THIS_BUILD, 0, 0)
            return
        try:
            arguments = self._decode(specification, length - _CRC_OCTETS)
        except Refusal as refusal:
            self._reject(request, refusal.code, refusal.detail, refusal.limit)
            return
        self._execute(request, handler, arguments)

    def _decode(self, specification, end):
        """The arguments as a list; raises Refusal naming the argument that is wrong."""
        packet = self._packet
        offset = _HEADER_OCTETS
        arguments: list = []
        for number, (type_code, list_max, minimum, maximum, allowed) in enumerate(specification, 1):
            octets = hal.octets(type_code)
            count = 1
            if list_max:
                if offset + 1 > end:
                    raise Refusal(failures.ARGUMENTS_TOO_SHORT, end - _HEADER_OCTETS, offset + 1 - _HEADER_OCTETS)
                count = packet[offset]
                offset += 1
                if count == 0 or count > list_max:
                    raise Refusal(failures.ARGUMENT_OUT_OF_RANGE, count, number)
            if offset + count * octets > end:
                raise Refusal(
                    failures.ARGUMENTS_TOO_SHORT, end - _HEADER_OCTETS, offset + count * octets - _HEADER_OCTETS
                )
            if type_code == hal.CUC:
                arguments.append(bytes(packet[offset : offset + octets]))
                offset += octets
            else:
                values = []
                for _ in range(count):
                    value = hal.get(type_code, packet, offset)
                    offset += octets
                    if (
                        (minimum is not None and value < minimum)
                        or (maximum is not None and value > maximum)
                        or (allowed is not None and value not in allowed)
                    ):
                        raise Refusal(failures.ARGUMENT_OUT_OF_RANGE, _int32(value), number)
                    values.append(value)
                arguments.append(values if list_max else values[0])
        if offset != end:
            raise Refusal(failures.ARGUMENTS_TOO_LONG, end - _HEADER_OCTETS, offset - _HEADER_OCTETS)
        return arguments

    def _execute(self, request, handler, arguments):
        self._accepted = (self._accepted + 1) & 0xFFFF
        hal.pool_set(pool.TC_ACCEPTED, self._accepted)
        self._verification.accepted(request)
        try:
            generator = handler(*arguments)
            if generator is None:
                self._verification.started(request)
                self._verification.completed(request)
                return
            slot = self._free_slot()
            if slot is None:
                raise Refusal(failures.TOO_MANY_HANDLERS, len(self._in_progress), len(self._in_progress))
            next(generator)
        except (Refusal, Failure) as failure:
            self._verification.start_failure(request, failure.code, failure.detail, failure.limit)
            return
        except Exception as error:
            self._verification.start_failure(request, failures.HANDLER_FAULT, self._software_fault(error), 0)
            return
        self._verification.started(request)
        slot.copy(request)
        slot.handler = generator
        self._advance(slot)

    def _advance(self, request):
        try:
            step = next(request.handler)
        except StopIteration:
            request.handler = None
            self._verification.completed(request)
        except (Refusal, Failure) as failure:
            request.handler = None
            self._verification.completion_failure(request, failure.code, failure.detail, failure.limit)
        except Exception as error:
            request.handler = None
            self._verification.completion_failure(request, failures.HANDLER_FAULT, self._software_fault(error), 0)
        else:
            if step:
                self._verification.progress(request, step)

    def _software_fault(self, error):
        """An exception of a handler counts toward a reboot as one of an activity does; its kind is returned."""
        fault = enums.SOFTWARE_FAULT_EXCEPTION
        if isinstance(error, MemoryError):
            fault = enums.SOFTWARE_FAULT_MEMORY
        else:
            hal.console(repr(error) + "\n")
        self._reboot.fault(fault, _ACTIVITY)
        return fault

    def _free_slot(self):
        for request in self._in_progress:
            if request.handler is None:
                return request
        return None

    def _reject(self, request, code, detail, limit):
        self._count_rejected()
        self._verification.acceptance_failure(request, code, detail, limit)

    def _count_deferred(self):
        """Once for the telecommand that waits, however often it is looked at."""
        if not self._deferring:
            self._deferring = True
            self._deferred = (self._deferred + 1) & 0xFFFF
            hal.pool_set(pool.TC_DEFERRED, self._deferred)

    def _count_rejected(self):
        self._rejected = (self._rejected + 1) & 0xFFFF
        hal.pool_set(pool.TC_REJECTED, self._rejected)


def _int32(value):
    """The value as the failure report's signed field carries it."""
    return value - 0x100000000 if value > 0x7FFFFFFF else value
