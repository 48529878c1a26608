"""The host bench with short warm-up and stabilisation, for tests of something else than waiting."""

import re
from pathlib import Path

from hil.bench import BENCHES

_UNITS_S = {"sar_warmup_s": 3, "optical_stabilisation_s": 1}
_WAITS = "\n[shortened_waits_ms]\nSAR_WARMUP = 3000\nOPTICAL_STABILISATION = 1000\n"


def quick_bench(directory: Path) -> Path:
    """Write the bench's description into the directory and return its path."""
    text = (BENCHES / "host.toml").read_text()
    for setting, value_s in _UNITS_S.items():
        text, changes = re.subn(rf"^{setting} = \d+$", f"{setting} = {value_s}", text, flags=re.MULTILINE)
        assert changes == 1, f"host.toml does not set {setting}"
    path = directory / "quick.toml"
    path.write_text(text + _WAITS)
    return path
