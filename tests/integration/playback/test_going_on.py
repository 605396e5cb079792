"""A viewing that continues: renewals, reports and its end (F34)."""

import json
from datetime import timedelta
from itertools import pairwise

import pytest
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recordings.audit import session_ref
from recordings.models import AuditEvent, Recording, RecordingState, Viewing
from recordings.playback import actions
from tests.integration.playback.helpers import (
    bodies,
    fetch,
    kinds,
    post,
    query,
    recorded,
    signed_in,
    start,
    url_in,
)
from tests.thorough import examples


@pytest.fixture
def viewing(noa, direct):
    """A viewing of the direct recording that started hours ago."""
    start(noa, direct)
    Viewing.objects.update(watched_at=timezone.now() - timedelta(hours=10))
    return let_pass(Viewing.objects.get())


def let_pass(viewing, seconds=30):
    """Set the last issue of a URL to some time ago."""
    viewing.url_issued_at -= timedelta(seconds=seconds)
    viewing.save(update_fields=["url_issued_at"])
    return viewing


# --- renewal


def test_each_renewal_is_an_event_of_the_same_viewing(noa, viewing, settings):
    for number in (1, 2):
        response = post(noa, let_pass(Viewing.objects.get()), "url")
        answer = response.json()
        assert sorted(answer) == ["expires_in", "url"]
        assert settings.PLAYBACK_URL_TTL - 2 <= answer["expires_in"] <= settings.PLAYBACK_URL_TTL
        assert fetch(answer["url"], "bytes=0-0")[0] == 206
        assert query(answer["url"])["x-grant"] == str(viewing.pk)
        assert Viewing.objects.get().renewals == number
    assert kinds() == [
        "viewing.requested",
        "viewing.url_issued",
        "viewing.url_renewed",
        "viewing.url_renewed",
    ]
    assert {body["action_detail"]["viewing"] for body in bodies("viewing.url_renewed")} == {str(viewing.pk)}


def test_a_renewed_url_is_kept_by_nobody(noa, viewing):
    response = post(noa, viewing, "url")
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["Referrer-Policy"] == "no-referrer"


def test_renewals_are_no_faster_than_a_player_needs(noa, viewing):
    assert post(noa, viewing, "url").status_code == 200
    response = post(noa, viewing, "url")
    assert (response.status_code, "url" in response.json()) == (429, False)
    assert kinds().count("viewing.url_renewed") == 1


def test_after_signing_out_renewal_is_refused_and_said(noa, viewing):
    """The viewing ended with the session. The refusal names the recording but no person."""
    noa.post("/accounts/logout/")
    response = post(noa, viewing, "url")
    assert response.status_code == 401
    assert "signed out" in response.json()["sentence"]
    assert kinds()[-2:] == ["viewing.finished", "viewing.denied"]
    denied = bodies("viewing.denied")[-1]
    assert denied["actor"]["ref"] == "anonymous"
    assert denied["object"]["ref"] == f"recording:{viewing.recording_id}"
    assert denied["action_detail"]["viewing"] == str(viewing.pk)


def test_signing_in_again_does_not_revive_a_viewing(noa, viewing):
    noa.post("/accounts/logout/")
    again = signed_in("", noa.__class__(), username="someone.else")
    assert again.person.pk != noa.person.pk
    from tests.factories import PASSWORD

    noa.post("/accounts/login/", {"login": "noa.levi", "password": PASSWORD})
    response = post(noa, viewing, "url")
    assert response.status_code == 403
    assert "earlier session" in response.json()["sentence"]


def test_somebody_elses_viewing_answers_as_one_that_does_not_exist(viewing):
    """At every URL of a viewing; the attempt is in the trail."""
    other = signed_in("compliance_officer")
    unknown = Viewing(pk="0190f5d0-0000-7000-8000-000000000000")
    for what in ("url", "watched", "finish", "problem"):
        theirs, none = (post(other, one, what, {"spans": [[0, 1000]]}) for one in (viewing, unknown))
        assert theirs.status_code == none.status_code == 404
        assert theirs.json()["sentence"] == none.json()["sentence"]
    assert kinds().count("viewing.denied") == 4
    assert Viewing.objects.get().watched == []


def test_a_stranger_learns_nothing_of_viewings(viewing):
    unknown = Viewing(pk="0190f5d0-0000-7000-8000-000000000000")
    answers = [post(Client(), one, "url") for one in (viewing, unknown)]
    assert [answer.status_code for answer in answers] == [401, 401]
    assert answers[0].json()["sentence"] == answers[1].json()["sentence"]


