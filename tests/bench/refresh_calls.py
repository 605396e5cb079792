"""Four processes on one call budget of 4 a second, against a sandbox that throttles for real.

Run as a module it is one of them: it reads its job, calls as a refresh does and as a person who plays does, and prints
when each of its calls was answered.
"""

import json
import subprocess
import sys
import threading
import time
from contextlib import suppress
from typing import Any

from django.conf import settings
from redis import Redis

from auditportal.sandbox import Sandbox
from recordings.commbox import CommBox, CommBoxError, Throttled
from recordings.commbox.limits import CallBudget
from tests.bench.results import Measured

PER_SECOND, SECONDS, WORKERS = 4, 60, 4


def throttled() -> Measured:
    """Calls answered within a minute, and what CommBox refused (429) after the first second."""
    with Sandbox(throttle_rate=PER_SECOND) as sandbox:
        calls = _called(sandbox)
    late = sum(not ok for at, ok in calls if at > 1)
    made, allowed = sum(ok for _, ok in calls), PER_SECOND * SECONDS
    name = f"refresh: calls made of 4/s in {SECONDS} s, {WORKERS} processes ({late} × 429)"
    return Measured(name, made, "calls", made / allowed, f"calls allowed ({allowed})")


def _called(sandbox: Sandbox) -> list[tuple[float, bool]]:
    Redis.from_url(settings.REDIS_URL).delete("commbox:bench:calls", "commbox:bench:calls:background")
    ids = [talk.id for talk in sandbox.control.world.of_stream(31245)]
    job = {"url": sandbox.api_url, "key": sandbox.api_key, "redis": settings.REDIS_URL, "ids": ids}
    job["from"] = time.monotonic() + 4
    command = [sys.executable, "-m", __name__]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    workers = [subprocess.Popen(command, **pipes) for _ in range(WORKERS)]
    for worker in workers:
        worker.stdin.write(json.dumps(job) + "\n")
        worker.stdin.flush()
    return [(at, ok) for worker in workers for at, ok in json.loads(worker.communicate()[0].splitlines()[-1])]


def _main() -> None:
    job = json.loads(sys.stdin.readline())
    budget = CallBudget(Redis.from_url(job["redis"]), "bench", PER_SECOND, 20)
    found: list[tuple[float, bool]] = []
    with CommBox(job["url"], [job["key"]], limiter=budget, attempts=1) as client:
        threads = [threading.Thread(target=_call, args=(client, job, found, way)) for way in (False, True)]
        time.sleep(max(0.0, job["from"] - time.monotonic()))
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    print(json.dumps(found))


def _call(client: CommBox, job: dict[str, Any], found: list[tuple[float, bool]], interactive: bool) -> None:
    turn = 0
    while time.monotonic() - job["from"] < SECONDS:
        turn += 1
        with suppress(CommBoxError):
            ok = _answered(client, job["ids"][turn % len(job["ids"])], interactive)
            ended = time.monotonic() - job["from"]
            if ok is not None and ended < SECONDS:
                found.append((ended, ok))


def _answered(client: CommBox, object_id: int, interactive: bool) -> bool | None:
    """Whether it was; None when our own budget was used up and CommBox was not asked."""
    try:
        client.recordings(object_id, interactive=interactive)
    except Throttled as error:
        return None if error.status is None else False
    return True


if __name__ == "__main__":
    _main()
