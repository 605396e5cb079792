"""Configure worker and beat. Messages are JSON and carry ids only; all state is in PostgreSQL."""

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
    """Keep beat's schedule in memory, and touch the heartbeat file on each tick."""

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """Send the tasks that are due, and return the seconds until the next tick."""
        beat()
        return float(super().tick(*args, **kwargs))


app = Celery("auditportal", broker=settings.BROKER_URL)
app.conf.update(
    task_serializer="json",
    accept_content=["json"],
    task_ignore_result=True,
    # Acknowledge after the work: a killed worker's message is delivered again. Every task may safely run twice.
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=1,
    worker_max_tasks_per_child=1000,
    worker_hijack_root_logger=False,
    task_soft_time_limit=540,
    task_time_limit=600,
    # Pages send messages: a broker that is unavailable must not delay them.
    broker_transport_options={
        "visibility_timeout": 660,
        "socket_connect_timeout": 0.5 * SECONDS,
        "socket_timeout": 2 * SECONDS,
        "retry_on_timeout": False,
    },
    broker_connection_timeout=1 * SECONDS,
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    # In memory: every entry may safely run at any time, so a restart needs no saved schedule.
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
        "answers": {"task": "recordings.reviews.numbers.tasks.encode_answers", "schedule": 30 * SECONDS},
        "classes": {"task": "recordings.catalog.tasks.apply_class_rules", "schedule": 30 * SECONDS},
        "owed": {"task": "recordings.audit.tasks.write_owed_events", "schedule": 15 * SECONDS},
        # The page that raises the alarm asks at once; this is for a message that was lost.
        "alarms": {"task": "auditportal.accounts.tasks.mail_alarms", "schedule": 60 * SECONDS},
        "recertification": {
            "task": "auditportal.accounts.tasks.remind_of_recertification",
            "schedule": 3600 * SECONDS,
        },
        "old_reports": {"task": "recordings.reports.tasks.delete_old_reports", "schedule": 3600 * SECONDS},
        "evaluations": {
            "task": "auditportal.accounts.tasks.remind_of_evaluations",
            "schedule": 3600 * SECONDS,
        },
        "spot_checks": {
            "task": "recordings.reviews.supervision.tasks.draw_spot_checks",
            "schedule": 60 * SECONDS,
        },
        "supervisors": {"task": "auditportal.accounts.tasks.remind_supervisors", "schedule": 3600 * SECONDS},
        "plans": {"task": "recordings.reviews.plans.tasks.advance_plans", "schedule": 60 * SECONDS},
        "library": {"task": "recordings.reviews.coaching.tasks.check_library", "schedule": 3600 * SECONDS},
        "coaching": {
            "task": "auditportal.accounts.tasks.remind_of_coaching",
            "schedule": 3600 * SECONDS,
        },
        # Each nightly task knows its hour. It runs once after it, so a beat that was stopped at that hour catches up.
        "sample": {"task": "recordings.assurance.tasks.sample_media", "schedule": NIGHTLY_SECONDS},
        "statement": {"task": "recordings.assurance.tasks.state_last_month", "schedule": NIGHTLY_SECONDS},
        "verify": {"task": "recordings.proof.verification.tasks.verify_nightly", "schedule": NIGHTLY_SECONDS},
        "reports": {"task": "recordings.reports.tasks.sweep_reports", "schedule": 10 * SECONDS},
    },
)
for _entry in app.conf.beat_schedule.values():
    # A message that no worker took before the next one was sent is dropped.
    _entry["options"] = {"expires": _entry["schedule"], "ignore_result": True}
app.autodiscover_tasks(
    [
        "auditportal.accounts",
        "recordings.assurance",
        "recordings.audit",
        "recordings.catalog",
        "recordings.custody",
        "recordings.playback",
        "recordings.proof.verification",
        "recordings.refresh",
        "recordings.reports",
        "recordings.reviews.numbers",
        "recordings.reviews.supervision",
        "recordings.reviews.plans",
        "recordings.reviews.coaching",
        "recordings.trail",
        "recordings.webhooks",
    ]
)


@setup_logging.connect
def keep_our_logging(**_: Any) -> None:
    """Keep Celery from configuring logging: the settings have done so. Celery itself logs warnings only.

    A task that runs every five seconds would fill the log; tasks write lines of their own.
    """
    for name in ("celery.worker.strategy", "celery.app.trace", "celery.beat"):
        logging.getLogger(name).setLevel(logging.WARNING)


@before_task_publish.connect
def send_request_id(headers: dict[str, Any] | None = None, **_: Any) -> None:
    """Send the id of the request with the task, so that the worker's log lines carry it."""
    request_id = structlog.contextvars.get_contextvars().get("request_id")
    if headers is not None and request_id:
        headers[REQUEST_ID] = request_id


@task_prerun.connect
def bind_request_id(task_id: str = "", task: Any = None, **_: Any) -> None:
    """Add the task's name and the request's id to each log line; a task of beat uses its own id."""
    structlog.contextvars.clear_contextvars()
    caused_by = getattr(task.request, REQUEST_ID, None) or task_id.replace("-", "")
    structlog.contextvars.bind_contextvars(request_id=caused_by, task=task.name.removeprefix("recordings."))


@task_postrun.connect
def forget_request_id(**_: Any) -> None:
    """Remove the id: the next task has another one."""
    structlog.contextvars.clear_contextvars()


@beat_init.connect
def discover_at_start(**_: Any) -> None:
    """Run discovery at startup, so that a new installation need not wait ten minutes for the first tick."""
    app.send_task("recordings.refresh.tasks.discover_streams", retry=False)


@heartbeat_sent.connect
def say_alive(**_: Any) -> None:
    """Touch the heartbeat file whenever the worker sends its heartbeat, every two seconds."""
    beat()


@worker_process_init.connect
def own_connections(**_: Any) -> None:
    """Drop the CommBox client that a forked child inherits: connections must not be shared."""
    from recordings.commbox.assembly import client

    client.cache_clear()


@worker_ready.connect
def note_start_in_trail(**_: Any) -> None:
    """Record in the audit trail that a worker started, and with which settings."""
    from auditportal.lifecycle import note_start

    note_start("worker")
