"""What CommBox leaves out of its answers: one recording at a second look, very many at once not at all (F11, F12)."""

from datetime import timedelta

import pytest
from django.utils import timezone

from auditportal.sandbox.control.control import Control
from recordings.models import CommBoxObject, Recording, RecordingState, SourceStatus
from recordings.refresh import absence
from recordings.refresh.actions import refresh_object
from tests.integration.refresh.helpers import BY, body, hold, kinds


def refresh(*things: CommBoxObject) -> None:
    for thing in things:
        assert refresh_object(object_id=thing.pk, by=BY).ok


def marked() -> int:
    return Recording.objects.filter(state=RecordingState.VANISHED).count()


def alarm() -> bool:
    return SourceStatus.objects.filter(mass_absence_since__isnull=False).exists()


@pytest.fixture
def many(db: None, upstream: Control) -> list[CommBoxObject]:
    """Ten objects with a recording each."""
    things = [hold(upstream, nth=number) for number in range(10)]
    for thing in things:
        upstream.add_recording(thing.pk, stored=False)
    refresh(*things)
    return things


def lose(upstream: Control, things: list[CommBoxObject]) -> list[int]:
    lost = [
        activity for thing in things for activity in upstream.world.conversation(thing.pk).activities_of(27)
    ]
    for activity in lost:
        upstream.drop_activity(activity.id)
    return [activity.id for activity in lost]


def test_a_second_look_comes_soon_and_marks_as_of_the_first(
    held: CommBoxObject, upstream: Control, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(absence, "SECOND_LOOK", timedelta(minutes=5))
    activity = upstream.add_recording(held.pk, stored=False)
    refresh(held)
    upstream.drop_activity(activity.id)
    refresh(held)
    held.refresh_from_db()
    assert held.refresh_due_at is not None
    assert held.refresh_due_at < timezone.now() + timedelta(minutes=6)
    refresh(held)
    assert (marked(), kinds()) == (0, ["recording.discovered"])
    first = timezone.now() - timedelta(minutes=6)
    Recording.objects.update(missed_at=first)
    refresh(held)
    row = Recording.objects.get()
    assert (row.state, row.vanished_at) == (RecordingState.VANISHED, first)


def test_one_answer_without_it_is_forgotten_when_it_is_back(held: CommBoxObject, upstream: Control) -> None:
    activity = upstream.add_recording(held.pk, stored=False)
    refresh(held)
    upstream.drop_activity(activity.id)
    refresh(held)
    upstream.restore_activity(activity.id)
    refresh(held)
    assert Recording.objects.get().missed_at is None
    assert kinds() == ["recording.discovered"]


def test_everything_missing_at_once_marks_nothing_and_raises_the_alarm(
    many: list[CommBoxObject], upstream: Control
) -> None:
    """F12."""
    lost = lose(upstream, many)
    refresh(*many)
    refresh(*many)
    assert (marked(), alarm()) == (0, True)
    for activity in lost:
        upstream.restore_activity(activity)
    refresh(*many)
    absence.update_alarm()
    assert (marked(), alarm(), absence.in_question()) == (0, False, 0)
    assert set(kinds()) == {"recording.discovered"}


def test_a_few_of_many_are_marked(db: None, upstream: Control) -> None:
    things = [hold(upstream, nth=number) for number in range(30)]
    for thing in things:
        upstream.add_recording(thing.pk, stored=False)
    refresh(*things)
    lose(upstream, things[:5])
    refresh(*things)
    refresh(*things)
    assert (marked(), alarm()) == (5, False)


def test_a_person_may_say_that_they_are_gone(many: list[CommBoxObject], upstream: Control) -> None:
    lose(upstream, many)
    refresh(*many)
    assert alarm()
    assert absence.accept(by=BY) == 10
    refresh(*many)
    assert (marked(), alarm()) == (10, False)
    assert body("recording.mass_absence_accepted")["action_detail"] == {"recordings": 10}
