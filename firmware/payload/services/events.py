"""Service 5, events: a budget per severity, so that a flood never hides what is severe."""

import hal

from payload.failure import Refusal
from payload.tables import events, failures, mission, persistent, pool, reports
from payload.tmtc import queue

_SERVICE = 5
_HIGH = 4
_CLASSES = (queue.INFORMATIVE, queue.LOW, queue.MEDIUM, queue.HIGH)
_LOST = (
    pool.REPORTS_LOST_INFORMATIVE,
    pool.REPORTS_LOST_LOW,
    pool.REPORTS_LOST_MEDIUM,
    pool.REPORTS_LOST_HIGH,
)


class Events:
    """`settings` is storage.settings': what was disabled before a reset is so again from the first event on."""

    def __init__(self, writer, settings):
        self._writer = writer
        self._settings = settings
        self._budget = (
            mission.LINK_EVENT_BUDGET_PER_SECOND_INFORMATIVE,
            mission.LINK_EVENT_BUDGET_PER_SECOND_LOW,
            mission.LINK_EVENT_BUDGET_PER_SECOND_MEDIUM,
            mission.LINK_EVENT_BUDGET_PER_SECOND_HIGH,
        )
        self._spent = [0, 0, 0, 0]
        self._dropped = [0, 0, 0, 0]
        self._lost = [0, 0, 0, 0]
        self._severities = {}
        self._disabled = {}
        for parameter in _LOST:
            hal.pool_set(parameter, 0)
        for event_id, severity, _ in events.EVENTS:
            self._severities[event_id] = severity
            self._disabled[event_id] = False
        self._apply()

    def telecommands(self):
        return {
            "EVENT_ENABLE": self.enable,
            "EVENT_DISABLE": self.disable,
            "EVENT_REPORT_DISABLED": self.report_disabled,
        }

    def report(self, event, first=0, second=0, third=0):
        """Report an event of tables.events with its fields in the dictionary's order."""
        event_id, severity, types = event
        if self._disabled[event_id]:
            return
        level = severity - 1
        if self._spent[level] >= self._budget[level]:
            self._dropped[level] += 1
            return
        self._spent[level] += 1
        writer = self._writer
        writer.begin(_SERVICE, severity)
        writer.field(hal.U16, event_id)
        if len(types) > 0:
            writer.field(types[0], first)
        if len(types) > 1:
            writer.field(types[1], second)
        if len(types) > 2:
            writer.field(types[2], third)
        if not writer.end(_CLASSES[level]):
            self._lost[level] = (self._lost[level] + 1) & 0xFFFF
            hal.pool_set(_LOST[level], self._lost[level])

    def renew_budget(self):
        """Once a second: say what was dropped, then start a new budget."""
        for level in range(4):
            self._spent[level] = 0
        for level in range(4):
            dropped = self._dropped[level]
            if dropped:
                self._dropped[level] = 0
                self.report(events.EVENTS_DROPPED, level + 1, min(dropped, 0xFFFF))

    def enable(self, event_ids):
        self._check(event_ids)
        for event_id in event_ids:
            self._disabled[event_id] = False
            self._keep(event_id, False)

    def disable(self, event_ids):
        self._check(event_ids)
        for event_id in event_ids:
            if self._severities[event_id] == _HIGH:
                raise Refusal(failures.EVENT_NOT_DISABLEABLE, event_id)
        for event_id in event_ids:
            self._disabled[event_id] = True
            self._keep(event_id, True)

    def restore(self):
        """As the dictionary has it: every event enabled."""
        for event_id in self._disabled:
            self._disabled[event_id] = False
        for key in persistent.EVENT_KEYS.values():
            self._settings.keep(key, 0)

    def report_disabled(self):
        yield 0
        disabled = sorted([event_id for event_id in self._disabled if self._disabled[event_id]])
        writer = self._writer
        writer.begin(*reports.EVENT_DISABLED_LIST)
        writer.field(hal.U8, len(disabled))
        for event_id in disabled:
            writer.field(hal.U16, event_id)
        writer.end(queue.RESPONSE)

    def _apply(self):
        """At boot: disable what was disabled; a bit that stands for no event that can be is dropped."""
        for group, key in persistent.EVENT_KEYS.items():
            kept = self._settings.kept(key)
            rest = 0
            for bit in range(persistent.EVENTS_PER_KEY):
                event_id = group * persistent.EVENTS_PER_KEY + bit
                if kept >> bit & 1 and self._severities.get(event_id, _HIGH) != _HIGH:
                    self._disabled[event_id] = True
                    self._settings.count()
                    rest |= 1 << bit
            if kept != rest:
                self._settings.drop(key, rest)

    def _keep(self, event_id, disabled):
        key = persistent.EVENT_KEYS[event_id // persistent.EVENTS_PER_KEY]
        bit = 1 << event_id % persistent.EVENTS_PER_KEY
        noted = self._settings.noted(key) & ~bit
        self._settings.keep(key, noted | bit if disabled else noted)

    def _check(self, event_ids):
        for event_id in event_ids:
            if event_id not in self._severities:
                raise Refusal(failures.NO_SUCH_EVENT, event_id)
