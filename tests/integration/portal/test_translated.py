"""No page has a sentence that cannot be translated, nor one that is built from pieces.

Each role follows the links from the first page in a language that wraps every message in brackets. What stands outside
of them is data, or was forgotten. (Read before Django is set up: models are imported late.)
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import suppress
from datetime import date
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
from django.test import Client
from django.urls import Resolver404, resolve

from auditportal.embedded import Services
from tests import pseudo

ROLES = ("compliance_officer", "qa_manager", "external_auditor", "administrator")
# Pages of one kind that are looked at: lists have filters and pages without end.
EACH = 4
# Lead out of the portal, sign out, or are files.
NOT_PAGES = re.compile(r"^/(static|words|accounts/log)|\.(csv|json|pdf|zip|html)$|/download|/consistency")


@pytest.fixture
def world(committed_db: None, services: Services, settings: Any, tmp_path: Path) -> Iterator[None]:
    """A portal in use: recordings in every state, an event of every kind, a sealed log, a report, a statement."""
    from recordings.assurance.statements import state_month
    from recordings.audit import Actor, Kind, Outcome, Target, record
    from recordings.exceptions import AuditUnavailable
    from recordings.models import RecordingState
    from recordings.reports.actions import request_report
    from recordings.trail.filters import TrailFilters
    from tests.factories import agent, conversation, person, recording, viewing
    from tests.integration.proof.evidence.bundles import make_log

    settings.REPORTS_DIR = tmp_path / "reports"
    log = make_log(services, settings, tmp_path, ["Internal-Audit"])
    noa = person("compliance_officer", "noa.levi")
    thing = conversation(agent=agent())
    for state in RecordingState:
        recording(thing, state=state, recording_type="")
    viewing(recording(thing), noa)
    by = Actor(f"user:{noa.pk}", "person", noa.full_name, "compliance_officer")
    target = Target("recording", f"recording:{recording(thing).pk}", "Dana Marlowe", f"object:{thing.pk}")
    for kind in Kind:
        with suppress(AuditUnavailable):  # some kinds are written by functions of the database alone
            record(kind, by=by, target=target, outcome=Outcome.GRANTED, detail={})
    state_month(month=date(2026, 10, 1), by=Actor.system("assurance"))
    request_report(filters=TrailFilters(), format="csv", requested_by=noa, by=by)
    log.seal(manifest=True)
    with pseudo.installed():
        yield


@pytest.mark.slow
@pytest.mark.parametrize("role", ROLES)
def test_no_text_stands_outside_of_messages(world: None, role: str) -> None:
    from tests.factories import person

    client = Client()
    client.force_login(person(role, language=pseudo.LANGUAGE))
    outside: dict[str, set[str]] = defaultdict(set)
    glued: dict[str, set[str]] = defaultdict(set)
    looked_at: Counter[str] = Counter()
    for path, html in pages(client, looked_at):
        page = pseudo.Page(html)
        if page.outside:
            outside[path].update(page.outside)
        if page.glued:
            glued[path].update(page.glued)
    assert looked_at.total() > 5
    assert (dict(outside), dict(glued)) == ({}, {})


@pytest.mark.parametrize("path", ["/accounts/login/", "/nothing/here/"])
def test_no_text_stands_outside_of_messages_for_a_stranger(db: None, path: str, monkeypatch: Any) -> None:
    from auditportal import localization

    monkeypatch.setattr(localization, "language_of", lambda request: pseudo.LANGUAGE)
    with pseudo.installed():
        page = pseudo.Page(Client().get(path, follow=True).content.decode())
    assert (page.outside, page.glued) == ([], [])


def pages(client: Client, looked_at: Counter[str]) -> Iterator[tuple[str, str]]:
    """Follow links and fragments from the first page, a few of each kind."""
    waiting, seen = ["/", "/settings/", "/nothing/here/"], set()
    while waiting:
        path = waiting.pop(0)
        if path in seen or NOT_PAGES.search(urlsplit(path).path):
            continue
        seen.add(path)
        try:
            name = resolve(urlsplit(path).path).view_name
        except Resolver404:
            name = "none"
        if looked_at[name] >= EACH:
            continue
        response = client.get(path)
        if not response.get("Content-Type", "").startswith("text/html") or response.streaming:
            continue
        looked_at[name] += 1
        html = response.content.decode()
        yield path, html
        for link in re.findall(r'(?:href|hx-get)="([^"]+)"', html):
            target = urlsplit(urljoin(path, unescape(link)))
            if not target.netloc:
                waiting.append(target._replace(fragment="").geturl())
