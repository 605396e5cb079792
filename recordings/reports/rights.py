"""Check again that whoever requested a report may export: when it is built, and before its file is finished."""

from django.contrib.auth import get_user_model

from recordings.models import Report
from recordings.permissions import Permission
from recordings.policies import can


class RightWithdrawn(Exception):
    """The person who requested the report may no longer export reports, or their account is closed."""


def check_right(report: Report) -> None:
    """Raise RightWithdrawn unless the requester may export reports now.

    Account and grants are read from the database each time: building takes up to two hours.
    """
    requester = get_user_model().objects.get(pk=report.requested_by_id)
    if not can(requester, Permission.EXPORT_REPORTS):
        raise RightWithdrawn
