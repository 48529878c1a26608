"""Service 128, fault levels: what the ground does about them besides leaving REFUSE (services/modes.py)."""

from payload.instruments.interlocks import TwoStep
from payload.tables import enums


class FaultLevels:
    """`instruments` maps an instrument's id to its driver."""

    def __init__(self, instruments, escalation, reboot, boot_history):
        self._instruments = instruments
        self._escalation = escalation
        self._reboot = reboot
        self._boot_history = boot_history
        self._two_step = TwoStep()

    def telecommands(self):
        return {
            "CLEAR_FAULT_HISTORY": self._escalation.clear,
            "ARM_RESET": self._two_step.arm,
            "RESET": self.reset,
            "LEAVE_SAFE_BOOT": self.leave_safe_boot,
        }

    def reset(self):
        self._two_step.fire()
        # Ended as by ABORT: a data take that only finds its transmission stopped would end as a fault.
        for driver in self._instruments.values():
            driver.machine.cancel()
        self._reboot.request(enums.RESET_CAUSE_COMMANDED)

    def leave_safe_boot(self):
        self._boot_history.forget()
        self._reboot.request(enums.RESET_CAUSE_COMMANDED)
