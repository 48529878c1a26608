"""The guards of the firmware that a named test finds weakened, and what is none; the checker's are in weakenings.py."""

from tests.safety.instrument_weakenings import DRIVERS
from tests.safety.protection_weakenings import FAULT_PROTECTION
from tests.safety.recorder_weakenings import DATA
from tests.safety.request_weakenings import REQUESTS
from tests.safety.upkeep_weakenings import UPKEEP

TESTED = (*FAULT_PROTECTION, *DRIVERS, *REQUESTS, *DATA, *UPKEEP)

# (file, function, text) of what looks like a guard statement and cannot be seen to be needed, with the reason.
NOT_GUARDS = {
    ("instruments/acquisition_table.py", "_check_sub_swath", "samples > _LARGEST_SAMPLE_COUNT"): (
        "the longest window at the highest sampling rate has 43,000 samples, and the packet's size is checked before"
    ),
}
