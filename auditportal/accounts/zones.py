"""Know the time zones that people may choose."""

import zoneinfo
from datetime import tzinfo

ZONE = "time_zone"  # key in the session: the zone that the browser named at sign-in
# Names by continent and city, as browsers give them; the others are aliases.
ZONES = sorted(
    name
    for name in zoneinfo.available_timezones()
    if name == "UTC" or ("/" in name and not name.startswith(("Etc/", "SystemV/", "US/")))
)
_KNOWN = frozenset(ZONES)


def zone_named(name: str) -> tzinfo | None:
    """Return the zone of an IANA name such as Asia/Jerusalem, or None when there is none of that name."""
    return zoneinfo.ZoneInfo(name) if name in _KNOWN else None
