"""What the broker holds: ids, and nothing of people."""

import inspect
from collections.abc import Iterator
from typing import Any

from auditportal.celery import app


def tasks() -> Iterator[tuple[str, Any]]:
    app.loader.import_default_modules()
    app.finalize()
    for name, task in sorted(app.tasks.items()):
        if name.startswith(("recordings.", "auditportal.")):
            yield name, task


def test_the_arguments_of_every_task_are_ids() -> None:
    found = dict(tasks())
    assert len(found) > 15
    for name, task in found.items():
        for parameter in inspect.signature(task.run).parameters.values():
            assert parameter.name.endswith("_id"), f"{name} takes {parameter.name}"
            assert parameter.annotation in (int, str), f"{name} takes {parameter.annotation}"


def test_whatever_is_scheduled_is_a_task_without_arguments() -> None:
    known = dict(tasks())
    for entry in app.conf.beat_schedule.values():
        assert entry["task"] in known
        assert not entry.get("args")
        assert not entry.get("kwargs")
