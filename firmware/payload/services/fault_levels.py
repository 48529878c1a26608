"""Service 128, fault levels: what the ground does about them besides leaving REFUSE (services/modes.py)."""


class FaultLevels:
    def __init__(self, escalation):
        self._escalation = escalation

    def telecommands(self):
        return {"CLEAR_FAULT_HISTORY": self._escalation.clear}