def test_a_right_that_ended_ends_renewal(noa, viewing):
    from auditportal.accounts.actions import end_grant
    from recordings.audit import Actor

    end_grant(grant=noa.person.grants.get(), by=Actor.system("test"))
    response = post(noa, viewing, "url")
    assert response.status_code == 403
    assert bodies("viewing.denied")[-1]["action_detail"]["reason"] == "no_right"


def test_another_site_does_not_renew(noa, viewing):
    response = post(noa, viewing, "url", **{"Sec-Fetch-Site": "cross-site"})
    assert response.status_code == 403
    assert kinds()[-1] == "viewing.denied"


def test_a_recording_that_left_the_list_is_not_renewed(noa, viewing):
    Recording.objects.update(state=RecordingState.NOT_PLAYABLE)
    response = post(noa, viewing, "url")
    assert (response.status_code, kinds()[-1]) == (409, "viewing.denied")


def test_renewal_by_commbox_while_it_is_away_may_be_tried_again(noa, presigned, upstream):
    start(noa, presigned)
    viewing = let_pass(Viewing.objects.get())
    upstream.script_faults([{"kind": "error_500", "path": "*/activities", "count": 9}])
    response = post(noa, viewing, "url")
    assert (response.status_code, kinds()[-1]) == (503, "viewing.url_refused")
    assert Viewing.objects.get().ended_at is None, "the viewing goes on"
    upstream.clear_faults()
    assert post(noa, let_pass(Viewing.objects.get()), "url").status_code == 200


def test_a_sign_out_between_check_and_issue_wins(noa, viewing, monkeypatch):
    """No URL leaves the server after the viewing has ended, however late that is."""
    real = actions.fresh_url

    def signing_out(*args):
        Viewing.objects.update(ended_at=timezone.now())
        return real(*args)

    monkeypatch.setattr(actions, "fresh_url", signing_out)
    response = post(noa, viewing, "url")
    assert (response.status_code, kinds()[-1]) == (409, "viewing.denied")
    assert "X-Amz-" not in response.content.decode()


@pytest.mark.parametrize("what", ["url", "watched", "finish", "problem"])
def test_only_posts_and_only_with_a_token(noa, viewing, what):
    assert noa.get(f"/viewings/{viewing.pk}/{what}/").status_code == 405
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = noa.cookies
    assert post(strict, viewing, what).status_code == 403
    assert kinds() == ["viewing.requested", "viewing.url_issued"]


# --- what was watched


def test_watched_seconds_are_merged_and_each_new_one_told_once(noa, viewing):
    reports = ([[0, 10_000]], [[5_000, 12_000]], [[3_000, 4_000]], [[20_000, 25_000], [0, 1_000]])
    for spans in reports:
        assert post(noa, viewing, "watched", {"spans": spans, "speed": 1.5}).status_code == 200
    assert Viewing.objects.get().watched == [(0, 12_000), (20_000, 25_000)]
    told = [body["action_detail"]["spans"] for body in bodies("viewing.watched")]
    assert told == [[[0, 10_000]], [[10_000, 12_000]], [[20_000, 25_000]]]
    body = bodies("viewing.watched")[0]
    assert (body["asserted_by"], body["action_detail"]["rate_percent"]) == ("client", 150)
    assert body["action_detail"]["span_words"] == "0:00–0:10"


def test_the_sentence_in_the_trail(noa, viewing):
    from recordings.trail.queries import trail_of

    post(noa, viewing, "watched", {"spans": [[0, 19_000]], "speed": 1.5})
    row = trail_of(f"recording:{viewing.recording_id}", 1)[0]
    assert "".join(part.text for part in row.sentence) == "Noa Levi watched 0:00–0:19 · at 1.5× speed"


@pytest.mark.parametrize("reported", [0, 1, 30, 399, 1200, None])
def test_no_reported_length_cuts_what_was_watched(noa, viewing, reported):
    """A video of twenty minutes with a shorter reported length: event and page show it. 0 is no length."""
    Recording.objects.update(duration_seconds=reported)
    post(noa, viewing, "watched", {"spans": [[400_000, 413_000]]})
    assert Viewing.objects.get().watched == [(400_000, 413_000)]
    told = bodies("viewing.watched")[0]["action_detail"]
    assert told["watched_ms"] == 13_000
    contradicts = reported in (1, 30, 399)
    assert told.get("reported_length_seconds") == (reported if contradicts else None)
    page = noa.get(f"/recordings/{viewing.recording_id}/").content.decode()
    assert ("Watched beyond the length that CommBox reports" in page) is contradicts
    assert ("unknown (CommBox reports 0)" in page) is (reported == 0)


