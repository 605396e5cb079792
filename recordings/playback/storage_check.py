"""What storage says of a file that does not play, and which state of the recording follows from it."""

from django.utils import timezone

from recordings.media_urls import FreshUrl, NoUrl
from recordings.models import Recording, RecordingState
from recordings.storage import Outcome, probe

# What an answer of storage makes of the recording; after any other it stays what it was.
STATES = {
    Outcome.MISSING: RecordingState.FILE_MISSING,
    Outcome.EMPTY: RecordingState.FILE_MISSING,
    Outcome.DENIED: RecordingState.STORAGE_REFUSED,
    Outcome.MOVED: RecordingState.STORAGE_REFUSED,
}
TROUBLED = frozenset(STATES.values())
PASSING = (Outcome.BUSY, Outcome.UNREACHABLE, Outcome.EXPIRED)


class FileRefused(NoUrl):
    """Storage does not give the file out. `state` is what that makes of the recording; None when nothing."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.value, outcome.sentence, again=outcome in PASSING)
        self.state = STATES.get(outcome)


def check_file(recording: Recording, fresh: FreshUrl) -> None:
    """Ask storage for one byte of the file. Raises FileRefused when it gives none; writes nothing then.

    A recording whose file was in trouble and is there again gets back the state that the rest of its row says.
    """
    outcome = probe(fresh.url).outcome
    if outcome is not Outcome.FOUND:
        raise FileRefused(outcome)
    if recording.state in TROUBLED:
        set_state(recording, *state_without_trouble(recording))


def state_without_trouble(recording: Recording) -> tuple[RecordingState, str]:
    """Return the state, and its reason, of a recording whose file storage gives out."""
    if recording.vanished_at is not None:
        return RecordingState.VANISHED, "CommBox no longer reports this recording. The file still exists."
    if recording.changed_at is not None:
        return RecordingState.CHANGED, "CommBox once changed what it reports about this recording."
    return RecordingState.PLAYABLE, ""


def set_state(recording: Recording, state: RecordingState, reason: str) -> None:
    """Write the state unless the row has it already: `state_at` says since when it holds."""
    in_another = Recording.objects.filter(pk=recording.pk).exclude(state=state)
    if in_another.update(state=state, state_reason=reason, state_at=timezone.now()):
        recording.state, recording.state_reason = state, reason
