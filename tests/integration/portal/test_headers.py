"""What every answer carries, errors included."""

import logging

import pytest
from django.test import Client

from tests.factories import person

POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "connect-src": "'self'",
    "font-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
    "report-uri": "/csp-reports",
}


@pytest.fixture
def officer(db, client):
    client.force_login(person("compliance_officer"))
    return client


@pytest.mark.parametrize(
    ("path", "status"),
    [("/", 200), ("/objects/", 200), ("/nothing/here", 404), ("/people/", 403), ("/health/live", 200)],
)
def test_every_answer_has_the_policy_and_is_kept_by_nobody(officer, path, status):
    response = officer.get(path)
    assert response.status_code == status
    policy = dict(
        part.strip().split(" ", 1) for part in response["Content-Security-Policy"].split(";") if part.strip()
    )
    media = policy.pop("media-src")
    assert policy == POLICY
    assert "*" not in media
    assert "unsafe" not in response["Content-Security-Policy"]
    assert response["Cache-Control"] == "no-store"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Referrer-Policy"] == "same-origin"
    assert response["Cross-Origin-Opener-Policy"] == "same-origin"
    assert response["Cross-Origin-Resource-Policy"] == "same-origin"
    assert len(response["X-Request-ID"]) == 32


def test_a_public_tile_is_kept_by_anybody_and_has_every_other_header(officer, settings, monkeypatch):
    """AUDIT_LOG_PUBLIC: caching and reading across origins change, nothing else."""
    from recordings.proof.evidence.pages import tile_views

    settings.AUDIT_LOG_PUBLIC = True
    monkeypatch.setattr(tile_views, "_is_published", lambda *place: True)
    monkeypatch.setattr(tile_views, "_read", lambda *place: bytes(8192))
    response = officer.get("/log/tile/0/000")
    assert response["Cache-Control"] == "public, max-age=31536000, immutable"
    assert response["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["X-Frame-Options"] == "DENY"
    assert "default-src 'none'" in response["Content-Security-Policy"]
    assert not response.has_header("Vary")
    assert response.cookies == {}


def test_an_error_of_ours_is_a_sentence_with_a_request_id_and_no_stack(officer, monkeypatch):
    from recordings.overview import views

    def boom(*args, **kwargs):
        raise RuntimeError("postgresql://web:hunter2@db")

    monkeypatch.setattr(views, "page", boom)
    officer.raise_request_exception = False
    response = officer.get("/")
    assert response.status_code == 500
    assert response["X-Request-ID"] in response.content.decode()
    assert "hunter2" not in response.content.decode()
    assert "Traceback" not in response.content.decode()


@pytest.mark.parametrize("place", ["session", "view"])
def test_a_database_that_is_away_is_said_with_when_to_come_back(officer, monkeypatch, place):
    """503 wherever it is noticed, never a stack and never a 500."""
    from django.db import OperationalError

    from auditportal.accounts.sessions import SessionStore
    from recordings.overview import views

    def away(*args, **kwargs):
        raise OperationalError("connection to server failed")

    if place == "session":
        monkeypatch.setattr(SessionStore, "load", away)
    else:
        monkeypatch.setattr(views, "page", away)
    officer.raise_request_exception = False
    response = officer.get("/")
    assert (response.status_code, response["Retry-After"]) == (503, "5")
    assert "database cannot be reached" in response.content.decode()
    assert "connection to server" not in response.content.decode()


MONITOR = {"Authorization": "Bearer only-for-tests-to-scrape"}


@pytest.fixture
def scraped(settings):
    settings.METRICS_TOKEN = "only-for-tests-to-scrape"


def test_health_says_what_is_degraded_to_those_who_monitor(db, redis_down, scraped):
    response = Client().get("/health/ready", headers=MONITOR)
    assert (response.status_code, response.json()) == (
        200,
        {"status": "ready", "database": "ok", "redis": "degraded"},
    )
    assert Client().get("/health/ready").json() == {"status": "ready"}


@pytest.mark.parametrize("address", ["127.0.0.1", "203.0.113.9"])
@pytest.mark.parametrize("forwarded", [None, "127.0.0.1"])
def test_metrics_are_for_whoever_has_the_token_from_wherever(db, scraped, settings, address, forwarded):
    """An address says little behind a proxy."""
    settings.TRUSTED_PROXY_HOPS = 1
    asking = Client(REMOTE_ADDR=address, **({"HTTP_X_FORWARDED_FOR": forwarded} if forwarded else {}))
    assert b"portal_request_seconds" in asking.get("/metrics", headers=MONITOR).content
    for wrong in (
        {},
        {"Authorization": "Bearer wrong"},
        {"Authorization": "Bearer "},
        {"Authorization": "\u20ac"},
    ):
        assert asking.get("/metrics", headers=wrong).status_code == 404
    settings.METRICS_TOKEN = ""
    for nothing in ({}, {"Authorization": "Bearer "}, MONITOR):
        assert asking.get("/metrics", headers=nothing).status_code == 404


def test_odd_methods_make_no_lines_in_the_metrics(db, scraped):
    """3,000 of them grew the page by 3.5 MB, for ever."""
    odd = [f"M{number}" for number in range(50)] + ["get", "TRACE", "CONNECT"]
    for method in odd:
        Client().generic(method, "/health/live")
    text = Client().get("/metrics", headers=MONITOR).content.decode()
    methods = {
        line.partition('method="')[2].partition('"')[0] for line in text.splitlines() if "method=" in line
    }
    assert "OTHER" in methods
    assert methods <= {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "OTHER"}


def test_the_request_id_is_ours_whatever_is_sent(db, settings):
    settings.TRUSTED_PROXY_HOPS = 1
    given = "0" * 32
    assert Client().get("/health/live", headers={"X-Request-ID": given})["X-Request-ID"] != given


@pytest.mark.parametrize("host", ["evil.example", "a b", "localhost:99999", "", "localhost\x00"])
def test_a_wrong_host_is_a_400_and_one_warning(db, caplog, host):
    records = []
    handler = logging.getLogger().handlers[0]
    keep = logging.Handler()
    keep.emit = records.append
    keep.filters = handler.filters
    logging.getLogger().addHandler(keep)
    try:
        assert Client(HTTP_HOST=host).get("/accounts/login/").status_code in (400, 302, 200)
    finally:
        logging.getLogger().removeHandler(keep)
    about = [record for record in records if record.name.startswith("django.security")]
    assert [(record.levelname, record.exc_info) for record in about] in ([("WARNING", None)], [])
