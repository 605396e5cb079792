"""Record searches and openings in the trail, before anything is shown."""

from typing import Any

from recordings.audit import Actor, Kind, Outcome, Target, record_once
from recordings.catalog.criteria import Criteria
from recordings.models import CommBoxObject
from recordings.paging import Page


def record_search(*, by: Actor, area: str, criteria: Criteria, page: Page[Any, Any] | None = None) -> None:
    """Record who searched for what, and how many rows were found if `page` is given. Raises AuditUnavailable.

    The words may be a name, so the event holds a commitment to them.
    """
    words = criteria.words.strip()
    filters = dict(criteria.filters())
    detail: dict[str, Any] = {"area": area}
    detail |= {"found": page.count} if page else {}
    detail |= {"filters": filters} if filters else {}
    detail |= {"found_capped": "yes"} if page and page.capped else {}
    back_to = page.looked_back_to.strftime("%Y-%m-%d") if page and page.looked_back_to else ""
    detail |= {"looked_back_to": back_to} if back_to else {}
    act = {"area": area, "words": words, "filters": filters, "back_to": back_to}
    record_once(Kind.SEARCHED, by=by, act=act, detail=detail, private={"q": words} if words else None)


def record_phone_shown(*, by: Actor, thing: CommBoxObject) -> None:
    """Record who viewed the phone number of an object's customer. Raises AuditUnavailable."""
    target, act = Target.of(thing), {"phone": thing.pk}
    record_once(Kind.PHONE_SHOWN, by=by, act=act, target=target, outcome=Outcome.GRANTED)


def record_opening(*, by: Actor, thing: CommBoxObject) -> None:
    """Record who opened which object. Raises AuditUnavailable."""
    target, act = Target.of(thing), {"object": thing.pk}
    record_once(Kind.OBJECT_OPENED, by=by, act=act, target=target, outcome=Outcome.GRANTED)
