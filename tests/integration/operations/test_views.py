"""Freshness and its polling, a person's refresh, the operations page, the banner."""

from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings as conf
from django.test import Client
from django.utils import timezone

from auditportal.sandbox.control.control import Control
from recordings import breaker
from recordings.commbox import CommBoxError, Forbidden, ServerError, Throttled, Unauthorized, Unreachable
from recordings.commbox.assembly import budget_left
from recordings.models import CommBoxObject, Delivery, ParseProblem, RefreshRun, SourceStatus, Stream
from recordings.operations import banners, queries
from recordings.refresh.actions import refresh_object
from recordings.refresh.freshness import freshness_of
from tests.factories import conversation, person, stream
from tests.integration.refresh.helpers import BY, body, hold, kinds

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def officer(client: Client) -> Client:
    client.force_login(person("compliance_officer"))
    return client


@pytest.fixture
def administrator(client: Client) -> Client:
    client.force_login(person("administrator"))
    return client


def freshness(client: Client, thing: CommBoxObject, **query: str) -> Any:
    return client.get(f"/objects/{thing.pk}/freshness/", query, headers=HTMX)


def text(response: Any) -> str:
    return " ".join(response.content.decode().split())


# --- freshness


def test_a_fresh_object_is_looked_at_again_in_a_while(officer: Client) -> None:
    thing = conversation(refreshed_at=timezone.now())
    page = text(freshness(officer, thing))
    assert 'hx-trigger="load delay:10s"' in page
    assert "Confirmed" in page
    assert "hx-vals" not in page


def test_a_visit_to_an_old_object_asks_commbox_once_and_leaves_no_event(officer: Client) -> None:
    thing = conversation(refreshed_at=timezone.now() - timedelta(hours=1))
    page = text(freshness(officer, thing))
    assert """hx-vals='{"visit": "1"}' hx-trigger="load\"""" in page
    thing.refresh_from_db()
    assert thing.refresh_due_at is None  # a GET changes nothing
    page = text(officer.post(f"/objects/{thing.pk}/refresh/", {"visit": "1"}, headers=HTMX))
    assert 'hx-trigger="load delay:2s"' in page
    assert "Refreshing" in page
    thing.refresh_from_db()
    assert thing.refresh_due_at is not None
    assert "refresh.requested" not in kinds()


def test_the_page_is_told_when_there_is_something_new(
    officer: Client, held: CommBoxObject, upstream: Control
) -> None:
    before = freshness_of(held.pk)
    assert before is not None
    assert "HX-Trigger" not in freshness(officer, held, seen=before.stamp).headers
    refresh_object(object_id=held.pk, by=BY)
    response = freshness(officer, held, seen=before.stamp)
    assert response.headers["HX-Trigger"] == "recordings-changed"
    after = freshness_of(held.pk)
    assert after is not None
    assert "HX-Trigger" not in freshness(officer, held, seen=after.stamp).headers


def test_while_commbox_is_away_a_refresh_is_queued_not_failed(officer: Client, held: CommBoxObject) -> None:
    """F01."""
    breaker.record_result(Unreachable())
    page = text(officer.post(f"/objects/{held.pk}/refresh/", headers=HTMX))
    assert "Queued" in page
    assert "CommBox has not responded since" in page
    assert body("refresh.requested")["object"]["ref"] == f"object:{held.pk}"


def test_without_a_worker_the_page_says_so_and_looks_less_often(officer: Client, held: CommBoxObject) -> None:
    officer.post(f"/objects/{held.pk}/refresh/", headers=HTMX)
    CommBoxObject.objects.update(refresh_due_at=timezone.now() - timedelta(seconds=11))
    page = text(freshness(officer, held, seen="never"))
    assert "The refresh worker has not started it yet." in page
    assert 'hx-trigger="load delay:10s"' in page
    CommBoxObject.objects.update(refresh_leased_until=timezone.now() + timedelta(seconds=60))
    page = text(freshness(officer, held, seen="never"))
    assert "Refreshing" in page
    assert 'hx-trigger="load delay:2s"' in page


def test_a_failed_refresh_is_one_sentence_beside_the_age(
    officer: Client, held: CommBoxObject, upstream: Control
) -> None:
    refresh_object(object_id=held.pk, by=BY)
    upstream.script_faults([{"kind": "html_200", "path": "*activities", "count": 9}])
    refresh_object(object_id=held.pk, by=BY)
    page = text(freshness(officer, held, seen="x"))
    assert "The response from CommBox could not be read." in page
    assert "Confirmed" in page


