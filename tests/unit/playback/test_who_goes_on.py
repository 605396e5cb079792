"""Who may continue a viewing: every combination, compared with a table."""

from itertools import product

import pytest
from django.utils import timezone

from recordings.audit import Actor
from recordings.models import CommBoxObject, Recording, RecordingState, Viewing
from recordings.playback.errors import Denial
from recordings.playback.policies import first_denial
from recordings.reach import EVERYTHING, NOTHING, Reach, Scope

VIEWER, SESSION = 12, "a" * 32
SIGNED_IN, THEIRS, PERMITTED, SAME_SESSION, OPEN, PLAYABLE = range(6)


def viewing(*, is_open: bool, playable: bool) -> Viewing:
    state = RecordingState.PLAYABLE if playable else RecordingState.NOT_PLAYABLE
    recording = Recording(object=CommBoxObject(pk=1), state=state)
    ended_at = None if is_open else timezone.now()
    return Viewing(recording=recording, viewer_id=VIEWER, session_ref=SESSION, ended_at=ended_at)


def actor(*, signed_in: bool, theirs: bool, same_session: bool) -> Actor:
    session = SESSION if same_session else "b" * 32
    if not signed_in:
        return Actor(ref="anonymous", kind="anonymous", session=session)
    return Actor(ref=f"user:{VIEWER if theirs else 13}", kind="person", session=session)


def expected(facts: tuple[bool, ...]) -> Denial | None:
    """Return the first rule that forbids it, in the order that tells a stranger least."""
    missing = (
        (SIGNED_IN, Denial.SIGNED_OUT),
        (THEIRS, Denial.NOT_YOURS),
        (PERMITTED, Denial.NO_RIGHT),
        (SAME_SESSION, Denial.OTHER_SESSION),
        (OPEN, Denial.ENDED),
        (PLAYABLE, Denial.NOT_PLAYABLE),
    )
    return next((denial for fact, denial in missing if not facts[fact]), None)


@pytest.mark.parametrize("facts", list(product([True, False], repeat=6)))
def test_every_combination(facts):
    signed_in, theirs, permitted, same_session, is_open, playable = facts
    by = actor(signed_in=signed_in, theirs=theirs, same_session=same_session)
    reach = EVERYTHING if permitted else NOTHING
    denial = first_denial(viewing(is_open=is_open, playable=playable), reach=reach, by=by)
    assert denial is expected(facts)


@pytest.mark.parametrize(("channel", "denial"), [(7, None), (8, Denial.OUT_OF_REACH)])
def test_a_viewing_goes_on_while_its_recording_is_in_reach(channel, denial):
    one = viewing(is_open=True, playable=True)
    one.recording.object.stream_id = 7
    by = actor(signed_in=True, theirs=True, same_session=True)
    reach = Reach(frozenset({Scope(channels=frozenset({channel}))}))
    assert first_denial(one, reach=reach, by=by) is denial


def test_an_empty_session_is_nobodys():
    """A request without a session must not continue a viewing without a session."""
    one = viewing(is_open=True, playable=True)
    one.session_ref = ""
    by = Actor(ref=f"user:{VIEWER}", kind="person", session="")
    assert first_denial(one, reach=EVERYTHING, by=by) is Denial.OTHER_SESSION


@pytest.mark.parametrize("state", [state for state in RecordingState if state != RecordingState.NOT_PLAYABLE])
def test_every_other_state_may_be_tried(state):
    one = viewing(is_open=True, playable=True)
    one.recording.state = state
    by = actor(signed_in=True, theirs=True, same_session=True)
    assert first_denial(one, reach=EVERYTHING, by=by) is None


def test_a_foreign_viewing_answers_as_one_that_does_not_exist():
    from recordings.playback.errors import UnknownViewing

    assert (UnknownViewing.status, UnknownViewing.sentence) == (404, Denial.NOT_YOURS.sentence)
    assert (Denial.NOT_YOURS.status) == 404
