"""The pages of problems and runs: grouped and explained, honest about what is over, each run with what it did."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from auditportal.accounts.models import Grant
from auditportal.sandbox.control.control import Control
from recordings.commbox import Problem
from recordings.models import CommBoxObject, ParseProblem, RefreshRun
from recordings.operations.unreadable import MOST_FLAGGED, field_groups, item_groups
from recordings.refresh import problems
from recordings.refresh.actions import refresh_object
from tests.factories import conversation, person, recording
from tests.integration.refresh.helpers import BY, hold, kinds

pytestmark = pytest.mark.django_db
FOREIGN = "It belongs to another object."


@pytest.fixture
def administrator(client: Client) -> Client:
    client.force_login(person("administrator"))
    return client


def text(response: Any) -> str:
    return " ".join(response.content.decode().split())


# --- problems


def test_what_was_left_out_is_grouped_with_meaning_remedy_and_examples(
    committed_db: None, administrator: Client, upstream: Control
) -> None:
    """F08, on a page: the items of two objects are one group."""
    things = [hold(upstream), hold(upstream, nth=1)]
    for thing in things:
        upstream.add_recording(thing.pk, claims_object=5)
        upstream.add_recording(thing.pk)
        refresh_object(object_id=thing.pk, by=BY)
    (group,) = item_groups()
    assert (group.reason, group.items, group.still, group.times) == (FOREIGN, 2, 2, 2)
    assert set(group.objects) == {thing.pk for thing in things}
    page = text(administrator.get("/operations/problems/"))
    for words in (
        "The item belongs to another object.",
        "objectId",
        "CommBox sent it in the response for one object, but the item names another.",
        "Report to CommBox support that responses contain items of others.",
        "2 now",
        str(things[0].pk),
    ):
        assert words in page
    assert "The item belongs to another object." in text(administrator.get("/operations/"))


def test_what_commbox_has_put_right_is_said_to_be_over(
    committed_db: None, administrator: Client, held: CommBoxObject, upstream: Control
) -> None:
    wrong = upstream.add_recording(held.pk, claims_object=5)
    refresh_object(object_id=held.pk, by=BY)
    refresh_object(object_id=held.pk, by=BY)
    (group,) = item_groups()
    assert (group.still, group.times) == (1, 2)
    wrong.claims_object = None
    ParseProblem.objects.update(last_seen_at=timezone.now() - timedelta(seconds=3))
    refresh_object(object_id=held.pk, by=BY)
    (group,) = item_groups()
    assert (group.items, group.still) == (1, 0)
    page = text(administrator.get("/operations/problems/"))
    assert "Nothing: CommBox no longer sends such items." in page
    assert "None now" in page


def test_a_listing_s_problem_is_over_after_a_day() -> None:
    problems.note([Problem("Its objectId is missing or no whole 64-bit number.", "{}", 0)], stream_id=31245)
    (group,) = item_groups()
    assert (group.still, group.objects, group.channels) == (1, [], [31245])
    ParseProblem.objects.update(last_seen_at=timezone.now() - timedelta(days=1, minutes=1))
    assert item_groups()[0].still == 0


def test_what_is_over_stands_behind_what_is_still_there() -> None:
    for reason in ("It is not an object with fields.", "Its data is text that is not JSON."):
        problems.note([Problem(reason, "", 0)])
    newest = timezone.now()
    ParseProblem.objects.filter(reason__startswith="It is").update(last_seen_at=newest - timedelta(days=2))
    assert [group.still for group in item_groups()] == [1, 0]


def test_what_was_in_an_item_is_on_no_page(administrator: Client) -> None:
    problems.note([Problem(FOREIGN, '{"firstName": "Dana Marlowe"}', 0)], object_id=conversation().pk)
    for address in ("/operations/problems/", "/operations/"):
        assert "Marlowe" not in text(administrator.get(address))


def test_examples_are_links_for_who_may_open_objects_and_can_be_asked_for_again(
    administrator: Client, held: CommBoxObject
) -> None:
    problems.note([Problem(FOREIGN, "", 0)], object_id=held.pk)
    link = f'href="/objects/{held.pk}/"'
    page = text(administrator.get("/operations/problems/"))
    assert link not in page
    assert f'name="object_ids" value="{held.pk}"' in page
    Grant.objects.create(user=person("administrator", "both.roles"), role="qa_manager")
    both = Client()
    both.force_login(Grant.objects.get(role="qa_manager").user)
    assert link in text(both.get("/operations/problems/"))
    administrator.post("/operations/", {"object_ids": str(held.pk)})
    assert kinds().count("refresh.requested") == 1


def test_an_object_that_left_the_catalog_is_no_example() -> None:
    """Only what can be opened and refreshed is offered."""
    problems.note([Problem(FOREIGN, "", 0)], object_id=5)
    assert item_groups()[0].objects == []


def test_fields_in_doubt_are_grouped_over_the_recordings_that_were_kept(
    administrator: Client, held: CommBoxObject, upstream: Control
) -> None:
    """F15, on a page."""
    upstream.add_recording(held.pk, duration=-1)
    upstream.add_recording(held.pk, duration=-5, fileSize="huge")
    upstream.add_recording(held.pk)
    refresh_object(object_id=held.pk, by=BY)
    groups = {group.reason: group for group in field_groups()}
    assert {reason: group.items for reason, group in groups.items()} == {
        "negative_duration": 2,
        "bad_file_size": 1,
    }
    page = text(administrator.get("/operations/problems/"))
    assert "The value is below zero." in page
    assert "The portal treats the field as unknown." in page
    assert "No item was left out." in page


def test_flagged_recordings_are_found_by_their_own_index() -> None:
    thing = conversation()
    for number in range(300):
        recording(thing, rebuild=False, flags=["bad_duration"] if number % 100 == 0 else [])
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE recordings_recording")
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(
            "EXPLAIN SELECT flags FROM recordings_recording WHERE flags <> '[]'"
            f" ORDER BY first_seen_at DESC LIMIT {MOST_FLAGGED}"
        )
        plan = " ".join(row[0] for row in cursor.fetchall())
    assert "recording_flagged" in plan
    assert field_groups()[0].items == 3


def test_without_a_problem_the_page_says_so(administrator: Client) -> None:
    assert "Everything CommBox has sent so far could be read." in text(
        administrator.get("/operations/problems/")
    )


@pytest.mark.parametrize("rows", [1, 3])
def test_the_page_takes_a_fixed_number_of_queries(
    administrator: Client, django_assert_num_queries: Any, rows: int
) -> None:
    for number in range(rows):
        problems.note([Problem(f"Its field{number} is missing or no whole 64-bit number.", "", 0)])
    with django_assert_num_queries(6):  # session, person; items, fields; accounts, source
        administrator.get("/operations/problems/")


# --- runs


def runs(*kinds_: str) -> None:
    now = timezone.now()
    for slot, kind in enumerate(kinds_):
        RefreshRun.objects.create(
            kind=kind,
            slot=slot,
            started_at=now - timedelta(seconds=len(kinds_) - slot),
            finished_at=now,
            outcome="done",
            counts={"objects": slot},
            cursor=f"window {slot}",
        )


def test_every_run_is_shown_with_cursor_counts_and_outcome(administrator: Client) -> None:
    runs("sweep", "list", "discover")
    RefreshRun.objects.filter(kind="list").update(
        outcome="partial", trouble="CommBox reported an internal error."
    )
    RefreshRun.objects.create(kind="sweep", slot=99, started_at=timezone.now())
    page = text(administrator.get("/operations/runs/"))
    for words in (
        "window 1",
        "1 object",
        "Partly done",
        "CommBox reported an internal error.",
        "Running",
        "4 runs",
    ):
        assert words in page
    assert page.index("Discovery</td>") < page.index("Listing</td>")


def test_one_kind_is_shown_alone_and_older_ones_page_by_page(administrator: Client) -> None:
    runs(*["sweep"] * 120, "list")
    assert text(administrator.get("/operations/runs/?kind=list")).count("window ") == 1
    seen: list[int] = []
    address = "/operations/runs/?kind=sweep"
    for _ in range(3):
        context = administrator.get(address).context
        seen += [line.run.slot for line in context["page"].rows]
        address = f"/operations/runs/{context['older_url']}"
    assert seen == list(reversed(range(120)))
    assert context["older_url"] == ""
    assert context["newer_url"] == "?kind=sweep"


def test_the_order_is_that_of_their_beginning(administrator: Client) -> None:
    """A sweep's row is written when it ends, after those of runs that began later."""
    runs("list", "sweep")
    RefreshRun.objects.filter(kind="sweep").update(started_at=timezone.now() - timedelta(minutes=1))
    found = administrator.get("/operations/runs/").context["page"].rows
    assert [line.run.kind for line in found] == ["list", "sweep"]


@pytest.mark.parametrize("query", ["?kind=nothing", "?before=x", "?before=-1", f"?before={2**63}"])
def test_what_names_no_page_is_answered_by_the_first(administrator: Client, query: str) -> None:
    runs("sweep")
    page = administrator.get(f"/operations/runs/{query}")
    assert page.status_code == 200
    assert ">1 run<" in text(page)


def test_before_anything_ran_the_page_says_what_to_look_at(administrator: Client) -> None:
    assert "celery beat" in text(administrator.get("/operations/runs/"))
