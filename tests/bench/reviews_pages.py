"""Pages and exports of a year of evaluations.

Of each page the 95th percentile: of the time on the clock, and of the processor time of the portal and of its database
connection, which other work on the machine does not lengthen much.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from statistics import quantiles
from time import perf_counter, process_time
from typing import Any

from django.conf import settings
from django.db import connection
from django.test import Client
from django.utils import timezone

from auditportal.accounts.models import AgentLink
from auditportal.embedded import Services
from recordings.models import AuditEvent, Report
from recordings.models.fields import uuid7
from recordings.reach import EVERYTHING
from recordings.reports import files
from recordings.reviews.disputes.standing import State
from recordings.reviews.numbers.selection import Selection
from tests.bench import reviews_data
from tests.bench.memory import family_watched
from tests.bench.results import Measured
from tests.factories import person

WARM, RUNS = 3, 60


def figures(form: dict[str, Any], answers: Any, wanted: str) -> Iterator[Measured]:
    """Encoding, pages and exports; `wanted` is one of the last two, or empty for both."""
    with reviews_data.year(form, answers) as (services, scorers):
        seconds = reviews_data.encode_all(services)
        yield Measured("answers of evaluations encoded", reviews_data.EVALUATIONS / seconds, "evaluations/s")
        if wanted != "exports":
            yield from _pages(scorers[0])
        if wanted != "pages":
            yield from _exports(services)


def _pages(scorer: Any) -> Iterator[Measured]:
    client, agent = Client(), Client()
    client.force_login(scorer)
    account = person("agent", f"bench.{uuid7().hex[-8:]}")
    AgentLink.objects.create(user=account, agent_id=5007, linked_by=scorer, reason="bench")
    agent.force_login(account)
    last = timezone.now().date()
    year = f"since={last - timedelta(days=7 * reviews_data.WEEKS - 1)}&until={last}"
    for name, address in (
        ("my evaluations", "/reviews/evaluations/"),
        ("results", "/reviews/results/"),
        ("results of an agent", "/reviews/results/?agent=5007"),
        *((f"results, {state}", f"/reviews/results/?state={state}") for state in State.values),
        ("an agent's own results", "/my-reviews/"),
        ("scores, 13 weeks", "/reviews/numbers/"),
        ("scores, 52 weeks", f"/reviews/numbers/?{year}"),
        ("scores of a team, 52 weeks", f"/reviews/numbers/?{year}&team=7"),
        ("agents, 13 weeks", "/reviews/numbers/agents/"),
        ("agents, 52 weeks", f"/reviews/numbers/agents/?{year}"),
        ("an agent, 52 weeks", f"/reviews/numbers/agents/?{year}&agent=5007"),
        ("questions, 13 weeks", "/reviews/numbers/questions/"),
        ("questions, 52 weeks", f"/reviews/numbers/questions/?{year}"),
        ("scorers, 52 weeks", f"/reviews/numbers/scorers/?{year}"),
    ):
        times = [_get(agent if address == "/my-reviews/" else client, address) for _ in range(WARM + RUNS)][
            WARM:
        ]
        on_the_clock, of_the_processor = (quantiles(column, n=20)[-1] for column in zip(*times, strict=True))
        yield Measured(f"{name}: page, p95", on_the_clock, "ms")
        yield Measured(f"{name}: page, processor time, p95", of_the_processor, "ms")


def _get(client: Client, address: str) -> tuple[float, float]:
    """Milliseconds on the clock and of the processor that a page takes."""
    started, spent = perf_counter(), _spent()
    status = client.get(address).status_code
    assert status == 200, (address, status)
    return (perf_counter() - started) * 1000, _spent() - spent


def _spent() -> float:
    """Milliseconds of processor time of this process and of its database connection."""
    connection.ensure_connection()
    account = Path(f"/proc/{connection.connection.info.backend_pid}/schedstat")
    return process_time() * 1000 + int(account.read_text().split()[0]) / 1e6


def _exports(services: Services) -> Iterator[Measured]:
    requester = person("compliance_officer", f"bench.{uuid7().hex[-8:]}")
    last = timezone.now().date()
    selection = Selection(last - timedelta(days=7 * reviews_data.WEEKS), last, "UTC")
    environment = os.environ | {
        "DATABASE_URL": services.database_url,
        "REPORTS_DIR": str(settings.REPORTS_DIR),
    }
    newest = AuditEvent.objects.order_by("-id").values_list("id", flat=True).first() or 0
    for kind, format in (("scores", "csv"), ("scores", "xlsx"), ("scores", "pdf"), ("numbers", "xlsx")):
        report = Report.objects.create(
            requested_by=requester,
            kind=kind,
            format=format,
            filters=selection.as_detail(),
            scopes=EVERYTHING.as_detail(),
            last_event_id=newest,
        )
        command = [sys.executable, "-m", "tests.bench.builder", str(report.pk)]
        pipes: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        with subprocess.Popen(command, env=environment, **pipes) as builder:
            assert builder.stdout
            builder.stdout.readline()
            with family_watched(builder.pid) as seen:
                said, _ = builder.communicate(b"go\n")
        report.refresh_from_db()
        if report.state != "ready":
            raise RuntimeError(f"the report is {report.state}: {report.error}")
        files.file_of(report).unlink()
        what = f"{kind} of a year as {format.upper()}"
        if kind == "scores" and format != "pdf":
            yield Measured(what, (report.rows_done or 0) / float(said), "evaluations/s")
        else:
            yield Measured(what, float(said), "s")
        yield Measured(f"{what}, memory it adds", max(seen) - seen[0], "MiB")
