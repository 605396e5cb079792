"""Derive a recording's state from storage's answer."""

from datetime import timedelta

from django.utils import timezone
from django.utils.translation import gettext_noop as _

from recordings.models import Recording, RecordingState
from recordings.storage import ProbeResult, StorageOutcome
from recordings.wording import in_english

TROUBLED = frozenset(outcome.state for outcome in StorageOutcome if outcome.state)
# CommBox reports a recording before its file arrives in storage. For so long, a missing file may still arrive.
ARRIVES_WITHIN = timedelta(minutes=30)


def outcome_for(
    recording: Recording, answer: ProbeResult, *, signed_by: str, was_found: bool
) -> StorageOutcome:
    """Correct the outcome of an answer by what is known about the recording."""
    outcome = answer.outcome
    # Without the right to list, S3 answers 403 for a file that does not exist.
    is_absent = outcome in (StorageOutcome.MISSING, StorageOutcome.DENIED)
    if is_absent and not was_found and is_new(recording):
        return StorageOutcome.NOT_YET
    if outcome is StorageOutcome.EXPIRED and signed_by == "portal":
        return StorageOutcome.KEY_REFUSED  # the URL was just signed, so the temporary key has expired
    return outcome


def is_new(recording: Recording) -> bool:
    """Return whether the file may still arrive, by the end of the call and by when the recording was first seen."""
    times = [recording.first_seen_at]
    if recording.recorded_at is not None:
        times.append(recording.recorded_at + timedelta(seconds=recording.duration_seconds or 0))
    return timezone.now() - min(times) < ARRIVES_WITHIN


def state_after(recording: Recording, outcome: StorageOutcome) -> tuple[str, str]:
    """Return the state that follows from the answer, and its reason in English, as rows store it."""
    if outcome.state:
        return outcome.state, in_english(outcome.sentence)
    if outcome is not StorageOutcome.FOUND or recording.state not in TROUBLED:
        return recording.state, recording.state_reason
    # The file can be read again: the rest of the row decides the state.
    if recording.vanished_at is not None:
        return RecordingState.VANISHED, _("CommBox no longer reports this recording. The file still exists.")
    if recording.changed_at is not None:
        return RecordingState.CHANGED, _("CommBox once changed what it reports about this recording.")
    return RecordingState.PLAYABLE, ""