def test_without_scripts_a_refresh_is_a_form_and_a_page(officer: Client, held: CommBoxObject) -> None:
    response = officer.post(f"/objects/{held.pk}/refresh/", follow=True)
    assert response.redirect_chain == [(f"/objects/{held.pk}/", 302)]
    assert f"The refresh of object {held.pk} is queued." in text(response)


@pytest.mark.parametrize("address", ["refresh", "freshness"])
def test_an_unknown_object_is_said_to_be_unknown(officer: Client, address: str) -> None:
    send = officer.post if address == "refresh" else officer.get
    for object_id in (5, 2**63, 10**39):
        response = send(f"/objects/{object_id}/{address}/")
        assert response.status_code == 404
        assert "There is no object with this id." in text(response)


def test_freshness_takes_a_fixed_number_of_queries(
    officer: Client, held: CommBoxObject, django_assert_num_queries: Any
) -> None:
    freshness(officer, held)
    with django_assert_num_queries(4):  # session, person; object, source
        freshness(officer, held)


# --- operations


def test_operations_shows_the_whole_state(
    administrator: Client, held: CommBoxObject, upstream: Control, django_assert_max_num_queries: Any
) -> None:
    upstream.add_recording(held.pk, recordingUrl="https://elsewhere.example/a.mp4")
    upstream.add_recording(held.pk, claims_object=5)
    refresh_object(object_id=held.pk, by=BY)
    Stream.objects.update(list_error="CommBox reported an internal error.", list_error_at=timezone.now())
    CommBoxObject.objects.update(
        refresh_error="Too many calls to CommBox. The portal waits before it calls again.",
        refresh_error_at=timezone.now(),
        refresh_due_at=timezone.now(),
    )
    Delivery.objects.create(
        body_sha256="0" * 64, event_name="OnNewActivity", outcome="due", object_id=held.pk
    )
    with django_assert_max_num_queries(22):
        page = text(administrator.get("/operations/"))
    for words in (
        "Responding",
        "Premium video",
        "CommBox reported an internal error.",
        "Too many calls to CommBox. The portal waits before it calls again.",
        "The item belongs to another object.",
        "elsewhere.example",
        "The object is being refreshed.",
    ):
        assert words in page
    assert ParseProblem.objects.get().excerpt not in page


def test_what_was_set_aside_and_what_is_left_of_the_budget_are_shown(
    administrator: Client, held: CommBoxObject
) -> None:
    """F19: no newer failure pushes it off the page."""
    page = text(administrator.get("/operations/"))
    assert "Not retried" not in page
    left = budget_left()
    assert left is not None
    assert f"{left.turns} calls · {left.places} at a time" in " ".join(page.split())
    long_ago = timezone.now() - timedelta(days=3)
    CommBoxObject.objects.update(refresh_due_at=None, refresh_deaths=3, refresh_error_at=long_ago)
    for _ in range(12):
        conversation(refresh_error_at=timezone.now(), refresh_due_at=timezone.now())
    page = text(administrator.get("/operations/"))
    assert "Not retried" in page
    assert f'name="object_ids" value="{held.pk}"' in page


def test_a_thousand_files_on_another_host_are_one_proposal(
    administrator: Client, held: CommBoxObject, upstream: Control
) -> None:
    """F16."""
    for number in range(1_000):
        upstream.add_recording(held.pk, recordingUrl=f"https://elsewhere.example/{number}.mp4", stored=False)
    refresh_object(object_id=held.pk, by=BY)
    (host,) = queries.refused_hosts()
    assert (host["host"], host["files"]) == ("elsewhere.example", 1_000)
    assert text(administrator.get("/operations/")).count("elsewhere.example") == 1


def test_two_missed_turns_are_said_to_administrators() -> None:
    """F24."""
    breaker.record_result()
    started = timezone.now() - timedelta(seconds=91)
    run = RefreshRun.objects.create(kind="list", slot=1, started_at=started)
    (banner,) = banners.banners(operations=True)
    assert banner["title"] == "Scheduled listings have been missed."
    assert banners.banners() == []
    RefreshRun.objects.filter(pk=run.pk).update(started_at=timezone.now() - timedelta(seconds=60))
    assert banners.banners(operations=True) == []


@pytest.mark.parametrize(
    ("silent_for", "word", "level"),
    [
        (0, "Responding", "ok"),
        (80, "Responding", "ok"),
        (100, "Not responding", "warn"),
        (700, "Not responding", "bad"),
    ],
)
def test_the_age_of_the_last_answer_decides(
    administrator: Client, silent_for: int, word: str, level: str
) -> None:
    """While CommBox hangs no call fails, and none succeeds."""
    stream()
    breaker.record_result()
    SourceStatus.objects.update(last_success_at=timezone.now() - timedelta(seconds=silent_for))
    page = text(administrator.get("/operations/"))
    assert f'<span class="value {level}" dir="auto">{word}</span>' in page
    assert ("one is expected every 30 s" in page) == (level != "ok")


