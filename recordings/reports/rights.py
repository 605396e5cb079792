"""Whether the person who requested a report may still have it, and where: asked again while it is built."""

from typing import Any

from django.contrib.auth import get_user_model

from recordings import policies
from recordings.models import Report, ReportKind
from recordings.permissions import Permission
from recordings.reach import Reach


class RightWithdrawn(Exception):
    """The person who requested the report may no longer export reports, or their account is closed."""


class ScopeNarrowed(RightWithdrawn):
    """The person may export reports, but no longer all that the report covers."""


def reach_of(user: Any, kind: str) -> Reach:
    """Return the reach in which a person may export reports of a kind: of evaluations, where they may read these."""
    exported = policies.reach(user, Permission.EXPORT_REPORTS)
    if ReportKind(kind).is_of_trail:
        return exported
    return exported & policies.reach(user, Permission.READ_EVALUATIONS)


def reach_now(report: Report) -> Reach:
    """Return the reach in which the requester may export reports now. Raises RightWithdrawn when there is none.

    Account and grants are read from the database each time: building takes up to two hours.
    """
    requester = get_user_model().objects.get(pk=report.requested_by_id)
    reach = reach_of(requester, report.kind)
    if reach.is_nothing:
        raise RightWithdrawn
    return reach


def check_right(report: Report) -> None:
    """Raise RightWithdrawn unless the requester may export now all that the report covers."""
    if not reach_now(report).covers(report.reach):
        raise ScopeNarrowed
