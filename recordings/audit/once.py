"""The same act of the same person within a minute is one event: typing goes on, pages are turned, tables fetched again.

That an event was written is remembered in the cache, signed, so that nobody who can write there can keep an act out of
the trail. Without a cache each act is an event of its own.
"""

import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from django.core import signing
from django.core.cache import cache
from django.utils.crypto import salted_hmac

from recordings.audit.actor import Actor
from recordings.audit.kinds import Kind
from recordings.audit.record import record_committed

SECONDS = 60
_SALT = "recordings.audit.once"


def record_once(kind: Kind, *, by: Actor, act: Mapping[str, Any], **facts: Any) -> bool:
    """Have this event in the trail, committed, unless the same person in the same session did the same within the
    minute: an event of this kind with this `act`, whatever its `facts` say beside. Returns whether it is a new one.
    Raises AuditUnavailable."""
    # 1. A key that does not give away the words of the act.
    text = json.dumps({"kind": kind, "by": by.ref, "session": by.session, "act": act}, sort_keys=True)
    key = f"act:{salted_hmac(_SALT, text, algorithm='sha256').hexdigest()}"
    # 2. Written already, if we ourselves signed so within the minute.
    with suppress(signing.BadSignature, TypeError):  # whatever somebody has put there
        if signing.loads(cache.get(key, ""), salt=_SALT, max_age=SECONDS) == key:
            return False
    # 3. Committed first, remembered after.
    record_committed(kind, by=by, **facts)
    cache.set(key, signing.dumps(key, salt=_SALT), SECONDS)
    return True
