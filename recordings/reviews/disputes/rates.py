"""How often decisions of disputes change an answer: by scorer and by question, each with its interval."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q, QuerySet

from recordings.models import Dispute, DisputeOutcome
from recordings.reach import Reach
from recordings.reviews.statistics import Interval, wilson


@dataclass(frozen=True)
class Overturned:
    """Of `decided` disputes `changed` were changed; `share` is between 0 and 1, with Wilson's interval."""

    decided: int
    changed: int
    share: Interval


def overturned_by_scorer(within: Reach, **when: Any) -> dict[int, Overturned]:
    """Return the overturn rate of each scorer with a decided dispute, by id of the person."""
    return _rates(_decided(within, **when), "evaluation__scorer_id")


def overturned_by_question(within: Reach, **when: Any) -> dict[tuple[Any, str], Overturned]:
    """Return the overturn rate of each question with a decided dispute, by id of the scorecard and key."""
    return _rates(_decided(within, **when), "evaluation__version__scorecard_id", "question")


def _decided(within: Reach, **when: Any) -> QuerySet[Dispute]:
    decided = Dispute.objects.exclude(decided_at=None).filter(**when)
    return decided.filter(within.q("evaluation__recording__object__"))


def _rates(decided: QuerySet[Dispute], *columns: str) -> dict[Any, Overturned]:
    changed = Count("pk", filter=Q(outcome=DisputeOutcome.CHANGED))
    rates: dict[Any, Overturned] = {}
    for row in decided.values(*columns).annotate(decided=Count("pk"), changed=changed).order_by(*columns):
        share = wilson(row["changed"], row["decided"])
        assert share is not None  # noqa: S101 (a group has a row)
        key = tuple(row[column] for column in columns)
        rates[key if len(key) > 1 else key[0]] = Overturned(row["decided"], row["changed"], share)
    return rates
