"""Service 130, optical instrument: the door and images."""

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
        }

    def move_door(self, position):
        return self._fitted().move_door(position)

    def start_image(self, task_id, mode, priority, start, *settings):
        return self._fitted().start_image(task_id, mode, priority, start, settings)

    def test_door(self):
        return self._fitted().test_door()

    def _fitted(self):
        if self._optical is None:
            raise Refusal(failures.NOT_FITTED, enums.INSTRUMENT_OPTICAL)
        return self._optical
