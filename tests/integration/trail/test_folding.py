"""The events of one viewing are one row of a list; refusals and everything else stand for themselves."""

import uuid
from typing import Any

import pytest
from django.test import Client

from auditportal.accounts.models import User
from recordings.audit import Kind, Outcome, Target, record
from recordings.models import AuditEvent
from recordings.trail.filters import TrailFilters
from recordings.trail.queries import FOLDED_FROM, trail, trail_of
from tests.integration.trail.helpers import TRAIL, acting, opened, signed_in

RECORDING = "recording:01890a5d-ac96-774b-bcce-b3029f2c1a2b"
VIEWINGS = TrailFilters(groups=("viewing",))


def viewing(who: User, steps: int = 3, *, finished: bool = True) -> str:
    """Record a viewing with so many renewals and reports."""
    key = str(uuid.uuid4())

    def step(kind: Kind, outcome: Outcome = Outcome.GRANTED, **detail: Any) -> None:
        target = Target("recording", RECORDING, "Dana", parent="object:101")
        record(kind, by=acting(who), target=target, outcome=outcome, detail={"viewing": key, **detail})

    step(Kind.VIEWING_REQUESTED)
    step(Kind.URL_ISSUED)
    for number in range(steps):
        step(Kind.WATCHED, Outcome.COMPLETED, spans=[[number * 1000, number * 1000 + 1000]])
        step(Kind.URL_RENEWED)
    if finished:
        step(Kind.VIEWING_FINISHED, Outcome.COMPLETED, seconds=steps)
    return key


def rows_of(client: Client, query: str = "") -> list[tuple[str, int]]:
    rows = client.get(TRAIL + query).context["page"].rows
    return [(row.kind, row.folded) for row in rows]


def test_a_viewing_is_one_row_that_shows_its_end(noa: User, tom: User) -> None:
    viewing(tom)
    opened(tom, 1)
    viewing(tom, finished=False)
    client = signed_in(noa)
    assert rows_of(client, "?reading=hide&group=viewing") == [("viewing.watched", 7), ("viewing.finished", 8)]
    context = client.get(TRAIL + "?group=viewing").context
    assert context["shown"] == "Shown 17 of 17 events · 2 rows"


def test_every_event_is_a_row_when_that_is_asked_for(noa: User, tom: User) -> None:
    viewing(tom)
    client = signed_in(noa)
    assert len(rows_of(client, "?group=viewing&rows=each")) == 9
    assert len(rows_of(client, "?kind=viewing.url_renewed")) == 3


def test_a_row_leads_to_all_events_of_its_viewing(noa: User, tom: User) -> None:
    key = viewing(tom)
    page = signed_in(noa).get(TRAIL + "?group=viewing")
    (row,) = page.context["page"].rows
    name = f"V-{key.replace('-', '')[-8:].upper()}"
    assert (row.viewing, row.viewing_href) == (name, f"/audit/?q={name}")
    text = " ".join(page.content.decode().split())
    assert "8 more events since" in text
    assert f'viewing <bdi class="num">{name}</bdi></a>' in text


@pytest.mark.parametrize("outcome", [Outcome.DENIED, Outcome.ERROR])
def test_what_was_refused_or_went_wrong_stands_for_itself(noa: User, tom: User, outcome: Outcome) -> None:
    key = viewing(tom)
    for kind in (Kind.URL_REFUSED, Kind.URL_RENEWED, Kind.VIEWING_DENIED):
        record(
            kind,
            by=acting(tom),
            target=Target("recording", RECORDING),
            outcome=outcome,
            detail={"viewing": key},
        )
    rows = trail(VIEWINGS, each=False).rows
    assert [row.folded for row in rows] == [0, 0, 0, 8]
    assert rows[-1].row_id == rows[-1].viewing, "it stays the same row when it shows a later event"
    assert len({row.row_id for row in rows}) == 4, "else a page that reads itself again drops some of them"


@pytest.mark.parametrize("detail", [{}, {"viewing": ["x"]}, {"viewing": "not-a-uuid"}, {"viewing": 7}])
def test_a_row_with_another_detail_than_its_kind_has_breaks_nothing(
    tom: User, detail: dict[str, Any]
) -> None:
    record(Kind.WATCHED, by=acting(tom), target=Target("recording", RECORDING), detail=detail)
    assert [(row.folded, row.viewing) for row in trail(VIEWINGS, each=False).rows] == [(0, "")]


def test_pages_of_folded_rows_follow_each_other_without_a_gap(noa: User, tom: User) -> None:
    """In both directions: the events that the rows of a page stand for are those between its keys."""
    for number in range(70):
        viewing(tom, 1)
        opened(tom, number)
    client = signed_in(noa)
    everything = AuditEvent.objects.filter(kind__regex="^(viewing|object)").count()
    query = "?group=viewing&group=catalog"
    first = client.get(TRAIL + query).context
    pages = [first]
    while pages[-1]["older_url"]:
        pages.append(client.get(pages[-1]["older_url"]).context)
    assert len(pages) > 2
    assert sum(1 + row.folded for page in pages for row in page["page"].rows) == everything
    back = client.get(pages[-1]["newer_url"]).context
    assert sum(1 + row.folded for row in back["page"].rows) > 50
    assert back["page"].rows[0].id > pages[-1]["page"].rows[0].id


def test_a_long_viewing_fills_a_page_only_as_far_as_it_is_read(noa: User, tom: User) -> None:
    viewing(tom, FOLDED_FROM // 2 + 20)
    first = trail(VIEWINGS, each=False)
    assert [row.folded for row in first.rows] == [FOLDED_FROM - 1]
    assert first.older is not None


def test_the_list_beside_a_recording_folds_as_well(noa: User, tom: User) -> None:
    for _ in range(3):
        viewing(tom)
    opened(noa, 101)
    assert [row.folded for row in trail_of(RECORDING, 2)] == [8, 8]


def test_reading_can_be_hidden(noa: User, tom: User) -> None:
    opened(tom, 1)
    client = signed_in(noa)
    client.get(TRAIL)
    client.get(TRAIL + "?outcome=denied")
    kinds = [kind for kind, _ in rows_of(client)]
    assert {"audit.viewed", "audit.searched"} <= set(kinds)
    page = client.get(TRAIL + "?reading=hide")
    assert [row.kind for row in page.context["page"].rows] == ["auth.signed_in", "object.opened"]
    assert 'name="reading" value="hide"' in page.content.decode()
    assert [chip.text for chip in page.context["chips"]] == ["Reading of the trail hidden"]
    assert [switch.without for switch in page.context["switches"]] == ["reading=hide&rows=each"]


def test_one_event_is_one_event(noa: User) -> None:
    opened(noa, 1)
    assert signed_in(noa).get(TRAIL + "?kind=object.opened").context["shown"] == "Shown 1 of 1 event"


@pytest.mark.parametrize("many", [1, 3])
def test_a_folded_page_takes_the_same_queries_however_many_rows(
    tom: User, django_assert_num_queries: Any, many: int
) -> None:
    for _ in range(many):
        viewing(tom)
    with django_assert_num_queries(6):  # numbers, steps, events, secrets, keys, leaves
        assert len(trail(VIEWINGS, each=False).rows) == many
