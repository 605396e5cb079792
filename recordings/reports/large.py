"""Which reports are large: whoever takes much of the trail or of the evaluations confirms first who they are.

ASVS 7.5.3.
"""

from recordings.http import Request
from recordings.models import ReportKind
from recordings.permissions import Permission
from recordings.policies import reach
from recordings.reports.rights import reach_of
from recordings.reviews.numbers.selection import Selection
from recordings.reviews.numbers.tallies import Tally, tallies
from recordings.stepup import ConfirmedForm, is_fresh
from recordings.trail.filters import TrailFilters
from recordings.trail.queries import has_more_than

# A report without a filter is large too, however few events the trail has.
LARGE_ROWS = 10_000


def is_large(request: Request, filters: TrailFilters | Selection) -> bool:
    """Return whether nothing filters a report, or more than LARGE_ROWS rows are in this person's reach."""
    if isinstance(filters, Selection):
        everything = tallies(filters, reach_of(request.user, ReportKind.SCORES), ())[()]
        return everything.get((), Tally()).n > LARGE_ROWS
    if not filters.as_detail().keys() - {"no_reading"}:
        return True
    return has_more_than(LARGE_ROWS, filters, reach(request.user, Permission.EXPORT_REPORTS))


def confirmation_for(request: Request, filters: TrailFilters | Selection) -> ConfirmedForm | None:
    """Return the form that asks for a confirmation before a large report; None when there is nothing to ask."""
    if is_fresh(request) or not is_large(request, filters):
        return None
    form = ConfirmedForm(request.POST if "password" in request.POST else None, request=request)
    return None if form.is_valid() else form
