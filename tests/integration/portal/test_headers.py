"""What every answer carries, errors included."""

import logging

import pytest
from django.test import Client

from auditportal.accounts import roles
from recordings.permissions import Permission
from tests.authz_matrix import table
from tests.authz_matrix.world import WEBHOOK_TOKEN, World
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

FIXED = {
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": (
        "camera=(), display-capture=(), geolocation=(), hid=(), microphone=(), midi=(), payment=(), "
        "picture-in-picture=(), serial=(), usb=()"
    ),
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
# Headers that name a program and its version, or let other sites read an answer.
TELLING = ("Server", "X-Powered-By", "Via", "Access-Control-Allow-Origin", "Access-Control-Allow-Credentials")
KEPT_BY_THE_BROWSER = dict.fromkeys(
    ("evidence:log_entries", "evidence:log_tile", "script_words"), "private, max-age=31536000, immutable"
)


@pytest.fixture
def officer(db, client):
    client.force_login(person("compliance_officer"))
    return client


def wrong_in(headers):
    """The headers of an answer that are not as they must be."""
    sources = headers.get("Content-Security-Policy", "").split(";")
    policy = dict(part.strip().split(" ", 1) for part in sources if part.strip())
    media = policy.pop("media-src", "")
    found = {name: headers.get(name) for name in FIXED if headers.get(name) != FIXED[name]}
    if policy != POLICY or not media or {"*", "https:", "http:", "data:"} & set(media.split()):
        found["Content-Security-Policy"] = headers.get("Content-Security-Policy")
    if len(headers.get("X-Request-ID", "")) != 32:
        found["X-Request-ID"] = headers.get("X-Request-ID")
    return found | {name: headers[name] for name in TELLING if name in headers}


@pytest.mark.parametrize(
    ("path", "status"),
    [("/", 200), ("/objects/", 200), ("/nothing/here", 404), ("/people/", 403), ("/health/live", 200)],
)
def test_every_answer_has_the_policy_and_is_kept_by_nobody(officer, path, status):
    response = officer.get(path)
    assert response.status_code == status
    assert wrong_in(dict(response.items())) == {}


@pytest.mark.slow
@pytest.mark.parametrize("signed_in", [True, False])
def test_every_url_answers_with_every_header(
    committed_db, services, settings, tmp_path, monkeypatch, signed_in
):
    """Pages, fragments, JSON, files, redirects and refusals, for somebody with every right and for nobody."""
    settings.REPORTS_DIR = tmp_path
    settings.COMMBOX_WEBHOOK_TOKEN = WEBHOOK_TOKEN
    monkeypatch.setitem(roles.ROLES, "all", roles.Role("all", "All", "", frozenset(Permission)))
    asking = table.Asking(World(person("all") if signed_in else None, services))
    statuses, wrong = set(), {}
    for cell in table.cells():
        if (ids := asking.ids(cell)) is not None:
            shows = cell.method == "GET" and cell.id in (table.OWN, table.NO_ID)
            for manner in table.MANNERS if shows else table.MANNERS[:1]:
                answer = asking.answer(cell, ids, manner)
                statuses.add(answer.status)
                allowed = {"Referrer-Policy": "no-referrer"} if cell.url.startswith("playback:") else {}
                if cell.url in KEPT_BY_THE_BROWSER and answer.status == "200":
                    allowed["Cache-Control"] = KEPT_BY_THE_BROWSER[cell.url]
                found = wrong_in(answer.headers)
                wrong |= {(*cell, *manner): found} if not found.items() <= allowed.items() else {}
    assert wrong == {}
    assert statuses >= ({"200", "302", "403", "404", "405"} if signed_in else {"200", "401", "404", "405"})


def test_errors_have_every_header(officer, monkeypatch):
    """A view that fails, a database that is away, a form without a token, a host that is not ours."""
    from django.db import OperationalError

    from recordings.overview import views

    officer.raise_request_exception = False
    for error, status in ((RuntimeError(), 500), (OperationalError(), 503)):

        def fails(*args, error=error, **kwargs):
            raise error

        monkeypatch.setattr(views, "page", fails)
        response = officer.get("/")
        assert (response.status_code, wrong_in(dict(response.items()))) == (status, {})
    strict = Client(enforce_csrf_checks=True)
    for response, status in (
        (strict.post("/accounts/login/"), 403),
        (officer.get("/", headers={"Host": "evil.example"}), 400),
        (officer.get("/static/portal/css/none.css"), 404),
    ):
        assert (response.status_code, wrong_in(dict(response.items()))) == (status, {})


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
