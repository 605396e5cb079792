"""What every answer carries, errors included (security S42, S43, S46, S73)."""

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
    """S73."""
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
    """F27: 503 wherever it is noticed, never a stack and never a 500."""
    from django.contrib.sessions.backends.db import SessionStore
    from django.db import OperationalError

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


def test_health_says_what_is_degraded_and_what_is_not(db, redis_down):
    response = Client().get("/health/ready")
    assert (response.status_code, response.json()) == (
        200,
        {"status": "ready", "database": "ok", "redis": "degraded"},
    )


def test_metrics_are_for_the_inner_network(db):
    """S74."""
    assert Client(REMOTE_ADDR="127.0.0.1").get("/metrics").status_code == 200
    assert b"portal_request_seconds" in Client(REMOTE_ADDR="127.0.0.1").get("/metrics").content
    assert Client(REMOTE_ADDR="203.0.113.9").get("/metrics").status_code == 404
