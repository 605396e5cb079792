"""Send a Celery message that may be lost: the row in PostgreSQL is the queue, the message only saves waiting.

While Redis is away nobody waits for it: one try with short timeouts, then no try for some seconds.
"""

from typing import Any

import structlog
from celery import Task
from django.db import transaction
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from recordings.timed import TimedValue

logger = structlog.get_logger("portal.nudge")

PAUSE_SECONDS = 5.0
_away = TimedValue[bool](PAUSE_SECONDS)


def nudge(task: Task[Any, Any], *args: int | str) -> None:
    """Send the task once the current transaction has committed, at once outside of one. Never raises, never blocks
    for longer than the broker's timeouts (auditportal/celery.py)."""
    transaction.on_commit(lambda: send(task, *args))


def send(task: Task[Any, Any], *args: int | str) -> bool:
    """Send the task now; False when the broker is away."""
    if _away.get():
        return False
    try:
        task.apply_async(args, retry=False, ignore_result=True)
    except (OperationalError, RedisError, OSError) as error:
        _away.set(True)
        logger.warning("nudge not sent", task=task.name, error=type(error).__name__)
        return False
    return True
