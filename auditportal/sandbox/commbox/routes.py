"""Route a method and a path to a call."""

from collections.abc import Callable

from auditportal.sandbox.commbox.calls import ApiError, Call, Calls, Json

Handler = Callable[[Calls, Call], Json]
ROUTES: tuple[tuple[str, str, Handler], ...] = (
    ("GET", "core/systemstatus", Calls.system_status),
    ("GET", "streams/*/objects", Calls.stream_objects),
    ("GET", "streams/*/objects/*", Calls.get_object),
    ("GET", "streams/*/objects/*/transcript", Calls.transcript),
    ("GET", "objects/*/activities", Calls.object_activities),
    ("POST", "objects/*/remarks", Calls.add_remark),
    ("POST", "objects/*/activitylog", Calls.add_activity_log),
    ("GET", "users/identities/*/objects", Calls.identity_objects),
    ("GET", "users/*", Calls.user),
    ("GET", "managers", Calls.managers),
    ("GET", "managers/teams", Calls.teams),
    ("GET", "managers/teams/*", Calls.team),
    ("GET", "managers/profiles", Calls.profiles),
    ("GET", "managers/profiles/*", Calls.profile),
    ("GET", "managers/*", Calls.manager),
    ("GET", "tags", Calls.tags),
    ("GET", "tags/groups", Calls.tag_groups),
    ("GET", "stats/streams", Calls.stream_stats),
)


def find_route(method: str, segments: tuple[str, ...]) -> tuple[Handler, tuple[str, ...]]:
    """Return the call of a method and path, with the ids in the path. Raises ApiError 404 or 501."""
    wrong_method = False
    for verb, pattern, handler in ROUTES:
        ids = match(pattern.split("/"), segments)
        if ids is not None and verb == method:
            return handler, ids
        wrong_method = wrong_method or ids is not None
    raise ApiError(501, "Not Implemented") if wrong_method else ApiError(404, "Not found")


def match(pattern: list[str], segments: tuple[str, ...]) -> tuple[str, ...] | None:
    """Return the segments that match the pattern's stars; None when the path does not match."""
    if len(pattern) != len(segments):
        return None
    if any(want not in ("*", got) for want, got in zip(pattern, segments, strict=True)):
        return None
    return tuple(got for want, got in zip(pattern, segments, strict=True) if want == "*")
