"""Switches of the sandbox's behaviour, for tests and people, while it runs."""

import ipaddress
import threading
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, get_args, get_type_hints

from auditportal.sandbox.choices import (
    ActivityShape,
    ActivityTimes,
    DataForm,
    Missing,
    RetryAfter,
    Spelling,
    TranscriptForm,
    Transfer,
    WebhookDates,
    WebhookForm,
)


@dataclass(frozen=True)
class Switches:
    """The state of all switches; each default is what CommBox's documents say or its examples show.

    `object_missing`: whether an unknown object is a 404 or a 400 "Object not found". `status_as_text`: the envelope's
    status "200" or 200. `loose_types`: enums as text and phone numbers as numbers. `no_activities`: every activities
    call answers an empty list. `time_filter`: whether `timeFilter` is obeyed. `throttle_rate` is in requests per
    second and key (0 switches it off). `presigned_ttl` is in seconds. `s3_bytes_per_second` slows files down, so that
    a player does not hold all of a small one at once (0: as fast as it goes). `ip_allow` lists networks (none:
    everybody may call). `webhook_types`: the activity types that are sent (none: all). `webhook_copies`,
    `webhook_delay` (seconds) and `webhook_hold` make deliveries doubled, late, and out of order: so many are held
    back, then sent newest first.
    """

    item_spelling: Spelling = "first"
    activity_shape: ActivityShape = "A"
    activity_data: DataForm = "text"
    activity_ids: bool = False
    activity_times: ActivityTimes = "naive"
    fraction_digits: int = 7
    object_missing: Missing = "404"
    status_as_text: bool = True
    loose_types: bool = False
    transcript_form: TranscriptForm = "list"
    no_activities: bool = False
    time_filter: bool = False
    transfer: Transfer = "plain"
    throttle_rate: float = 5.0
    throttle_burst: int = 10
    retry_after: RetryAfter = "off"
    presigned_ttl: int = 900
    s3_bytes_per_second: int = 0
    ip_allow: tuple[str, ...] = ()
    webhook_url: str = ""
    webhook_form: WebhookForm = "json"
    webhook_dates: WebhookDates = "day_first"
    webhook_types: tuple[int, ...] = ()
    webhook_copies: int = 1
    webhook_delay: float = 0.0
    webhook_hold: int = 0


HINTS = get_type_hints(Switches)


class Panel:
    """The switches of one running sandbox."""

    def __init__(self, **initial: Any) -> None:
        self._lock = threading.Lock()
        self._initial = Switches(**checked(initial))
        self._now = self._initial

    @property
    def now(self) -> Switches:
        """Return the current state. Read it once per request, so that a response is consistent."""
        return self._now

    def switch(self, **changes: Any) -> Switches:
        """Change switches. Raises ValueError for an unknown name or invalid value, and then changes nothing."""
        read = checked(changes)
        with self._lock:
            self._now = replace(self._now, **read)
            return self._now

    def reset(self) -> None:
        """Reset all switches to how the sandbox was started."""
        with self._lock:
            self._now = self._initial

    def as_dict(self) -> dict[str, Any]:
        """Return all switches by name."""
        return asdict(self._now)


def checked(changes: dict[str, Any]) -> dict[str, Any]:
    """Return the changes with lists as tuples. Raises ValueError with a sentence for invalid ones."""
    names = [field.name for field in fields(Switches)]
    for name in changes:
        if name not in names:
            raise ValueError(f"There is no switch {name!r}. There are: {', '.join(names)}.")
    return {name: value_for(name, value) for name, value in changes.items()}


def value_for(name: str, value: Any) -> Any:
    """Return the value for a switch; lists become tuples."""
    hint = HINTS[name]
    if choices := [one for one in get_args(hint) if isinstance(one, str)]:
        if value not in choices:
            raise ValueError(f"{name} is one of {', '.join(choices)}, not {value!r}.")
        return value
    if isinstance(value, list | tuple):
        value = tuple(value)
    if not fits(value, hint):
        raise ValueError(f"{name} cannot be {value!r}.")
    if name == "ip_allow":
        for network in value:
            ipaddress.ip_network(network)
    return value


def fits(value: Any, hint: Any) -> bool:
    """Return whether a value has the type of a switch. Numbers must not be negative, and true is not a number."""
    if hint is bool or isinstance(value, bool):
        return hint is bool and isinstance(value, bool)
    if hint in (int, float):
        return isinstance(value, int if hint is int else (int, float)) and value >= 0
    if args := get_args(hint):
        return isinstance(value, tuple) and all(isinstance(one, args[0]) for one in value)
    return isinstance(value, str)
