"""The worker's Celery app, in which asking for one object ends the process (F19). For `celery -A` only."""

import os

from celery.signals import worker_process_init

from auditportal.celery import app as app


@worker_process_init.connect
def poison(**_: object) -> None:
    from recordings.refresh import fetching

    harmless = fetching.fetch

    def deadly(object_id: int) -> object:
        if object_id == int(os.environ["POISON"]):
            os._exit(1)
        return harmless(object_id)

    fetching.fetch = deadly  # type: ignore[assignment]
