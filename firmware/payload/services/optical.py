"""Service 130, optical instrument: door, images, calibrations, focus, decontamination."""

from payload.failure import Refusal
from payload.tables import enums, failures


class OpticalService:
    """`optical` is None when no optical instrument is fitted."""

    def __init__(self, optical):
        self._optical = optical

    def telecommands(self):
        return {
            "OPTICAL_MOVE_DOOR": self.move_door,
            "OPTICAL_START_IMAGE": self.start_image,
            "OPTICAL_TEST_DOOR": self.test_door,
            "OPTICAL_START_CALIBRATION": self.start_calibration,
            "OPTICAL_SET_FOCUS": self.set_focus,
            "OPTICAL_DECONTAMINATE": self.decontaminate,
        }

    def move_door(self, position):
        return self._fitted().move_door(position)

    def start_image(self, task_id, mode, priority, start, roll, pitch, strips, interval_ms, roll_step, *settings):
        geometry = (roll, pitch, strips, interval_ms, roll_step)
        return self._fitted().start_image(task_id, mode, priority, start, geometry, settings)

    def start_calibration(self, task_id, mode, priority, start, *settings):
        return self._fitted().start_calibration(task_id, mode, priority, start, settings)

    def set_focus(self, steps):
        return self._fitted().set_focus(steps)

    def decontaminate(self, duration_h):
        return self._fitted().decontaminate(duration_h)

    def test_door(self):
        return self._fitted().test_door()

    def _fitted(self):
        if self._optical is None:
            raise Refusal(failures.NOT_FITTED, enums.INSTRUMENT_OPTICAL)
        return self._optical
