"""Files that are written whole or not at all."""

import os
from pathlib import Path

import pytest

from emei.files import write_whole


def test_what_is_written_takes_the_place_of_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "entry"
    for octets in (b"first", b""):
        write_whole(path, octets)
        assert path.read_bytes() == octets
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("ending", [OSError(28, "No space left on device"), KeyboardInterrupt()], ids=type)
def test_what_ends_early_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: BaseException
) -> None:
    path = tmp_path / "entry"
    path.write_bytes(b"whole")

    def ends(_descriptor: int) -> None:
        raise ending

    monkeypatch.setattr(os, "fsync", ends)
    with pytest.raises(type(ending)):
        write_whole(path, b"other")
    assert path.read_bytes() == b"whole" and list(tmp_path.iterdir()) == [path]
