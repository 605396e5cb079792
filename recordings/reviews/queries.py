"""Read scorecards and evaluations."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import F, OuterRef, QuerySet, Subquery

from recordings.models import Evaluation, EvaluationScore, ScorecardState, ScorecardVersion
from recordings.reviews.errors import UnknownScorecard


@dataclass(frozen=True)
class ScorecardRow:
    """A scorecard in the list: its newest version that is or was active, and its draft."""

    shown: ScorecardVersion
    draft: ScorecardVersion | None


def scorecard_rows() -> list[ScorecardRow]:
    """List all scorecards, the one that changed last first. One query."""
    versions = ScorecardVersion.objects.defer("document").order_by("number")
    of: dict[UUID, list[ScorecardVersion]] = {}
    for version in versions.select_related("changed_by"):
        of.setdefault(version.scorecard_id, []).append(version)
    rows = []
    for group in of.values():
        draft = group[-1] if group[-1].state == ScorecardState.DRAFT else None
        others = [version for version in group if version is not draft]
        rows.append(ScorecardRow(others[-1], draft) if others else ScorecardRow(group[-1], None))
    return sorted(rows, key=lambda row: row.shown.scorecard_id, reverse=True)


def version_of(pk: UUID) -> ScorecardVersion:
    """Return a version with the people who changed it. Raises UnknownScorecard."""
    people = ("scorecard", "changed_by", "activated_by", "retired_by")
    version = ScorecardVersion.objects.select_related(*people).filter(pk=pk).first()
    if version is None:
        raise UnknownScorecard
    return version


def versions_of(scorecard_id: UUID) -> list[ScorecardVersion]:
    """List the versions of a scorecard, the newest first."""
    rows = ScorecardVersion.objects.defer("document").filter(scorecard_id=scorecard_id)
    return list(rows.order_by("-number"))


def counted_evaluations() -> QuerySet[Evaluation]:
    """Return the submitted evaluations that count in averages and are results of a call: not those of calibrations.

    These have a CurrentScore: its trigger has the same condition.
    """
    return Evaluation.objects.filter(submitted_at__isnull=False, calibration=None)


def evaluations_of(person: Any, most: int) -> QuerySet[Evaluation]:
    """List a person's own evaluations outside calibrations, open ones first. One query.

    Each has its newest score and share watched.
    """
    newest = EvaluationScore.objects.filter(evaluation=OuterRef("pk")).order_by("-number")
    rows = Evaluation.objects.filter(scorer=person, calibration=None).select_related(
        "version", "recording__object"
    )
    rows = rows.defer("version__document", "recording__raw", "recording__object__raw", "typed", "replaced")
    return rows.annotate(
        newest_score=Subquery(newest.values("result__score")[:1]),
        newest_percent=Subquery(newest.values("watched_percent")[:1]),
    ).order_by(F("submitted_at").desc(nulls_first=True), "-started_at")[:most]
