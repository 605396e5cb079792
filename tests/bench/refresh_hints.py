"""From a webhook's delivery to the row: our view, a real Celery worker, CommBox 50 ms away."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.test import Client, override_settings

from auditportal.celery import app
from recordings.models import Recording
from tests.bench.results import Measured, Stopwatch

HINTS, TOKEN, PAUSE = 40, "only-for-the-bench-" + "t" * 32, 0.1


def hinted(port: int, object_id: int, stream_id: int, have: Callable[[int], None]) -> Iterator[Measured]:
    """`have` tells CommBox how many recordings the object has from now on."""
    answered, visible = Stopwatch([]), Stopwatch([])
    with _worker(port), override_settings(COMMBOX_WEBHOOK_TOKEN=TOKEN):
        for number in range(HINTS + 1):
            have(number + 1)
            answer, row = _after(number + 1, object_id, stream_id)
            if number:  # at first the worker was still starting
                answered.runs.append(answer)
                visible.runs.append(row)
            time.sleep(PAUSE)
    yield Measured(f"refresh: webhook hint to its answer, p95 of {HINTS}", answered.p95, "ms", 200 / answered.p95,
                   "200 ms allowed")  # fmt: skip
    yield Measured(f"refresh: webhook hint to visible row, p95 of {HINTS}", visible.p95, "ms", 2000 / visible.p95,
                   "2 s allowed")  # fmt: skip


def _after(recordings: int, object_id: int, stream_id: int) -> tuple[float, float]:
    """Milliseconds from a delivery to its answer and to the row."""
    one = {"Id": str(recordings), "Type": "27"}
    thing = {"Id": str(object_id), "StreamId": str(stream_id), "Activities": {"Activity": one}}
    body = json.dumps({"Event": {"Name": "OnNewActivity", "Object": thing}})
    started = time.perf_counter()
    answer = Client().post(f"/webhooks/commbox/{TOKEN}", body, content_type="application/json")
    answered = time.perf_counter() - started
    assert answer.status_code == 200, answer.status_code
    while Recording.objects.filter(object_id=object_id).count() < recordings:
        assert time.perf_counter() - started < 60
        time.sleep(0.005)
    return answered * 1000, (time.perf_counter() - started) * 1000


@contextmanager
def _worker(port: int) -> Iterator[None]:
    own = {"COMMBOX_API_URL": f"http://127.0.0.1:{port}/", "COMMBOX_REQUESTS_PER_SECOND": "200"}
    command = [sys.executable, "-W", "ignore", "-m", "celery", "-A", "auditportal.celery", "worker"]
    command += ["--concurrency", "2", "--loglevel", "ERROR"]
    app.control.purge()
    with subprocess.Popen(command, env={**os.environ, **own}, stdout=subprocess.DEVNULL) as process:
        try:
            yield
        finally:
            process.terminate()
