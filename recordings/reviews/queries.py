"""Read scorecards."""

from dataclasses import dataclass
from uuid import UUID

from recordings.models import ScorecardState, ScorecardVersion
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
