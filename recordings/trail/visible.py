"""The events that a reader of the trail may see: the one condition for lists, counts, reports and single events.

Without a scope: every event. A scope limits objects, so with one: the events on an object in it, or on a recording of
such an object, and no other (docs/adr/0026-scope-of-the-trail.md). The object counts as it is today.
"""

from uuid import UUID

from django.db.models import BooleanField, Q
from django.db.models.expressions import RawSQL

from recordings.db import ANYTHING, Where
from recordings.models import AuditEvent
from recordings.reach import Reach


def visible_in(reach: Reach) -> Q:
    """Return the condition on events for Django's queries; empty without a scope.

    It is SQL, because Django gives no SQL for a condition that holds for no object, and reports need the SQL.
    """
    where = visible_where(reach)
    if not where:
        return Q()
    condition = RawSQL(where.sql, where.values, output_field=BooleanField())  # noqa: S611 (constants; ids are parameters)
    return Q(condition)


def visible_where(reach: Reach) -> Where:
    """Return the same condition on rows of audit.event, for SQL."""
    if reach.is_everything:
        return ANYTHING
    placed = Where("o.id = object_no") & reach.where("o")
    return Where(f"EXISTS (SELECT FROM recordings_commboxobject o {placed.clause()})", placed.values)


def is_visible(event_id: UUID, reach: Reach) -> bool:
    """Whether this reach has an event of this id. One query, whether there is such an event or not."""
    return AuditEvent.objects.filter(visible_in(reach), event_id=event_id).exists()