@pytest.mark.parametrize(
    ("kind", "began", "took", "word", "source"),
    [
        ("list", 60, 12, "Done", "Responding"),
        ("list", 60, 44, "Slow", "Slow"),
        ("list", 25, None, "Running", "Responding"),
        ("list", 50, None, "Still running", "Slow"),
        ("list", 7200, None, "Interrupted", "Slow"),
        ("sweep", 60, 44, "Done", "Responding"),
    ],
)
def test_a_run_that_does_not_keep_up_is_slow(
    administrator: Client, kind: str, began: int, took: int | None, word: str, source: str
) -> None:
    stream()
    breaker.record_result()
    started = timezone.now() - timedelta(seconds=began)
    ended = {"finished_at": started + timedelta(seconds=took), "outcome": "done"} if took else {}
    RefreshRun.objects.create(kind=kind, slot=1, started_at=started, counts={"objects": 1}, **ended)
    page = text(administrator.get("/operations/"))
    assert f">{word}</span>" in page
    assert f'dir="auto">{source}</span> <span class="note">' in page
    assert f">{word}</span>" in text(administrator.get("/operations/runs/"))


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        ({"channels": 1}, "1 channel"),
        ({"channels": 2, "objects": 1_200, "failed": 0}, "2 channels · 1,200 objects"),
        ({"problems": 1, "refreshed": 1, "events": 1}, "1 refreshed · 1 problem · 1 event"),
        ({}, "–"),
    ],
)
def test_a_run_counts_in_words(administrator: Client, counts: dict[str, int], words: str) -> None:
    RefreshRun.objects.create(kind="list", slot=1, started_at=timezone.now(), counts=counts)
    assert f'data-label="Counts">{words}</td>' in text(administrator.get("/operations/runs/"))


def test_what_is_wrong_stands_on_top(administrator: Client) -> None:
    breaker.record_result()
    stream("Fine video")
    stream("Failing video", list_error="CommBox reported an internal error.", list_error_at=timezone.now())
    page = text(administrator.get("/operations/"))
    wrong, action, fine = (
        page.index(words) for words in ("<h2>Channels", "Refresh objects now", "<h2>CommBox API keys")
    )
    assert wrong < action < fine
    assert "1 of 2 channels could not be listed" in page
    assert page.count('<details class="sheet section" open>') == 1


@pytest.mark.parametrize("address", ["/operations/", "/operations/keys/"])
def test_a_form_that_was_refused_stands_on_top(administrator: Client, address: str) -> None:
    stream("Failing video", list_error="CommBox reported an internal error.", list_error_at=timezone.now())
    page = text(administrator.post(address, {}))
    assert page.index('<ul class="errors"') < page.index("<h2>Channels")


def test_the_figures_of_the_page_are_fetched_again_alone(administrator: Client) -> None:
    page = text(administrator.get("/operations/", headers=HTMX))
    assert page.startswith('<div class="stats"')
    assert "Refresh objects now" not in page


def test_who_may_not_open_objects_is_led_back_to_operations(
    administrator: Client, held: CommBoxObject
) -> None:
    response = administrator.post(f"/objects/{held.pk}/refresh/")
    assert (response.status_code, response.headers["Location"]) == (302, "/operations/")


def test_an_empty_portal_has_an_operations_page(administrator: Client) -> None:
    page = text(administrator.get("/operations/"))
    assert "Never asked" in page
    assert page.count("CommBox has not been asked yet") == 4
    assert "No channel is known yet" in page
    assert 'class="value ok"' not in page
    assert "The last refresh of every object succeeded" not in page


def test_an_administrator_refreshes_an_object_by_its_id(administrator: Client, held: CommBoxObject) -> None:
    response = administrator.post("/operations/", {"object_ids": str(held.pk)}, follow=True)
    assert f"The refresh of object {held.pk} is queued." in text(response)
    assert kinds().count("refresh.requested") == 1


def test_a_list_of_ids_is_queued_whole_or_not_at_all(
    administrator: Client, upstream: Control, held: CommBoxObject
) -> None:
    other = hold(upstream, nth=1)
    CommBoxObject.objects.update(refresh_due_at=None)
    wrong = administrator.post("/operations/", {"object_ids": f"{held.pk}, 77\n{other.pk}"})
    assert "The portal does not know object 77. Nothing was queued." in text(wrong)
    assert not CommBoxObject.objects.exclude(refresh_due_at=None).exists()
    right = administrator.post(
        "/operations/", {"object_ids": f"{held.pk},\n{other.pk} {held.pk}"}, follow=True
    )
    assert "The refresh of 2 objects is queued." in text(right)
    assert CommBoxObject.objects.exclude(refresh_due_at=None).count() == 2
    assert kinds().count("refresh.requested") == 2


