"""Nothing leaves the server before it is in the trail, whatever fails (F25, F28, F29, F30)."""

import json

import psycopg
import pytest
from django.db import OperationalError, connection
from django.db.backends.base.base import BaseDatabaseWrapper

from recordings.models import AuditEvent, Viewing
from recordings.playback import actions, views
from tests.integration.playback.helpers import kinds, post, recorded, signed_in, start

REVOKE = "REVOKE EXECUTE ON FUNCTION audit.record_event(bytea, text[], text[], bytea[]) FROM auditportal_app"


def says_no_url(response):
    text = response.content.decode() + str(response.headers)
    return "X-Amz-" not in text and "x-grant" not in text and "<video" not in text


@pytest.fixture
def noa(committed_db):
    return signed_in("compliance_officer", username="noa.levi")


@pytest.fixture(params=[False, True], ids=["direct", "presigned"])
def recording(request, committed_db, upstream):
    return recorded(upstream, presigned=request.param)


def issued():
    return AuditEvent.objects.filter(kind__in=["viewing.url_issued", "viewing.url_renewed"]).count()


# --- the trail cannot be written


@pytest.mark.parametrize("htmx", [True, False])
def test_without_the_right_to_insert_nothing_plays(noa, recording, admin_connection, upstream, htmx):
    """F29: 503, a sentence, nothing half done, and no URL was requested."""
    admin_connection.execute(REVOKE)
    upstream.clear_logs()
    response = start(noa, recording, htmx=htmx)
    assert response.status_code == 503
    assert "The audit trail cannot be written right now" in response.content.decode()
    assert says_no_url(response)
    assert not Viewing.objects.exists()
    assert upstream.requests() == []


def test_a_right_lost_between_request_and_issue_still_stops_the_url(
    noa, recording, admin_connection, monkeypatch
):
    real = actions.fresh_url

    def losing(*args):
        admin_connection.execute(REVOKE)
        return real(*args)

    monkeypatch.setattr(actions, "fresh_url", losing)
    response = start(noa, recording)
    assert (response.status_code, kinds()) == (503, ["viewing.requested"])
    assert says_no_url(response)


def test_without_the_right_to_insert_nothing_is_renewed(noa, recording, admin_connection):
    start(noa, recording)
    Viewing.objects.update(url_issued_at=None)
    admin_connection.execute(REVOKE)
    response = post(noa, Viewing.objects.get(), "url")
    assert response.status_code == 503
    assert "audit trail" in response.json()["sentence"]
    assert says_no_url(response)


def test_watched_seconds_wait_for_the_trail(noa, recording, admin_connection):
    """Row and event are written together; the player posts the report again."""
    start(noa, recording)
    admin_connection.execute(REVOKE)
    response = post(noa, Viewing.objects.get(), "watched", {"spans": [[0, 1000]]})
    assert response.status_code == 503
    assert Viewing.objects.get().watched == []


def test_a_locked_trail_is_given_up_after_two_seconds(noa, recording, services):
    """F29: an ACCESS EXCLUSIVE lock on the events."""
    with psycopg.connect(services.admin_url) as other:
        other.execute("LOCK TABLE audit.event IN ACCESS EXCLUSIVE MODE")
        response = start(noa, recording)
    assert response.status_code == 503
    assert says_no_url(response)


def test_a_read_only_database_plays_nothing(noa, recording, monkeypatch):
    """F28."""
    with connection.cursor() as cursor:
        cursor.execute("SET default_transaction_read_only = on")
    try:
        response = start(noa, recording)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SET default_transaction_read_only = off")
    assert response.status_code == 503
    assert says_no_url(response)


