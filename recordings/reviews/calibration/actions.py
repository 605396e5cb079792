"""Create a calibration, score, close, comment and agree. Each change and its event are one transaction."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from recordings.audit import Actor, Kind, Target, record
from recordings.models import (
    Calibration,
    CalibrationComment,
    CalibrationParticipant,
    CalibrationRecording,
    Evaluation,
    Recording,
    ScorecardState,
    ScorecardVersion,
)
from recordings.reviews.calibration.errors import ScoringEnded, StillBlind, UnknownCalibration
from recordings.reviews.calibration.queries import Progress
from recordings.reviews.evaluations import NotUsable, begin_evaluation
from recordings.scorecards.form import read_form
from recordings.scorecards.texts import localized


@transaction.atomic
def create_calibration(
    *,
    version: ScorecardVersion,
    recordings: Sequence[Recording],
    people: Sequence[Any],
    due_at: datetime,
    person: Any,
    by: Actor,
) -> Calibration:
    """Create a calibration and invite its participants. Raises NotUsable. The form checks who can be invited."""
    if not ScorecardVersion.objects.filter(pk=version.pk, state=ScorecardState.ACTIVE).exists():
        raise NotUsable
    row = Calibration.objects.create(version=version, due_at=due_at, created_by=person)
    CalibrationRecording.objects.bulk_create(
        CalibrationRecording(calibration=row, recording=recording, place=place)
        for place, recording in enumerate(recordings)
    )
    CalibrationParticipant.objects.bulk_create(
        CalibrationParticipant(calibration=row, person=person) for person in people
    )
    detail: dict[str, Any] = {
        "scorecard": str(version.scorecard_id),
        "version": version.number,
        "form_hash": version.hash,
        "recordings": len(recordings),
        "recording_ids": [str(recording.pk) for recording in recordings],
        "participants": len(people),
        "participant_refs": [f"user:{person.pk}" for person in people],
        "due_at": due_at.isoformat(),
    }
    record(Kind.CALIBRATION_CREATED, by=by, target=target_of(row), detail=detail)
    return row


def begin_score(*, progress: Progress, recording: UUID, person: Any, by: Actor) -> Evaluation:
    """Begin a participant's blind evaluation, or return it. Raises UnknownCalibration and ScoringEnded."""
    if not progress.has(person):
        raise UnknownCalibration
    if not any(recording == other.pk for other in progress.to_score(person)):
        raise ScoringEnded
    return begin_evaluation(
        recording=_recording(progress, recording),
        version=progress.row.version,
        scorer=person,
        by=by,
        calibration=progress.row,
    )


@transaction.atomic
def close_scoring(*, progress: Progress, person: Any, by: Actor) -> None:
    """End scoring before all submitted. Raises ScoringEnded. Submissions wait for it, and are refused then."""
    row = Calibration.objects.select_for_update(no_key=True).get(pk=progress.row.pk)
    if row.closed_at or progress.is_revealed:
        raise ScoringEnded
    row.closed_at, row.closed_by = timezone.now(), person
    row.save(update_fields=["closed_at", "closed_by"])
    detail = {"missing": len(progress.missing)}
    record(Kind.CALIBRATION_CLOSED, by=by, target=target_of(row), detail=detail)


@transaction.atomic
def add_comment(
    *, progress: Progress, recording: UUID, question: str, text: str, person: Any, by: Actor
) -> CalibrationComment:
    """Comment on a question of a recording. The text is a personal value. Raises StillBlind."""
    if not progress.is_revealed:
        raise StillBlind
    about = _recording(progress, recording)
    form = read_form(bytes(progress.row.version.document))
    if not any(question == known.key for _section, known in form.questions()):
        raise UnknownCalibration
    event = record(
        Kind.CALIBRATION_COMMENTED,
        by=by,
        target=Target.of(about),
        detail={"calibration": str(progress.row.pk), "question": question},
        private={"comment": text},
    )
    return CalibrationComment.objects.create(
        calibration=progress.row, recording=about, question=question, author=person, event_id=event
    )


def begin_agreed_card(*, progress: Progress, recording: UUID, person: Any, by: Actor) -> Evaluation:
    """Begin the agreed card of a recording, or return this manager's one. Raises StillBlind."""
    if not progress.is_revealed:
        raise StillBlind
    return begin_evaluation(
        recording=_recording(progress, recording),
        version=progress.row.version,
        scorer=person,
        by=by,
        calibration=progress.row,
        is_agreed_card=True,
    )


def target_of(row: Calibration) -> Target:
    """Return the target of an event about a calibration. Its label is the title of the scorecard."""
    return Target("calibration", f"calibration:{row.pk}", localized(row.version.title, "en"))


def _recording(progress: Progress, pk: UUID) -> Recording:
    for recording in progress.recordings:
        if recording.pk == pk:
            return recording
    raise UnknownCalibration
