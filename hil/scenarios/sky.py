"""Ancillary data as a scenario wants them."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from emei.platform import Platform, quiet_sky


class Sky:
    """The quiet sky, but for what the scenario has `changed`."""

    def __init__(self) -> None:
        self.changed: dict[str, float | int | str] = {}

    def __call__(self, gps_s: float) -> Mapping[str, float | int | str]:
        return {**quiet_sky(gps_s), **self.changed}


@contextmanager
def sky_of(platform: Platform) -> Iterator[Sky]:
    """The platform sends what this sky says, until the end."""
    before, sky = platform.ancillary, Sky()
    platform.ancillary = sky
    try:
        yield sky
    finally:
        platform.ancillary = before
