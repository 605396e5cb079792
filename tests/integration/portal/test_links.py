"""No page links to what its reader may not open: each role follows links, with and without a scope."""

import re
from collections import Counter
from contextlib import suppress
from datetime import date
from html import unescape
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
from django.test import Client
from django.urls import resolve

from auditportal.accounts.access import requests
from auditportal.accounts.models import AgentLink, Grant
from auditportal.accounts.roles import ROLES
from recordings.assurance.statements import state_month
from recordings.audit import Actor, Kind, Outcome, Target, record
from recordings.exceptions import AuditUnavailable
from recordings.models import Agent, Stream
from recordings.reach import Level
from recordings.reports.actions import request_report
from recordings.trail.filters import TrailFilters
from tests.factories import agent, conversation, person, recording, stream, viewing

# Lead out of the portal, sign out, or are files.
NOT_PAGES = re.compile(r"^/(static|words|accounts/log)|\.(csv|json|pdf|zip|html|sha256)$|/file$")
# Of each kind of page so many are opened: lists have filters and pages without end.
EACH = 4
# What a person may list but not open: its page says why, and offers to ask for access.
SAYS_WHY = "You may see this conversation in lists, but your access does not include what you asked for."
CASES = [
    *((role, "all") for role in ROLES),
    ("compliance_officer", "list"),
    ("compliance_officer", "channel"),
    ("compliance_officer", "nothing"),
    ("external_auditor", "channel"),
    ("qa_manager", "view of a channel"),
    ("reviewer", "list"),
]


@pytest.fixture
def channels(db: None) -> tuple[Stream, Stream]:
    """Two channels with an object, recordings, events of every kind about each, a statement, a report, a rule."""
    noa = person("compliance_officer", "noa.levi")
    by = Actor(f"user:{noa.pk}", "person", noa.full_name, "compliance_officer")
    both = stream("Retail"), stream("Claims")
    for channel in both:
        thing = conversation(stream=channel, agent=agent(f"Agent of {channel.name}"))
        film = recording(thing)
        viewing(film, noa)
        for target in (
            Target("recording", f"recording:{film.pk}", "Dana Marlowe", f"object:{thing.pk}"),
            Target.of(thing),
        ):
            for kind in Kind:
                with suppress(AuditUnavailable):  # some kinds are written by functions of the database alone
                    record(kind, by=by, target=target, outcome=Outcome.GRANTED, detail={"statement": 1})
        request_report(filters=TrailFilters(), format="csv", requested_by=noa, by=by)
    state_month(month=date(2026, 10, 1), by=Actor.system("assurance"))
    requests.ask(asked_by=noa, thing="4711", level=Level.VIEW, reason="complaint", by=by)
    return both


def followed(client: Client) -> tuple[Counter[str], list[str]]:
    """Follow the links from the first page; return how often each view was opened, and what could not be."""
    opened: Counter[str] = Counter()
    seen, wrong, waiting = {"/"}, [], [("/", "")]
    while waiting:
        path, on = waiting.pop(0)
        name = resolve(urlsplit(path).path).view_name
        if opened[name] >= EACH:
            continue
        opened[name] += 1
        answer = client.get(path, follow=True)
        if answer.status_code >= 400 and SAYS_WHY not in answer.content.decode():
            wrong.append(f"{answer.status_code} {path} on {on}")
        if answer.status_code != 200 or "html" not in answer.headers["Content-Type"]:
            continue
        page = answer.content.decode()
        for href in re.findall(r'<a\b[^>]*?\bhref="([^"]+)"', page):
            link = urljoin(path, unescape(href)).partition("#")[0]
            if link in seen or not link.startswith("/") or NOT_PAGES.search(urlsplit(link).path):
                continue
            seen.add(link)
            waiting.append((link, path))
    return opened, wrong


def scopes(channel: Stream) -> dict[str, dict[str, Any]]:
    return {
        "all": {"level": Level.MANAGE},
        "list": {"level": Level.LIST},
        "channel": {"level": Level.MANAGE, "channels": [channel.pk]},
        "view of a channel": {"level": Level.VIEW, "channels": [channel.pk]},
        "nothing": {"level": Level.MANAGE, "channels": [1]},
    }


@pytest.mark.slow
@pytest.mark.parametrize(("role", "scope"), CASES)
def test_each_role_may_open_what_its_pages_link_to(
    channels: tuple[Stream, Stream], role: str, scope: str
) -> None:
    inside, _outside = channels
    user = person()
    Grant.objects.create(user=user, role=role, **scopes(inside)[scope])
    if role == "agent":
        own = Agent.objects.get(name="Agent of Retail")
        AgentLink.objects.create(user=user, agent=own, reason="is this agent")
    client = Client()
    client.force_login(user)
    opened, wrong = followed(client)
    assert opened.total() > 1
    assert wrong == []