def test_a_commit_that_fails_gives_nothing_out(noa, recording, monkeypatch):
    """F30: it is not known whether it was committed, so it counts as not committed."""
    recorded_kinds = []
    real_record, real_commit = actions.record, BaseDatabaseWrapper._commit

    def recording_kinds(kind, **facts):
        recorded_kinds.append(kind)
        return real_record(kind, **facts)

    def failing(self):
        real_commit(self)
        if "viewing.url_issued" in recorded_kinds:
            raise OperationalError("the connection was cut during COMMIT")

    monkeypatch.setattr(actions, "record", recording_kinds)
    monkeypatch.setattr(BaseDatabaseWrapper, "_commit", failing)
    response = start(noa, recording)
    monkeypatch.undo()
    assert response.status_code == 503
    assert says_no_url(response)
    assert kinds() == ["viewing.requested", "viewing.url_issued"]


# --- killed at a named point


class Killed(BaseException):
    """Stands for a kill: nothing catches it."""


def killing(real, *, before, kind):
    """Kill before or after the real function; with `kind`, only when it records that kind."""

    def wrapped(*args, **kwargs):
        if kind and args[0] != kind:
            return real(*args, **kwargs)
        if before:
            raise Killed
        real(*args, **kwargs)
        raise Killed

    return wrapped


REQUESTED, ISSUED = "viewing.requested", "viewing.url_issued"
# Each point: what is patched, of which event, whether it is killed before that runs, what is in the trail then.
POINTS = {
    "before the request's transaction": (actions, "committed", None, True, []),
    "before the request": (actions, "record", REQUESTED, True, []),
    "inside the request's transaction": (actions, "record", REQUESTED, False, []),
    "before a URL is made": (actions, "fresh_url", None, True, [REQUESTED]),
    "after a URL is made": (actions, "fresh_url", None, False, [REQUESTED]),
    "before the issue": (actions, "record", ISSUED, True, [REQUESTED]),
    "inside the issue's transaction": (actions, "record", ISSUED, False, [REQUESTED]),
    "after the issue": (actions, "wait_released", None, True, [REQUESTED, ISSUED]),
    "once the issue is sealed": (actions, "wait_released", None, False, [REQUESTED, ISSUED]),
    "while the answer is rendered": (views, "page", None, False, [REQUESTED, ISSUED]),
}


def test_killed_at_any_point_a_url_never_left_without_its_event(noa, recording):
    """F25: an event without a URL is fine; a retry is another viewing."""
    for point, (module, name, kind, before, expected) in POINTS.items():
        known = len(kinds())
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(module, name, killing(getattr(module, name), before=before, kind=kind))
            with pytest.raises(Killed):
                start(noa, recording)
        assert kinds()[known:] == expected, point
        assert start(noa, recording).status_code == 200
        assert kinds()[known:] == [*expected, REQUESTED, ISSUED], point


def test_the_event_is_committed_before_the_answer_is_built(noa, recording, services, monkeypatch):
    """As another connection sees it when rendering of the page begins."""
    seen = []
    real = views.page

    def looking(*args, **kwargs):
        with psycopg.connect(services.admin_url) as other:
            rows = other.execute(
                "SELECT kind, body FROM audit.event WHERE kind = 'viewing.url_issued'"
            ).fetchall()
        seen.extend(json.loads(bytes(body))["action_detail"]["viewing"] for _, body in rows)
        return real(*args, **kwargs)

    monkeypatch.setattr(views, "page", looking)
    assert start(noa, recording).status_code == 200
    assert seen == [str(Viewing.objects.get().pk)]


def test_failing_at_any_statement_gives_out_only_what_was_issued(noa, recording):
    """Fail the n-th statement, for every n until a start has fewer statements."""
    noa.raise_request_exception = False
    for number in range(1, 60):
        counted = [0]
        before = issued()

        def failing(execute, sql, params, many, context, nth=number, counted=counted):
            counted[0] += 1
            if counted[0] == nth:
                raise OperationalError("cut")
            return execute(sql, params, many, context)

        with connection.execute_wrapper(failing):
            response = start(noa, recording)
        if response.status_code == 200:
            assert issued() == before + 1
        else:
            assert says_no_url(response), number
        if counted[0] < number:
            break
    else:
        pytest.fail("a start takes more statements than it may")
    assert number > 8
