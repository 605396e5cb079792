"""How much memory a process has and had, in MiB, as the kernel counts it."""

import re
from pathlib import Path


def in_use(process: int | str = "self") -> float:
    """What is in use now; 0 when the process is gone."""
    return _status(process, "VmRSS")


def peak(process: int | str = "self") -> float:
    """The most there was so far; 0 when the process is gone."""
    return _status(process, "VmHWM")


def _status(process: int | str, name: str) -> float:
    try:
        found = re.search(rf"{name}:\s+(\d+) kB", Path(f"/proc/{process}/status").read_text())
    except OSError:
        return 0.0
    return int(found[1]) / 1024 if found else 0.0
