"""Record the same act of a person once a minute: people type on, turn pages and reload tables.

The cache remembers, with a signature, that an event was written, so that write access to the cache cannot keep an act
out of the trail. Without a cache each act is an event.
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
    """Commit an event unless the same person did the same in the same session within the minute.

    The same is an event of this kind with this `act`; `facts` are not compared. Return whether an event was written.
    Raises AuditUnavailable.
    """
    # 1. A key that does not reveal the words of the act.
    text = json.dumps({"kind": kind, "by": by.ref, "session": by.session, "act": act}, sort_keys=True)
    key = f"act:{salted_hmac(_SALT, text, algorithm='sha256').hexdigest()}"
    # 2. It was written if the portal signed that within the minute.
    with suppress(signing.BadSignature, TypeError):  # a value that was not written by the portal
        if signing.loads(cache.get(key, ""), salt=_SALT, max_age=SECONDS) == key:
            return False
    # 3. Commit first, then remember.
    record_committed(kind, by=by, **facts)
    cache.set(key, signing.dumps(key, salt=_SALT), SECONDS)
    return True