def test_the_sentence_of_what_contradicts_the_reported_length(noa, viewing):
    from recordings.trail.queries import trail_of

    Recording.objects.update(duration_seconds=30)
    post(noa, viewing, "watched", {"spans": [[400_000, 413_000]]})
    row = trail_of(f"recording:{viewing.recording_id}", 1)[0]
    words = "Noa Levi watched 6:40–6:53 · beyond the length of 0:30 that CommBox reports"
    assert "".join(part.text for part in row.sentence) == words


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{",
        "null",
        "[]",
        '{"spans": 3}',
        '{"spans": [[0, true]]}',
        "[" * 100_000,
        '"\\ud800"',
        b"\xff\xfe",
    ],
)
def test_a_report_that_cannot_be_read(noa, viewing, body):
    response = noa.post(
        f"/viewings/{viewing.pk}/watched/",
        body,
        content_type="application/json",
        headers={"Accept": "application/json"},
    )
    assert response.status_code == 400
    assert response.json()["sentence"].endswith(".")
    assert Viewing.objects.get().watched == []


def test_a_huge_report_is_refused(noa, viewing):
    body = json.dumps({"spans": [[0, 1]], "x": "y" * 1_200_000})
    response = noa.post(f"/viewings/{viewing.pk}/watched/", body, content_type="application/json")
    assert response.status_code in (400, 413)


def test_many_spans_fit_an_event(noa, viewing):
    spans = [[number * 1000, number * 1000 + 500] for number in range(200)]
    Recording.objects.update(duration_seconds=None)
    assert post(noa, viewing, "watched", {"spans": spans}).status_code == 200
    assert bodies("viewing.watched")[0]["action_detail"]["watched_ms"] == 100_000
    more = [[number * 1000, number * 1000 + 500] for number in range(200, 400)]
    post(noa, viewing, "watched", {"spans": more})
    assert post(noa, viewing, "finish", {"spans": []}).status_code == 200
    finished = bodies("viewing.finished")[0]["action_detail"]
    assert (finished["watched_ms"], len(finished["spans"])) == (200_000, 200)


milliseconds = st.integers(0, 3000)
reports = st.lists(
    st.lists(st.tuples(milliseconds, st.integers(1, 800)).map(lambda p: [p[0], p[0] + p[1]]), max_size=4),
    max_size=6,
)


