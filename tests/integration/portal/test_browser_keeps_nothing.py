"""What a browser is told to forget and to report; sessions that outlive the key they were signed with; bare errors."""

import json
import logging
from typing import Any

import pytest
from django.test import Client, override_settings

from auditportal import csp_reports
from auditportal.errors import server_error
from tests.factories import PASSWORD, person


def sign_in(client: Client, username: str) -> None:
    response = client.post("/accounts/login/", {"login": username, "password": PASSWORD})
    assert response.status_code == 302


def test_sign_out_clears_what_the_browser_kept_but_not_the_mark_of_the_device(db: None) -> None:
    client, user = Client(), person("compliance_officer")
    sign_in(client, user.username)
    response = client.post("/accounts/logout/")
    assert response["Clear-Site-Data"] == '"cache", "storage"'
    assert client.cookies[f"device-{user.pk}"].value


def test_another_secret_key_signs_nobody_out_while_the_old_one_is_a_fallback(db: None) -> None:
    client, user = Client(), person("compliance_officer")
    sign_in(client, user.username)
    with override_settings(SECRET_KEY="another-" * 8, SECRET_KEY_FALLBACKS=["only-for-tests-" * 4]):
        assert client.get("/").status_code == 200
    with override_settings(SECRET_KEY="a-third-" * 8, SECRET_KEY_FALLBACKS=["another-" * 8]):
        assert client.get("/").status_code == 200
        assert client.get("/objects/").status_code == 200
    with override_settings(SECRET_KEY="the-fourth-" * 8, SECRET_KEY_FALLBACKS=[]):
        assert client.get("/").status_code == 302


REPORT = {
    "document-uri": "https://audit.example.com/objects/?q=dana",
    "effective-directive": "img-src",
    "blocked-uri": "https://user:secret@evil.example/x?q=dana",
}


def test_a_blocked_content_is_a_line_without_queries_and_many_are_one(
    db: None, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "portal.csp"):
        for _ in range(20):
            body = json.dumps({"csp-report": REPORT})
            response = Client(enforce_csrf_checks=True).post("/csp-reports", body, "application/csp-report")
            assert (response.status_code, response.content) == (204, b"")
    lines = [record.msg for record in caplog.records if record.name == "portal.csp"]
    assert len(lines) == 1
    assert lines[0]["blocked"] == "https://evil.example/x"
    assert lines[0]["page"] == "https://audit.example.com/objects/"
    assert "dana" not in str(lines)
    assert "secret" not in str(lines)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{",
        b'{"csp-report": 7}',
        b"[" * 50_000,
        b'{"csp-report": {"blocked-uri": "//["}}',
        b"\xff",
    ],
)
def test_no_report_does_harm(db: None, body: bytes) -> None:
    csp_reports._logged.forget()
    assert Client().post("/csp-reports", body, "application/csp-report").status_code == 204
    assert Client().get("/csp-reports").status_code == 405


@pytest.mark.parametrize("status", [404, 500])
def test_an_error_page_stands_without_collected_files(
    db: None, settings: Any, tmp_path: Any, rf: Any, status: int
) -> None:
    """The manifest is missing, or knows nothing of a file: the plain name is used."""
    settings.DEBUG = False
    settings.STATIC_ROOT = tmp_path
    settings.STORAGES = {**settings.STORAGES, "staticfiles": {"BACKEND": "auditportal.static_files.Storage"}}
    response = Client().get("/nothing/here") if status == 404 else server_error(rf.get("/"))
    assert response.status_code == status
    assert "portal/css/base.css" in response.content.decode()
