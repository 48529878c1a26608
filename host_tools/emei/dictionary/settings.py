"""Which persistent value holds what the ground configured; the checks and the firmware's tables agree on its name."""

EVENTS_PER_KEY = 24
"""Events whose disabling one persistent value holds: bits that the firmware's small integers carry."""


def housekeeping_key(structure: str) -> str:
    """Name of the persistent value that holds a housekeeping structure's period and whether it is enabled."""
    return f"HOUSEKEEPING_{structure}"


def event_key(event_id: int) -> str:
    """Name of the persistent value that holds whether an event's report is disabled."""
    return f"EVENTS_DISABLED_{event_id // EVENTS_PER_KEY}"
