"""A page that is open reads itself again: that is no act of a person, and keeps no session alive."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from recordings.audit import Actor, Kind, Target
from recordings.audit.reading import check_open
from recordings.exceptions import PageTooOld
from recordings.models import AuditEvent, CommBoxObject
from tests import factories

ROOT = Path(__file__).resolve().parents[3]
POLL = {"HX-Request": "true", "X-Poll": "true"}
ACTS = ("object.opened", "recording.opened", "audit.viewed", "audit.searched", "search.run")


@pytest.fixture
def noa(db):
    client = Client()
    client.force_login(factories.person("compliance_officer"))
    return client


@pytest.fixture
def pages(db):
    recording = factories.recording()
    return {
        "object": (f"/objects/{recording.object_id}/", f"/objects/{recording.object_id}/"),
        "recording": (f"/recordings/{recording.pk}/", f"/recordings/{recording.pk}/trail/"),
    }


def acts():
    return AuditEvent.objects.filter(kind__in=ACTS).count()


@pytest.mark.parametrize("name", ["object", "recording"])
def test_an_open_page_writes_one_act_however_often_it_reads_itself_again(noa, pages, name):
    opened, poll = pages[name]
    assert noa.get(opened).status_code == 200
    assert acts() == 1
    with time_machine.travel(timezone.now() + timedelta(minutes=14)):
        for _ in range(3):
            assert noa.get(poll, headers=POLL).status_code == 200
    assert acts() == 1


@pytest.mark.parametrize("name", ["object", "recording"])
def test_what_nobody_opened_is_not_shown_to_a_poll(noa, pages, name):
    """The header is no way past the trail: the page's opening must be in it, by this person."""
    opened, poll = pages[name]
    stranger = Client()
    stranger.force_login(factories.person("compliance_officer", "tom.brandt"))
    stranger.get(opened)
    response = noa.get(poll, headers=POLL)
    assert (response.status_code, acts()) == (409, 1)
    assert "Load it again." in response.content.decode()


def test_an_opening_of_yesterday_lets_no_poll_in(noa, pages):
    """A session lives for twelve hours."""
    opened, _ = pages["object"]
    noa.get(opened)
    by = Actor(ref=f"user:{noa.session['_auth_user_id']}", kind="person")
    target = Target.of(CommBoxObject.objects.get())
    check_open(Kind.OBJECT_OPENED, by=by, target=target)
    with time_machine.travel(timezone.now() + timedelta(hours=13)), pytest.raises(PageTooOld):
        check_open(Kind.OBJECT_OPENED, by=by, target=target)


def test_polls_keep_no_session_alive(noa, pages, database_clock):
    opened, poll = pages["object"]
    noa.get(opened)
    seen = noa.session["seen_at"]
    database_clock.shift(10 * 60)
    noa.get(poll, headers=POLL)
    assert noa.session["seen_at"] == seen
    database_clock.shift(6 * 60)
    assert noa.get(poll, headers=POLL).status_code == 401


def test_whatever_reads_itself_again_says_so():
    """Every element that asks by the clock or on an event of the body carries the header."""
    silent = []
    for path in (ROOT / "templates").rglob("*.html"):
        for tag in re.findall(r"<[a-z][^<>]*?hx-trigger=(?:[^<>]|%>)*>", path.read_text(), re.S):
            if re.search(r"every |from:body|load delay", tag) and "X-Poll" not in tag:
                silent += [(path.name, tag[:80])]
    assert silent == []
