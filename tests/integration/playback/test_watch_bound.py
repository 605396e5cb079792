"""The server's clock and the speed limit what a player can report."""

from datetime import timedelta

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recordings.models import Viewing
from recordings.playback.watching import CLOCKS_DIFFER, HEAD_START_MS
from tests.integration.playback.helpers import bodies, kinds, post, start
from tests.thorough import examples


@pytest.fixture
def viewing(noa, direct):
    start(noa, direct)
    return Viewing.objects.get()


def began(seconds_ago):
    """Let the last report, an empty one, be so long ago. Return its time."""
    then = timezone.now() - timedelta(seconds=seconds_ago)
    Viewing.objects.update(watched_at=then, watch_credit_ms=HEAD_START_MS, watched=[])
    return then


def watched_ms():
    return sum(end - start for start, end in Viewing.objects.get().watched)


def test_the_first_report_may_be_a_little_ahead_and_no_more(noa, viewing):
    post(noa, viewing, "watched", {"spans": [[0, 600_000]]})
    passed_ms = (timezone.now() - viewing.started_at).total_seconds() * 1000
    assert HEAD_START_MS <= watched_ms() <= passed_ms * CLOCKS_DIFFER + HEAD_START_MS


def test_six_minutes_two_seconds_after_play_are_not_watched(noa, viewing):
    """What can have been played is counted. The rest is an event and not in the total."""
    began(2)
    response = post(noa, viewing, "watched", {"spans": [[0, 365_000]]})
    assert response.status_code == 200
    assert 2_000 <= watched_ms() < 30_000
    assert response.json()["mine_ms"] == watched_ms()
    assert kinds()[-2:] == ["viewing.watched", "viewing.watch_excess"]
    excess = bodies("viewing.watch_excess")[0]
    assert excess["action_detail"]["refused_ms"] == 365_000 - watched_ms()
    assert (excess["asserted_by"], excess["action_detail"]["viewing"]) == ("client", str(viewing.pk))


def test_the_last_report_is_bounded_too(noa, viewing):
    began(2)
    post(noa, viewing, "finish", {"spans": [[0, 3_600_000]]})
    assert watched_ms() < 30_000
    assert bodies("viewing.finished")[0]["action_detail"]["watched_ms"] == watched_ms()
    assert kinds()[-1] == "viewing.watch_excess"


def test_the_speed_counts(noa, viewing):
    began(100)
    post(noa, viewing, "watched", {"spans": [[0, 190_000]], "speed": 2})
    assert watched_ms() == 190_000
    assert "viewing.watch_excess" not in kinds()


def test_a_report_that_was_long_under_way_takes_nothing_from_the_next(noa, viewing):
    """Ten seconds arrive after eighteen; the next eight follow at once."""
    began(18)
    post(noa, viewing, "watched", {"spans": [[0, 10_000]]})
    post(noa, viewing, "watched", {"spans": [[10_000, 18_000]]})
    assert watched_ms() == 18_000
    assert "viewing.watch_excess" not in kinds()


@pytest.mark.parametrize("speeds", [(1, 1.25), (1, 3), (0.5, 2, 3), (1, 3, 0.5, 16)])
def test_a_late_report_takes_nothing_from_a_faster_one(noa, viewing, speeds):
    """Ten seconds at each speed; every report but the last arrives ten seconds late, the last one at once."""
    began(0)
    at = 0
    for speed in speeds:
        played_ms = int(10_000 * speed)
        if speed is speeds[-1]:
            Viewing.objects.update(watched_at=timezone.now())
        else:
            passed = 20 if at == 0 else 10
            Viewing.objects.update(watched_at=timezone.now() - timedelta(seconds=passed))
        post(noa, viewing, "watched", {"spans": [[at, at + played_ms]], "speed": speed})
        at += played_ms
    assert watched_ms() == at
    assert "viewing.watch_excess" not in kinds()


def test_many_small_reports_are_bounded_as_one(noa, viewing):
    """Each report may be a little ahead of the clock, all together no more than one."""
    then = began(1)
    for number in range(60):
        post(noa, viewing, "watched", {"spans": [[number * 1000, number * 1000 + 1000]]})
    passed_ms = (timezone.now() - then).total_seconds() * 1000
    assert watched_ms() <= passed_ms * CLOCKS_DIFFER + HEAD_START_MS
    assert kinds().count("viewing.watch_excess") == 1, "once a minute, however many reports exceed"


def test_what_was_watched_before_is_no_excess(noa, viewing):
    began(100)
    post(noa, viewing, "watched", {"spans": [[0, 100_000]]})
    post(noa, viewing, "watched", {"spans": [[0, 100_000]]})
    assert "viewing.watch_excess" not in kinds()


second = st.integers(0, 90)
reports = st.lists(
    st.tuples(st.lists(st.tuples(second, st.integers(1, 20)), max_size=3), st.sampled_from([0.5, 1, 2, 3])),
    max_size=5,
)


@settings(
    max_examples=examples(30), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(reports, st.integers(0, 60))
def test_whatever_is_reported_is_bounded_and_accounted_for(noa, viewing, given_reports, seconds_ago):
    """Counted and refused time add up to the reported time, and the counted part fits into the elapsed time."""
    then = began(seconds_ago)
    for spans, speed in given_reports:
        document = {"spans": [[at * 1000, (at + length) * 1000] for at, length in spans], "speed": speed}
        assert post(noa, viewing, "watched", document).status_code == 200
    passed_ms = (timezone.now() - then).total_seconds() * 1000
    assert watched_ms() <= (passed_ms * CLOCKS_DIFFER + HEAD_START_MS) * 3
