"""A viewing ends by a sweep when its player is gone, and with its session; both say what was not reported."""

from datetime import timedelta

import pytest
from django.utils import timezone

from recordings.audit import session_ref
from recordings.models import Viewing
from recordings.playback.tasks import end_viewings
from recordings.trail.queries import trail_of
from tests.factories import viewing as viewing_of
from tests.integration.playback.helpers import bodies, kinds, post


def begun(noa, recording, seconds_ago):
    """A viewing that began so long ago, and whose player has reported nothing yet."""
    then = timezone.now() - timedelta(seconds=seconds_ago)
    session = session_ref(noa.session.session_key)
    return viewing_of(recording, noa.person, started_at=then, url_issued_at=then, session_ref=session)


def last_sentence(viewing):
    row = trail_of(f"recording:{viewing.recording_id}", 1)[0]
    return "".join(part.text for part in row.sentence)


@pytest.mark.parametrize(("seconds_ago", "ended"), [(60, False), (290, False), (310, True), (23 * 60, True)])
@pytest.mark.parametrize("reported", [True, False])
def test_a_silent_player_is_ended_and_the_trail_says_why(noa, direct, seconds_ago, ended, reported):
    """A tab that was closed with its browser: the portal ends the viewing, not the person."""
    viewing = begun(noa, direct, seconds_ago + 30 * reported)
    if reported:
        post(noa, viewing, "watched", {"spans": [[0, 2_000]]})
        Viewing.objects.update(watched_at=timezone.now() - timedelta(seconds=seconds_ago))
    end_viewings()
    end_viewings()
    assert (Viewing.objects.get().ended_at is not None) is ended
    assert kinds().count("viewing.finished") == int(ended)
    if not ended:
        return
    body = bodies("viewing.finished")[0]
    assert body["actor"]["ref"] == "system:playback"
    assert body["action_detail"]["watched_ms"] == 2_000 * reported
    assert body["action_detail"]["unreported_seconds"] in (seconds_ago, seconds_ago + 1)
    assert "stopped reporting · the player had not reported for" in last_sentence(viewing)
    assert ">open<" not in noa.get(f"/recordings/{viewing.recording_id}/").content.decode()


def test_a_paused_player_that_reports_stays_open(noa, direct):
    viewing = begun(noa, direct, 3600)
    assert post(noa, viewing, "watched", {"spans": []}, **{"X-Poll": "true"}).status_code == 200
    end_viewings()
    assert Viewing.objects.get().ended_at is None


def test_a_renewal_is_heard_too(noa, direct):
    viewing = begun(noa, direct, 3600)
    assert post(noa, viewing, "url").status_code == 200
    end_viewings()
    assert Viewing.objects.get().ended_at is None


def test_signing_out_before_the_last_report_says_what_may_be_missing(noa, direct):
    """Nothing was reported in nine seconds: the event says so instead of a bare 0."""
    viewing = begun(noa, direct, 9)
    noa.post("/accounts/logout/")
    finished = bodies("viewing.finished")[0]["action_detail"]
    assert (finished["seconds"], finished["reason"]) == (0, "the session ended")
    assert finished["unreported_seconds"] in (9, 10)
    assert "the player had not reported for 0:" in last_sentence(viewing)


def test_a_player_that_ends_its_viewing_itself_has_reported_everything(noa, direct):
    viewing = begun(noa, direct, 9)
    post(noa, viewing, "finish", {"spans": [[0, 2_000]]})
    assert "unreported_seconds" not in bodies("viewing.finished")[0]["action_detail"]
