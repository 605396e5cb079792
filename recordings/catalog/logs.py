"""Searching and opening are in the trail, committed, before anything is shown.

The same act of the same person within a minute is one event: typing goes on, pages are turned, a swapped table is
fetched again. That an event was written is remembered in the cache, signed, so that nobody who can write there can
keep an act out of the trail; without a cache each act is an event of its own.
"""

import json
from collections.abc import Mapping
from typing import Any

from django.core import signing
from django.core.cache import cache
from django.utils.crypto import salted_hmac

from recordings.audit import Actor, Kind, Outcome, Target, record_durably
from recordings.catalog.criteria import Criteria
from recordings.catalog.queries import Page
from recordings.models import CommBoxObject

COALESCED = 60  # seconds
_SALT = "recordings.catalog.logs"


def log_search(*, by: Actor, area: str, criteria: Criteria, page: Page) -> None:
    """Have it in the trail who looked for what, and how much there was. Raises AuditUnavailable.

    The words may be a name, so they stand in the event as a commitment.
    """
    words = criteria.words.strip()
    filters = dict(criteria.filters())
    detail: dict[str, Any] = {"area": area, "found": page.count}
    detail |= {"filters": filters} if filters else {}
    detail |= {"found_capped": "yes"} if page.capped else {}
    act = {"kind": Kind.SEARCHED, "area": area, "words": words, "filters": filters}
    once(act, Kind.SEARCHED, by=by, detail=detail, private={"q": words} if words else None)


def log_opening(*, by: Actor, thing: CommBoxObject) -> None:
    """Have it in the trail who opened which object. Raises AuditUnavailable."""
    act = {"kind": Kind.OBJECT_OPENED, "object": thing.pk}
    once(act, Kind.OBJECT_OPENED, by=by, target=Target.of(thing), outcome=Outcome.GRANTED)


def once(act: Mapping[str, Any], kind: Kind, *, by: Actor, **facts: Any) -> None:
    """Have this event in the trail, committed, unless the same person in the same session did the same `act` within
    the minute. Raises AuditUnavailable."""
    key = _key({**act, "by": by.ref, "session": by.session})
    if _was_written(key):
        return
    record_durably(kind, by=by, **facts)
    cache.set(key, signing.dumps(key, salt=_SALT), COALESCED)


def _was_written(key: str) -> bool:
    """Whether we ourselves signed, within the minute, that this very act is in the trail."""
    try:
        return bool(signing.loads(cache.get(key, ""), salt=_SALT, max_age=COALESCED) == key)
    except signing.BadSignature:
        return False


def _key(act: Mapping[str, Any]) -> str:
    """A name for the act that does not give away its words."""
    text = json.dumps(act, sort_keys=True)
    return f"act:{salted_hmac(_SALT, text, algorithm='sha256').hexdigest()}"
