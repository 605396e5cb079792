"""What an answer of storage makes of a recording."""

from datetime import timedelta

from django.utils import timezone

from recordings.models import Recording, RecordingState
from recordings.storage import ProbeResult, StorageOutcome

TROUBLED = frozenset(outcome.state for outcome in StorageOutcome if outcome.state)
# CommBox reports a recording before its file has arrived in storage. So long a file that is not there is on its way.
ARRIVES_WITHIN = timedelta(minutes=30)


def outcome_for(
    recording: Recording, answer: ProbeResult, *, signed_by: str, was_found: bool
) -> StorageOutcome:
    """Read an answer in the light of what is known of the recording."""
    outcome = answer.outcome
    # Without the right to list, S3 refuses a file that is not there instead of saying so.
    is_absent = outcome in (StorageOutcome.MISSING, StorageOutcome.DENIED)
    if is_absent and not was_found and is_new(recording):
        return StorageOutcome.NOT_YET
    if outcome is StorageOutcome.EXPIRED and signed_by == "portal":
        return StorageOutcome.KEY_REFUSED  # the URL was made a moment ago: the temporary key has ended
    return outcome


def is_new(recording: Recording) -> bool:
    """Whether the file may still be on its way: by the time of the call and by the time we first heard of it."""
    times = [recording.first_seen_at]
    if recording.recorded_at is not None:
        times.append(recording.recorded_at + timedelta(seconds=recording.duration_seconds or 0))
    return timezone.now() - min(times) < ARRIVES_WITHIN


def state_after(recording: Recording, outcome: StorageOutcome) -> tuple[str, str]:
    """Return the state that follows from the answer, and its reason."""
    if outcome.state:
        return outcome.state, outcome.sentence
    if outcome is not StorageOutcome.FOUND or recording.state not in TROUBLED:
        return recording.state, recording.state_reason
    # The file was in trouble and is there again: the state is what the rest of the row says.
    if recording.vanished_at is not None:
        return RecordingState.VANISHED, "CommBox no longer reports this recording. The file still exists."
    if recording.changed_at is not None:
        return RecordingState.CHANGED, "CommBox once changed what it reports about this recording."
    return RecordingState.PLAYABLE, ""
