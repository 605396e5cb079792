"""How much memory a process has and had, in MiB, as the kernel counts it."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def in_use(process: int | str = "self") -> float:
    """What is in use now; 0 when the process is gone."""
    return _status(process, "VmRSS")


def peak(process: int | str = "self") -> float:
    """The most there was so far; 0 when the process is gone."""
    return _status(process, "VmHWM")


def forget_peak() -> None:
    """From now on `peak` of this process is the most since now."""
    Path("/proc/self/clear_refs").write_text("5")


def family(process: int) -> float:
    """What a process and its children have in use now, pages that they share counted once; 0 when it is gone."""
    children = _read(Path(f"/proc/{process}/task/{process}/children")).split()
    return sum(_found(Path(f"/proc/{one}/smaps_rollup"), "Pss") for one in [process, *children])


@contextmanager
def family_watched(process: int) -> Iterator[list[float]]:
    """`family` now and then while the block runs, ten times a second."""
    seen, over = [family(process)], threading.Event()

    def watch() -> None:
        while not over.wait(0.1):
            seen.append(family(process))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield seen
    finally:
        over.set()
        watcher.join()


def _status(process: int | str, name: str) -> float:
    return _found(Path(f"/proc/{process}/status"), name)


def _found(path: Path, name: str) -> float:
    found = re.search(rf"^{name}:\s+(\d+) kB", _read(path), re.MULTILINE)
    return int(found[1]) / 1024 if found else 0.0


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
