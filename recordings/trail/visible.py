"""The events that a reader of the trail may see: the one condition for lists, counts, reports and single events.

Without a scope: every event. A scope limits objects, so with one: the events on an object in it, or on a recording of
such an object, and no other (docs/adr/0026-scope-of-the-trail.md). The object counts as it is today.
"""

from uuid import UUID

from django.db.models import Exists, OuterRef, Q

from recordings.models import AuditEvent, CommBoxObject
from recordings.reach import Reach


def visible_in(reach: Reach) -> Q:
    """Return the condition on events; empty without a scope."""
    if reach.is_everything:
        return Q()
    scopes = frozenset(scope for scope in reach.scopes if not scope.is_empty)
    if not scopes:
        return Q(id=0)  # numbers begin with 1; Django gives a report no SQL for a condition that never holds
    return Q(Exists(CommBoxObject.objects.filter(Reach(scopes).q(), pk=OuterRef("object_no"))))


def is_visible(event_id: UUID, reach: Reach) -> bool:
    """Whether this reach has an event of this id. One query, whether there is such an event or not."""
    return AuditEvent.objects.filter(visible_in(reach), event_id=event_id).exists()