@settings(
    max_examples=examples(40), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(reports)
def test_merging_is_the_union_of_the_milliseconds(noa, viewing, given_reports):
    """Against the plainest model there is: a set of milliseconds. Events tell each of them once, none tells less than
    a second, and less than a second is left untold."""
    Viewing.objects.filter(pk=viewing.pk).update(watched=[], untold=[])
    before = AuditEvent.objects.filter(kind="viewing.watched").count()
    model: set[int] = set()
    for spans in given_reports:
        post(noa, viewing, "watched", {"spans": spans})
        model |= {ms for start, end in spans for ms in range(start, end)}
    stored = Viewing.objects.get().watched
    assert [ms for start, end in stored for ms in range(start, end)] == sorted(model)
    assert all(one[1] < other[0] for one, other in pairwise(stored))
    details = [body["action_detail"] for body in bodies("viewing.watched")[before:]]
    told = [ms for detail in details for start, end in detail["spans"] for ms in range(start, end)]
    untold = [ms for start, end in Viewing.objects.get().untold for ms in range(start, end)]
    assert sorted(told + untold) == sorted(model)
    assert all(detail["watched_ms"] >= 1000 for detail in details)
    assert len(untold) < 1000


def test_presses_of_a_button_are_told_together(noa, viewing):
    """Fourteen clicks on the speed, each after 300 ms: three events, and the end names all that was watched."""
    for number in range(14):
        spans = [[number * 300, (number + 1) * 300]]
        post(noa, viewing, "watched", {"spans": spans, "speed": 1 + number / 10})
    told = [body["action_detail"]["span_words"] for body in bodies("viewing.watched")]
    assert told == ["0:00–0:01", "0:01–0:02", "0:02–0:03"]
    assert Viewing.objects.get().untold == [(3600, 4200)]
    post(noa, viewing, "finish", {"spans": []})
    assert bodies("viewing.finished")[0]["action_detail"]["watched_ms"] == 4200


# --- the end


def test_finishing_says_what_was_watched_in_all(noa, viewing):
    post(noa, viewing, "watched", {"spans": [[0, 4_000]]})
    response = post(noa, viewing, "finish", {"spans": [[4_000, 6_500]], "position_ms": 6_500})
    assert response.status_code == 200
    assert kinds()[-2:] == ["viewing.watched", "viewing.finished"]
    finished = bodies("viewing.finished")[0]["action_detail"]
    assert (finished["seconds"], finished["spans"]) == (6, [[0, 6_500]])
    assert Viewing.objects.get().ended_at is not None


def test_a_finished_viewing_takes_nothing_more(noa, viewing):
    post(noa, viewing, "finish", {"spans": []})
    for what in ("url", "watched", "finish", "problem"):
        assert post(noa, viewing, what, {"spans": [[0, 1000]]}).status_code == 409
    assert Viewing.objects.get().watched == []
    assert kinds().count("viewing.finished") == 1


def test_signing_out_ends_the_viewings_of_that_session_only(direct):
    here, elsewhere = signed_in("compliance_officer", username="noa.levi"), Client()
    from tests.factories import PASSWORD

    elsewhere.post("/accounts/login/", {"login": "noa.levi", "password": PASSWORD})
    for client in (here, here, elsewhere):
        start(client, direct)
    here.post("/accounts/logout/")
    open_ones = Viewing.objects.filter(ended_at=None)
    assert [one.session_ref for one in open_ones] == [session_ref(elsewhere.session.session_key)]
    assert kinds().count("viewing.finished") == 2
    assert bodies("viewing.finished")[0]["action_detail"]["reason"] == "the session ended"


# --- when it does not play


@pytest.mark.parametrize(
    ("fault", "outcome", "again", "state"),
    [
        ("missing", "missing", False, RecordingState.FILE_MISSING),
        ("denied", "denied", False, RecordingState.STORAGE_REFUSED),
        ("unsatisfiable", "empty", False, RecordingState.FILE_MISSING),
        ("moved", "moved", False, RecordingState.STORAGE_REFUSED),
        ("slow_down", "busy", True, RecordingState.PLAYABLE),
        ("internal_error", "busy", True, RecordingState.PLAYABLE),
        ("reset", "unreachable", True, RecordingState.PLAYABLE),
    ],
)
def test_what_storage_says_is_told_kept_and_in_the_trail(
    noa, viewing, upstream, fault, outcome, again, state
):
    """F35: a sentence for each case; only lasting problems become the recording's state."""
    upstream.script_faults([{"kind": fault, "target": "s3", "count": 9}])
    answer = post(noa, viewing, "problem").json()
    assert (answer["outcome"], answer["again"]) == (outcome, again)
    recording = Recording.objects.get()
    assert recording.state == state
    assert (recording.state_reason == answer["sentence"]) is (state != RecordingState.PLAYABLE)
    refused = bodies("viewing.url_refused")[0]
    assert refused["action_detail"]["reason"] == outcome
    assert refused["outcome"] == ("error" if again else "denied")


def test_a_file_that_is_fine_is_said_to_be_fine(noa, viewing):
    answer = post(noa, viewing, "problem").json()
    assert (answer["outcome"], answer["again"]) == ("found", True)
    assert kinds() == ["viewing.requested", "viewing.url_issued"]


def test_a_file_that_is_back_makes_the_recording_what_it_was(noa, viewing):
    cases = (
        ({}, RecordingState.PLAYABLE),
        ({"changed_at": timezone.now()}, RecordingState.CHANGED),
        ({"vanished_at": timezone.now()}, RecordingState.VANISHED),
    )
    for facts, state in cases:
        Recording.objects.update(state=RecordingState.STORAGE_REFUSED, **facts)
        Viewing.objects.update(checked_at=None)
        post(noa, viewing, "problem")
        assert Recording.objects.get().state == state


def test_the_time_a_file_was_first_missed_is_kept(noa, viewing, upstream):
    upstream.script_faults([{"kind": "missing", "target": "s3", "count": 9}])
    post(noa, viewing, "problem")
    first = Recording.objects.get().state_at
    Viewing.objects.update(checked_at=None)
    post(noa, viewing, "problem")
    assert Recording.objects.get().state_at == first


def test_storage_is_not_asked_faster_than_a_player_needs(noa, viewing, upstream):
    upstream.clear_logs()
    assert [post(noa, viewing, "problem").status_code for _ in range(3)] == [200, 429, 429]
    assert len(upstream.access_log()) == 1


def test_no_way_to_the_file_is_an_answer_too(noa, viewing, settings):
    settings.RECORDING_BUCKETS = ()
    answer = post(noa, viewing, "problem").json()
    assert (answer["outcome"], answer["again"]) == ("host_not_listed", False) or answer[
        "outcome"
    ] == "private_address"


@pytest.mark.parametrize(("medium", "kind"), [("call-40s.webm", "video/webm"), ("call-45s.m4a", "audio/mp4")])
def test_url_in_is_what_the_player_gets(noa, upstream, medium, kind):
    """The same with WebM and audio."""
    recording = recorded(upstream, medium=medium)
    assert query(url_in(start(noa, recording)))["response-content-type"] == kind
