"""`make bench`: every part measures us beside the usual way, in one run, on the same data.

A part is a module of this package with `measure()`: it gives Measured, or the same as dictionaries.
Named parts only: `python -m tests.bench search pages`. BENCH_EVENTS=1000000 makes the trail ten times as long.
"""

import json
import re
import sys
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import tests.bench
from tests.bench.ground import OBJECTS, ground
from tests.bench.results import Measured

RESULTS = Path(__file__).resolve().parents[2] / "bench" / "results.json"


def main(names: list[str]) -> None:
    """Measure the named parts (all without names), print lines as they come, write results after each part."""
    names = names or _parts()
    with ground(objects=0 if all(map(_has_own_data, names)) else OBJECTS):
        for name in names:
            print(f"\n{name}", flush=True)
            found: list[Measured] = []
            for entry in import_module(f"tests.bench.{name}").measure():
                found.append(entry if isinstance(entry, Measured) else Measured(**entry))
                print(f"  {found[-1]}", flush=True)
            _write(found)  # now: a part that fails must not take with it what others measured


def _parts() -> list[str]:
    text = {module.name: _source(module.name) for module in iter_modules(tests.bench.__path__)}
    return sorted(name for name, source in text.items() if "\ndef measure(" in source)


def _has_own_data(name: str) -> bool:
    """Whether a part works on databases of its own (logs.py) or none, and not on the objects of the ground."""
    source = _source(name)
    return bool(
        re.search(r"from tests.bench import .*\blogs\b|^NEEDS_OBJECTS = False$", source, re.MULTILINE)
    )


def _source(name: str) -> str:
    return (Path(__file__).parent / f"{name}.py").read_text()


def _write(found: list[Measured]) -> None:
    """Replace what was measured now; what other parts measured before stays."""
    known = json.loads(RESULTS.read_text()) if RESULTS.exists() else []
    fresh = {measured.name: measured.as_dict() for measured in found}
    merged = {entry["name"]: entry for entry in known} | fresh
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(list(merged.values()), indent=2, ensure_ascii=False) + "\n")
    print(f"  {len(found)} figures in {RESULTS.relative_to(Path.cwd())}")


if __name__ == "__main__":
    main(sys.argv[1:])
