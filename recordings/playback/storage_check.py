"""What storage says of a file when a player cannot have it: kept as the recording's state, told in a sentence."""

from dataclasses import dataclass

from django.utils import timezone

from recordings.audit import Actor
from recordings.media_urls import FreshUrl, NoUrl
from recordings.models import Recording, RecordingState, Viewing
from recordings.playback.events import durably, note_refusal
from recordings.storage import Outcome, probe

# What a refusal makes of the recording; whatever else storage says may be gone in a minute.
STATES = {
    Outcome.MISSING: RecordingState.FILE_MISSING,
    Outcome.EMPTY: RecordingState.FILE_MISSING,
    Outcome.DENIED: RecordingState.STORAGE_REFUSED,
    Outcome.MOVED: RecordingState.STORAGE_REFUSED,
}
TROUBLED = frozenset(STATES.values())
PASSING = (Outcome.BUSY, Outcome.UNREACHABLE, Outcome.EXPIRED)
FOUND_SENTENCE = "Storage has the file and gives it out, but this browser could not play it."


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What is wrong, and whether trying again may help."""

    outcome: str
    sentence: str
    again: bool


def diagnose(viewing: Viewing, fresh: FreshUrl, *, by: Actor) -> Diagnosis:
    """Ask storage; what it says is in the trail when this returns. Raises AuditUnavailable."""
    try:
        ask_storage(viewing, fresh, by=by)
    except NoUrl as refusal:
        return Diagnosis(refusal.code, refusal.sentence, refusal.again)
    return Diagnosis(Outcome.FOUND.value, FOUND_SENTENCE, again=True)


def ask_storage(viewing: Viewing, fresh: FreshUrl, *, by: Actor) -> None:
    """Return when storage gives the file out; else raise NoUrl, the refusal and the new state committed."""
    outcome = probe(fresh.url).outcome
    if outcome is Outcome.FOUND:
        _set_state(viewing.recording, *_sound(viewing.recording))
        return
    refusal = NoUrl(outcome.value, outcome.sentence, again=outcome in PASSING)

    def work() -> None:
        note_refusal(viewing, refusal, by)
        if outcome in STATES:
            _set_state(viewing.recording, STATES[outcome], outcome.sentence)

    durably(work)
    raise refusal


def _sound(recording: Recording) -> tuple[RecordingState, str]:
    """The state of a recording whose file is there: what else is known of it counts again."""
    if recording.state not in TROUBLED:
        return RecordingState(recording.state), recording.state_reason
    if recording.vanished_at is not None:
        return RecordingState.VANISHED, "CommBox no longer reports this recording. The file still exists."
    if recording.changed_at is not None:
        return RecordingState.CHANGED, "CommBox once changed what it reports about this recording."
    return RecordingState.PLAYABLE, ""


def _set_state(recording: Recording, state: RecordingState, reason: str) -> None:
    """Write the state where it is a new one, so that `state_at` says since when it holds."""
    changed = Recording.objects.filter(pk=recording.pk).exclude(state=state)
    if changed.update(state=state, state_reason=reason, state_at=timezone.now()):
        recording.state, recording.state_reason = state, reason
