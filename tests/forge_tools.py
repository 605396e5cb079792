"""A story for a forged log to tell, and an attacker's tools on the files of a bundle."""

import json
from collections.abc import Callable
from typing import Any

from tests.forge import Files, Log
from tests.forge_parts import canonical, recording, sha

NOA = {"actor.name": "נועה לוי", "source.ip": "192.0.2.7", "source.user_agent": "Firefox"}
TOM = {"actor.name": "Tom Brandt", "source.ip": "2001:db8::7"}


def story(
    log: Log | None = None, *, without: int | None = None, name: str = "", anchors: bool = False
) -> Log:
    """Two people, two recordings, a search, a refusal; names from right to left, notes like formulas, an erased person.

    `without` leaves one step out and `name` gives the second viewer another name: the same history, rewritten.
    """
    log = log or Log()
    seven: dict[str, Any] = {"about": recording(7), "object": {"parent": "object:3"}}
    steps: list[Callable[[], object]] = [
        lambda: log.add(
            **seven, names=NOA | {"object.label": "מרים כהן"}, detail={"seconds": 90, "spans": [[0, 9]]}
        ),
        lambda: log.add("search.run", by="user:2", names=TOM | {"action_detail.terms": '=cmd|"x"!A1, y'}),
        lambda: log.add(
            **seven,
            by="user:2",
            names=TOM | {"actor.name": name or "Tom Brandt", "purpose.note": "@sum(1)\r\nline 2"},
            purpose={"code": "dispute"},
            request={"id": "req-1"},
        ),
        lambda: log.add(about=recording(8), names=NOA, erased=("actor.name", "source.ip")),
        lambda: log.add("viewing.denied", **seven, by="user:3", outcome="denied", names={"actor.name": "'O"}),
        lambda: log.close() and None,
        lambda: log.add("viewing.watched", **seven, names=NOA, after=3600, actor={"role": "auditor"}),
        lambda: log.add("object.opened", about="object:3", by="user:2", names=TOM),
    ]
    for number, step in enumerate(steps):
        if anchors and number in (3, 6):
            log.anchor()
        if number != without:
            step()
    log.close()
    return log


Change = Callable[[dict[str, Any]], Any]


def changed_json(files: Files, change: Change, name: str = "bundle.json") -> Files:
    """Return the files with a JSON file changed and written canonically again."""
    value = json.loads(files[name])
    change(value)
    return files | {name: canonical(value)}


def changed_line(files: Files, n: int, change: Change) -> Files:
    """Return the files with one line of events.jsonl changed and written canonically again."""
    lines = files["events.jsonl"].splitlines(keepends=True)
    for at, line in enumerate(lines):
        value = json.loads(line)
        if value["entry"]["n"] == n:
            change(value)
            lines[at] = canonical(value) + b"\n"
            return files | {"events.jsonl": b"".join(lines)}
    raise AssertionError(n)


def with_table(files: Files, table: bytes) -> Files:
    """Return the files with another report.csv, whose hash is in bundle.json."""
    changed = changed_json(files, lambda claim: claim["files"].update({"report.csv": sha(table).hex()}))
    return changed | {"report.csv": table}


def dropped(files: Files, *names: str) -> Files:
    return {name: data for name, data in files.items() if name not in names}
