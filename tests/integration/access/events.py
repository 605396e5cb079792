"""The events of a test in words, oldest first."""

from recordings.audit.opened import COLUMNS, open_events, stored
from recordings.models import AuditEvent
from recordings.trail.compose import ENGLISH
from recordings.trail.sentences import plain_sentence


def sentences() -> list[str]:
    rows = stored(AuditEvent.objects.order_by("id").values_list(*COLUMNS))
    return [plain_sentence(event, ENGLISH) for event in open_events(rows)]
