"""Which reports are large: whoever takes much of the trail away confirms first who they are (ASVS 7.5.3)."""

from recordings.http import Request
from recordings.permissions import Permission
from recordings.policies import reach
from recordings.stepup import ConfirmedForm, is_fresh
from recordings.trail.filters import TrailFilters
from recordings.trail.queries import has_more_than

# A report without a filter is large too, however few events the trail has.
LARGE_ROWS = 10_000


def is_large(request: Request, filters: TrailFilters) -> bool:
    """Return whether nothing filters a report, or more than LARGE_ROWS events pass in this person's reach."""
    if not filters.as_detail().keys() - {"no_reading"}:
        return True
    return has_more_than(LARGE_ROWS, filters, reach(request.user, Permission.EXPORT_REPORTS))


def confirmation_for(request: Request, filters: TrailFilters) -> ConfirmedForm | None:
    """Return the form that asks for a confirmation before a large report; None when there is nothing to ask."""
    if is_fresh(request) or not is_large(request, filters):
        return None
    form = ConfirmedForm(request.POST if "password" in request.POST else None, request=request)
    return None if form.is_valid() else form
