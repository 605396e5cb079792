"""Worker and beat: JSON messages that carry ids, no results, nothing that PostgreSQL does not know as well."""

import logging
import os
from typing import Any

import structlog
from celery import Celery
from celery.beat import Scheduler
from celery.signals import (
    beat_init,
    before_task_publish,
    heartbeat_sent,
    setup_logging,
    task_postrun,
    task_prerun,
    worker_process_init,
    worker_ready,
)

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "auditportal.settings")

from django.conf import settings

from recordings.heartbeat import beat

REQUEST_ID = "portal_request_id"
SECONDS = 1.0
NIGHTLY_SECONDS = 900 * SECONDS


class Clock(Scheduler):
    """Beat's schedule in memory; each turn is a sign of life."""

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """Send what is due, and say how long to sleep."""
        beat()
        return float(super().tick(*args, **kwargs))


app = Celery("auditportal", broker=settings.BROKER_URL)
app.conf.update(
    task_serializer="json",
    accept_content=["json"],
    task_ignore_result=True,
    # A task is done when it is done: a killed worker's message is delivered again, a doubled task does no harm.
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=1,
    worker_max_tasks_per_child=1000,
    worker_hijack_root_logger=False,
    task_soft_time_limit=540,
    task_time_limit=600,
    # Whoever sends a message may be a page: a broker that is away must not keep it waiting.
    broker_transport_options={
        "visibility_timeout": 660,
        "socket_connect_timeout": 0.5 * SECONDS,
        "socket_timeout": 2 * SECONDS,
        "retry_on_timeout": False,
    },
    broker_connection_timeout=1 * SECONDS,
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    # In memory: every entry is safe to run at any time, so there is nothing to remember across a restart.
    beat_scheduler="auditportal.celery:Clock",
    beat_schedule={
        "discover": {"task": "recordings.refresh.tasks.discover_streams", "schedule": 600 * SECONDS},
        "list": {"task": "recordings.refresh.tasks.list_objects", "schedule": 30 * SECONDS},
        "sweep": {"task": "recordings.refresh.tasks.sweep_due", "schedule": 5 * SECONDS},
        "hints": {"task": "recordings.webhooks.tasks.follow_hints", "schedule": 5 * SECONDS},
        "viewings": {"task": "recordings.playback.tasks.end_viewings", "schedule": 30 * SECONDS},
        "files": {"task": "recordings.custody.tasks.look_at_files", "schedule": 15 * SECONDS},
        "first_sample": {"task": "recordings.assurance.tasks.draw_first_sample", "schedule": 600 * SECONDS},
        "words": {"task": "recordings.trail.tasks.index_words", "schedule": 30 * SECONDS},
        "owed": {"task": "recordings.audit.tasks.write_owed_events", "schedule": 15 * SECONDS},
        "old_reports": {"task": "recordings.reports.tasks.delete_old_reports", "schedule": 3600 * SECONDS},
        # Each of a night's works knows its hour and does nothing before, or twice: a clock that was stopped at that
        # hour makes up for it.
        "sample": {"task": "recordings.assurance.tasks.sample_media", "schedule": NIGHTLY_SECONDS},
        "statement": {"task": "recordings.assurance.tasks.state_last_month", "schedule": NIGHTLY_SECONDS},
        "verify": {"task": "recordings.proof.verification.tasks.verify_nightly", "schedule": NIGHTLY_SECONDS},
        "reports": {"task": "recordings.reports.tasks.sweep_reports", "schedule": 10 * SECONDS},
    },
)
for _entry in app.conf.beat_schedule.values():
    # Messages that no worker took before the next one came are not worth keeping.
    _entry["options"] = {"expires": _entry["schedule"], "ignore_result": True}
app.autodiscover_tasks(
    [
        "recordings.assurance",
        "recordings.audit",
        "recordings.custody",
        "recordings.playback",
        "recordings.proof.verification",
        "recordings.refresh",
        "recordings.reports",
        "recordings.trail",
        "recordings.webhooks",
    ]
)


@setup_logging.connect
def keep_our_logging(**_: Any) -> None:
    """Settings have configured it; a receiver here keeps Celery from configuring its own.

    A sweep each five seconds is no news: tasks write their own lines, and Celery's only when one fails.
    """
    for name in ("celery.worker.strategy", "celery.app.trace", "celery.beat"):
        logging.getLogger(name).setLevel(logging.WARNING)


@before_task_publish.connect
def send_request_id(headers: dict[str, Any] | None = None, **_: Any) -> None:
    """The id of the request that caused a task travels with it, so that the worker's lines carry it."""
    request_id = structlog.contextvars.get_contextvars().get("request_id")
    if headers is not None and request_id:
        headers[REQUEST_ID] = request_id


@task_prerun.connect
def bind_request_id(task_id: str = "", task: Any = None, **_: Any) -> None:
    """Every line of a task names it and what caused it; a task of beat is its own cause."""
    structlog.contextvars.clear_contextvars()
    caused_by = getattr(task.request, REQUEST_ID, None) or task_id.replace("-", "")
    structlog.contextvars.bind_contextvars(request_id=caused_by, task=task.name.removeprefix("recordings."))


@task_postrun.connect
def forget_request_id(**_: Any) -> None:
    """The next task has a cause of its own."""
    structlog.contextvars.clear_contextvars()


@beat_init.connect
def discover_at_start(**_: Any) -> None:
    """Run discovery at startup, so that a new installation need not wait ten minutes for the first tick."""
    app.send_task("recordings.refresh.tasks.discover_streams", retry=False)


@heartbeat_sent.connect
def say_alive(**_: Any) -> None:
    """The worker's own process tells the broker every two seconds that it is there."""
    beat()


@worker_process_init.connect
def own_connections(**_: Any) -> None:
    """A forked child opens its own connections to CommBox."""
    from recordings.commbox.assembly import client

    client.cache_clear()


@worker_ready.connect
def note_start_in_trail(**_: Any) -> None:
    """The trail says when workers run, and with which settings."""
    from auditportal.lifecycle import note_start

    note_start("worker")
