"""When the database is slow or locked, or more is asked than the threads answer: said in time, nothing piles up."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import httpx
import psycopg
import pytest
from django.db import connection

from auditportal.embedded import Services
from tests.factories import PASSWORD, person
from tests.integration.serving.conftest import Served
from tests.waiting import wait_for

CONNECTIONS = 2


def signed_in(served: Served, username: str) -> httpx.Client:
    client = httpx.Client(base_url=served.url, timeout=60, limits=httpx.Limits(max_connections=200))
    token = client.get("/accounts/login/").text
    token = token.partition('name="csrfmiddlewaretoken" value="')[2].partition('"')[0]
    form = {"login": username, "password": PASSWORD, "csrfmiddlewaretoken": token}
    assert client.post("/accounts/login/", data=form).status_code == 302
    return client


def test_a_locked_table_stops_nobody_for_long(serve: Callable[..., Served], services: Services) -> None:
    """Ten times as many requests as threads, all behind one lock: each has a sentence before the lock is gone, and
    whoever asks how the portal is has an answer meanwhile."""
    served = serve(DEMO="true")
    client = signed_in(served, person("compliance_officer").username)
    with psycopg.connect(services.admin_url) as admin, ThreadPoolExecutor(40) as crowd:
        admin.execute("LOCK TABLE recordings_searchdoc IN ACCESS EXCLUSIVE MODE")
        asked = [crowd.submit(client.get, "/") for _ in range(40)]
        wait_for(lambda: any(answer.done() for answer in asked))
        for path in ("/health/live", "/health/ready"):
            assert httpx.get(served.url + path, timeout=60).status_code == 200
        answers = [answer.result() for answer in asked]
        admin.rollback()
    assert {answer.status_code for answer in answers} == {503}
    assert all(answer.headers["Retry-After"] for answer in answers)
    said = [answer.text for answer in answers]
    busy = [text for text in said if text.startswith("The portal is answering as many requests as it can.")]
    locked = [text for text in said if "Someone else is changing the same data." in text]
    assert busy
    assert locked
    assert len(busy) + len(locked) == 40
    assert client.get("/objects/").status_code == 200
    client.close()


@pytest.mark.slow
def test_a_database_without_connections_is_reported_and_used_again(
    serve: Callable[..., Served], services: Services
) -> None:
    """F33: others hold every connection that the database gives. Pages and readiness say so, liveness does not, and
    the next request after they are gone is answered."""
    served = serve(DEBUG="false", DEMO="true")  # as in production, but without collected static files
    client = signed_in(served, person("compliance_officer").username)
    with psycopg.connect(services.admin_url, autocommit=True) as admin, ExitStack() as others:
        sleepers = [others.enter_context(psycopg.connect(services.database_url)) for _ in range(CONNECTIONS)]
        admin.execute(f"ALTER DATABASE {admin.info.dbname} CONNECTION LIMIT {CONNECTIONS}")
        admin.execute(
            "SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity WHERE datname = current_database()"
            " AND usename = 'portal_web' AND pid <> ALL (%s)",
            [[one.info.backend_pid for one in (connection.connection, *sleepers)]],
        )
        answers = [client.get("/objects/") for _ in range(3)]
        assert {(answer.status_code, answer.headers["Retry-After"]) for answer in answers} == {(503, "5")}
        assert "The database cannot be reached" in answers[0].text
        health = [
            httpx.get(served.url + path, timeout=60).status_code for path in ("/health/live", "/health/ready")
        ]
        assert health == [200, 503]
        others.close()
        admin.execute(f"ALTER DATABASE {admin.info.dbname} CONNECTION LIMIT -1")  # ours count as well
        wait_for(lambda: client.get("/objects/").status_code == 200)
    client.close()


def test_what_was_refused_is_counted_by_its_reason(serve: Callable[..., Served]) -> None:
    served = serve(METRICS_TOKEN="only-for-tests-to-scrape")
    httpx.post(f"{served.url}/accounts/login/", content=bytes(70_000))
    monitor = {"Authorization": "Bearer only-for-tests-to-scrape"}
    text = httpx.get(f"{served.url}/metrics", headers=monitor, timeout=60).text
    assert 'portal_refused_requests_total{reason="large"} 1.0' in text
