"""A log that is sealed while the test runs, and events that look old."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from auditportal.embedded import Services
from recordings.timed import forget_all
from tests.sealing import Signer, seal_all


@contextmanager
def sealing(services: Services, signer: Signer, witnessing: bool = True) -> Iterator[None]:
    """Seal, sign and cosign continuously in a thread, as the processes do in production."""
    stop = threading.Event()
    witnesses, signer.witnesses = signer.witnesses, signer.witnesses if witnessing else {}

    def work() -> None:
        while not stop.wait(0.02):
            seal_all(services, signer=signer)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
        signer.witnesses = witnesses


def age(services: Services, seconds: int) -> None:
    """Make every unsealed event look older, as a superuser can."""
    with psycopg.connect(services.admin_url, autocommit=True) as admin:
        admin.execute("ALTER TABLE audit.event DISABLE TRIGGER ALL")
        admin.execute(f"UPDATE audit.event SET recorded_at = recorded_at - interval '{seconds} seconds'")
        admin.execute("ALTER TABLE audit.event ENABLE ALWAYS TRIGGER event_is_kept")
    forget_all()