def test_a_channel_is_listed_when_somebody_asks(administrator: Client, held: CommBoxObject) -> None:
    before = timezone.now()
    Stream.objects.update(list_due_at=before + timedelta(hours=1))
    response = administrator.post(f"/operations/channels/{held.stream_id}/list/", follow=True)
    assert "Premium video will be listed next." in text(response)  # its one object is not of the last day
    assert Stream.objects.get().list_due_at < timezone.now()  # type: ignore[operator]
    assert body("refresh.requested")["object"]["ref"] == f"channel:{held.stream_id}"
    unknown = administrator.post("/operations/channels/5/list/")
    assert unknown.status_code == 404
    assert "There is no channel with this id." in text(unknown)


def test_a_channel_s_newest_objects_are_asked_for_again_and_no_others(administrator: Client) -> None:
    now, channel = timezone.now(), stream("Premium video")
    fresh = [conversation(stream=channel, created_at=now - timedelta(hours=hours)) for hours in (1, 23)]
    conversation(stream=channel, created_at=now - timedelta(hours=25))
    conversation(stream=stream("Claims video"), created_at=now)
    response = administrator.post(f"/operations/channels/{channel.pk}/list/", follow=True)
    said = "Premium video will be listed next, and its 2 objects of the last day refreshed."
    assert said in text(response)
    due = CommBoxObject.objects.filter(refresh_due_at__isnull=False).values_list("pk", flat=True)
    assert set(due) == {thing.pk for thing in fresh}


def test_a_mass_absence_is_said_to_everybody_and_settled_by_an_administrator(
    administrator: Client, held: CommBoxObject, upstream: Control
) -> None:
    """F12."""
    upstream.add_recording(held.pk, stored=False)
    refresh_object(object_id=held.pk, by=BY)
    now = timezone.now()
    held.recordings.update(missed_at=now)
    SourceStatus.objects.update(mass_absence_since=now)
    (banner,) = banners.banners()
    assert (banner["level"], banner["title"]) == (
        "bad",
        f"CommBox stopped reporting 1 recording at {now:%H:%M} UTC.",
    )
    assert "Many recordings are missing at once" in text(administrator.get("/operations/"))
    administrator.post("/operations/missing/accept/")
    assert SourceStatus.objects.get().mass_absence_since is None


@pytest.mark.parametrize("given", ["", "x", "-1", "9" * 40, "1.5", "１４", "5", "\x00"])
def test_an_id_that_names_nothing_gets_a_sentence(administrator: Client, given: str) -> None:
    response = administrator.post("/operations/", {"object_ids": given})
    assert response.status_code == 422
    assert 'class="errors"' in text(response)
    assert "refresh.requested" not in kinds()


# --- the banner


def test_no_banner_while_all_is_well(django_assert_num_queries: Any) -> None:
    assert banners.banners() == []
    breaker.record_result()
    with django_assert_num_queries(1):
        assert banners.banners() == []


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (Unreachable(), "CommBox has not been reachable since {}."),
        (ServerError(), "CommBox has been failing since {}."),
        (Throttled(status=429), "CommBox has been limiting our calls since {}."),
    ],
)
def test_a_failing_source_is_said_to_everybody(error: CommBoxError, words: str) -> None:
    breaker.record_result(error)
    since = SourceStatus.objects.get().failing_since
    assert since is not None
    title = words.format(since.strftime("%H:%M UTC"))
    assert banners.banners() == [
        {"level": "warn", "title": title, "text": "Lists show what was last confirmed."}
    ]


@pytest.mark.parametrize("error", [Unauthorized(), Forbidden()])
def test_a_refused_key_is_said_to_administrators_only(error: CommBoxError) -> None:
    """F13."""
    breaker.record_result(error)
    assert banners.banners() == []
    (banner,) = banners.banners(operations=True)
    assert banner["level"] == "bad"


def test_long_silence_is_said_too() -> None:
    breaker.record_result()
    SourceStatus.objects.update(last_success_at=timezone.now() - timedelta(minutes=11))
    (banner,) = banners.banners()
    assert banner["text"].startswith("The refresh worker may not be running.")


def test_the_banner_is_on_the_page(officer: Client) -> None:
    breaker.record_result(Unreachable())
    assert "CommBox has not been reachable since" in text(officer.get("/objects/"))


def test_settings_of_the_tests_name_loopback_only() -> None:
    assert conf.COMMBOX_API_URL.startswith("http://127.0.0.1:")
