"""Which calibrations a person may see, and how far each is. Its state is derived from its rows."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib.auth import get_user_model
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from recordings.models import (
    Calibration,
    CalibrationParticipant,
    CalibrationRecording,
    Evaluation,
    Recording,
)
from recordings.permissions import Permission
from recordings.policies import can_use, reach
from recordings.reach import Reach
from recordings.reviews.calibration.errors import UnknownCalibration

SCORING, DISCUSSION, AGREED = "scoring", "discussion", "agreed"
_LABELS = {SCORING: _("Scoring"), DISCUSSION: _("Discussion"), AGREED: _("Agreed")}
_TONES = {SCORING: "info", DISCUSSION: "warn", AGREED: "ok"}


@dataclass(frozen=True)
class Progress:
    """How far a calibration is. `submitted`: (person, recording) of blind evaluations; `agreed`: recordings."""

    row: Calibration
    recordings: list[Recording]
    people: list[Any]
    submitted: frozenset[tuple[int, UUID]]
    agreed: frozenset[UUID]

    @property
    def missing(self) -> list[tuple[int, UUID]]:
        """Evaluations that are waited for, as (person, recording). Nobody waits for a deactivated account."""
        pairs = [
            (person.pk, recording.pk)
            for person in self.people
            if person.is_active
            for recording in self.recordings
        ]
        return [pair for pair in pairs if pair not in self.submitted]

    @property
    def is_revealed(self) -> bool:
        """Whether scoring has ended, so that answers and scores are shown."""
        return self.row.closed_at is not None or not self.missing

    @property
    def state(self) -> str:
        if not self.is_revealed:
            return SCORING
        return AGREED if len(self.agreed) == len(self.recordings) else DISCUSSION

    @property
    def state_label(self) -> Promise:
        return _LABELS[self.state]

    @property
    def tone(self) -> str:
        return _TONES[self.state]

    @property
    def is_overdue(self) -> bool:
        return self.state == SCORING and self.row.due_at < timezone.now()

    @property
    def expected(self) -> int:
        """How many evaluations were submitted or are waited for."""
        return len(self.submitted) + len(self.missing)

    def has(self, person: Any) -> bool:
        """Whether this person takes part."""
        return any(person.pk == other.pk for other in self.people)

    def to_score(self, person: Any) -> list[Recording]:
        """List the recordings that this person can still score."""
        if self.is_revealed or not self.has(person):
            return []
        return [recording for recording in self.recordings if (person.pk, recording.pk) not in self.submitted]

    def may_be_managed_by(self, person: Any) -> bool:
        """Whether this person may close scoring and record agreed cards."""
        return all(
            can_use(person, Permission.MANAGE_CALIBRATION, recording.object) for recording in self.recordings
        )


def progress_of(person: Any, pk: UUID) -> Progress:
    """Return a calibration that this person may see. Raises UnknownCalibration."""
    row = _visible_to(person).filter(pk=pk).first()
    if row is None:
        raise UnknownCalibration
    return _progress([row])[0]


def calibrations_of(person: Any, most: int) -> list[Progress]:
    """List the newest calibrations that this person may see, without those of their own calls."""
    own = CalibrationRecording.objects.filter(
        calibration=OuterRef("pk"), recording__object__agent_id__in=person.own_agent_ids
    )
    return _progress(list(_visible_to(person).exclude(Exists(own)).order_by("-created_at", "-pk")[:most]))


def people_who_evaluate() -> list[Any]:
    """List the active people who may evaluate somewhere, by name."""
    people: Any = get_user_model().objects
    return sorted(people.holding(Permission.EVALUATE), key=lambda person: str(person.display_name).casefold())


def _visible_to(person: Any) -> QuerySet[Calibration]:
    """A participant or a manager sees a calibration when all its recordings are in reach."""
    takes_part = Exists(CalibrationParticipant.objects.filter(calibration=OuterRef("pk"), person=person))
    rows = Calibration.objects.select_related("version", "created_by", "closed_by")
    return rows.filter(
        _within(reach(person, Permission.EVALUATE)),
        takes_part | _within(reach(person, Permission.MANAGE_CALIBRATION)),
    )


def _within(allowed: Reach) -> Q:
    of = CalibrationRecording.objects.filter(calibration=OuterRef("pk"))
    if allowed.is_everything:
        return Q(Exists(of))
    return Q(Exists(of)) & ~Q(Exists(of.exclude(allowed.q("recording__object__"))))


def _progress(rows: Iterable[Calibration]) -> list[Progress]:
    """Read the progress of calibrations. Three queries, however many there are."""
    rows = list(rows)
    recordings: dict[UUID, list[Recording]] = defaultdict(list)
    placed = CalibrationRecording.objects.filter(calibration__in=rows).order_by("place")
    for line in placed.select_related("recording__object"):
        recordings[line.calibration_id].append(line.recording)
    people: dict[UUID, list[Any]] = defaultdict(list)
    for participant in CalibrationParticipant.objects.filter(calibration__in=rows).select_related("person"):
        people[participant.calibration_id].append(participant.person)
    submitted: dict[Any, set[tuple[int, UUID]]] = defaultdict(set)
    agreed: dict[Any, set[UUID]] = defaultdict(set)
    evaluations = Evaluation.objects.filter(calibration__in=rows, submitted_at__isnull=False)
    for calibration, person, recording, is_card in evaluations.values_list(
        "calibration_id", "scorer_id", "recording_id", "is_agreed_card"
    ):
        if is_card:
            agreed[calibration].add(recording)
        else:
            submitted[calibration].add((person, recording))
    return [
        Progress(
            row,
            recordings[row.pk],
            sorted(people[row.pk], key=lambda person: str(person.display_name).casefold()),
            frozenset(submitted[row.pk]),
            frozenset(agreed[row.pk]),
        )
        for row in rows
    ]
