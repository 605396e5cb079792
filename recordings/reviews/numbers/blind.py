"""Answers that are left out of the counts of a person who may have to answer the same questions blind."""

from typing import Any

from django.db import connection

from recordings.db import Where, fetch_all
from recordings.permissions import Permission
from recordings.policies import can
from recordings.reach import Reach
from recordings.reviews.numbers.selection import Selection

_COUNT = "SELECT count(*) FROM recordings_currentscore c {where}"
_DISPUTED = "EXISTS (SELECT FROM recordings_dispute d WHERE d.evaluation_id = c.evaluation_id AND d.decided_at IS NULL)"
_KNOWN = (
    "(c.scorer_id = %s OR EXISTS (SELECT FROM recordings_evaluationreading e"
    " WHERE e.evaluation_id = c.evaluation_id AND e.reader_id = %s))"
)


def shown_to(person: Any) -> Where:
    """Return the condition on rows `c` of current scores whose answers this person may see in counts.

    With a narrow filter a count is the answer of one evaluation. While a dispute of it is open, somebody who decides
    disputes sees it only after reading the evaluation, because then they can no longer decide.
    """
    if not can(person, Permission.DECIDE_DISPUTES):
        return Where()
    return Where(f"(NOT {_DISPUTED} OR {_KNOWN})", (person.pk, person.pk))


def count_withheld(selection: Selection, reach: Reach, person: Any) -> int:
    """Count the evaluations of a selection that `shown_to` leaves out."""
    if not can(person, Permission.DECIDE_DISPUTES):
        return 0
    withheld = Where(f"{_DISPUTED} AND NOT {_KNOWN}", (person.pk, person.pk))
    where = selection.where("c", reach) & withheld
    return int(fetch_all(connection, _COUNT.format(where=where.clause()), where.values)[0][0])
