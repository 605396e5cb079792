"""Permissions of people: `check` raises, `can` answers. Each view declares its permission with a decorator."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, NoReturn, ParamSpec, TypeVar

from django.http import HttpRequest, HttpResponseBase

from recordings.audit import Actor, Target, record_refusal
from recordings.exceptions import BeyondLevel, NotPermitted, NotWithScope, OwnCall, PortalError
from recordings.permissions import Permission
from recordings.reach import NOTHING, Placed, Reach

P = ParamSpec("P")
Thing = TypeVar("Thing", bound=Placed)
View = Callable[Concatenate[Any, P], HttpResponseBase]


def can(user: Any, permission: Permission) -> bool:
    """Whether this person has the permission now."""
    return bool(user.is_authenticated and user.has_permission(permission))


def reach(user: Any, permission: Permission) -> Reach:
    """Return the objects for which this person has the permission now."""
    return user.reach(permission) if user.is_authenticated else NOTHING


def can_use(user: Any, permission: Permission, thing: Placed) -> bool:
    """Whether this person has the permission now for this object, and so for its recordings."""
    return reach(user, permission).includes(thing)


def usable(
    request: HttpRequest,
    permission: Permission,
    thing: Thing | None,
    *,
    target: Target,
    unknown: PortalError,
) -> Thing:
    """Return an object for which the person has the permission now; None means that there is no such object.

    Raises `unknown` for what the person may not list, so that it answers as what does not exist, and BeyondLevel for
    what they may list. The refusal is in the trail first. It is recorded for what does not exist too, if the person's
    reach is limited, so that both take the same time.
    """
    in_reach = reach(request.user, permission)
    if thing is not None and in_reach.includes(thing):
        return thing
    if thing is not None or not in_reach.is_everything:
        record_refusal(
            by=Actor.from_request(request), target=target, method=request.method or "", rule=permission.value
        )
    if thing is not None and can_use(request.user, Permission.SEARCH_OBJECTS, thing):
        raise BeyondLevel
    raise unknown


def is_own_call(user: Any, thing: Placed) -> bool:
    """Whether this person is or was the agent of this object.

    Nobody reviews, releases or decides on their own calls.
    """
    return user.is_authenticated and thing.agent_id in user.own_agent_ids


def check_not_own_call(request: HttpRequest, thing: Placed, *, target: Target) -> None:
    """Raise OwnCall, after recording the refusal, when the person is or was the agent of this object."""
    if is_own_call(request.user, thing):
        record_refusal(
            by=Actor.from_request(request), target=target, method=request.method or "", rule="not_own_call"
        )
        raise OwnCall


def supervises_agent_of(user: Any, thing: Placed) -> bool:
    """Whether this person is a supervisor of the object's agent: a grant names the agent or their team."""
    return bool(user.is_authenticated and user.supervises(thing.agent_id))


def check(request: HttpRequest, permission: Permission, *, target: Target | None = None) -> None:
    """Raise NotPermitted, after recording the refusal, unless the person has the permission."""
    if not can(request.user, permission):
        refuse(request, permission, target=target)


def check_no_scope(request: HttpRequest, permission: Permission) -> None:
    """Raise NotWithScope, after recording the refusal, when the person has the permission with a scope only."""
    if not reach(request.user, permission).is_everything:
        refuse(request, permission, rule=f"{permission.value}_without_scope", error=NotWithScope)


def refuse(
    request: HttpRequest,
    permission: Permission,
    *,
    target: Target | None = None,
    rule: str = "",
    error: type[NotPermitted] = NotPermitted,
) -> NoReturn:
    """Record the refusal, as an event or in the count of its minute, then raise the error.

    `rule`: what the person would need, unless it is the permission itself.
    """
    record_refusal(
        by=Actor.from_request(request),
        target=target or Target("page", request.path[:200]),
        method=request.method or "",
        rule=rule or permission.value,
    )
    raise error


def permission_required(
    permission: Permission,
    *,
    refusal: Callable[..., None] | None = None,
    open_when: Callable[[], bool] = lambda: False,
) -> Callable[[View[P]], View[P]]:
    """Declare the permission that a view requires. A test fails for a view that declares none.

    `refusal(request, *args, **kwargs)` can record a more precise refusal and raise; when it returns, the usual refusal
    follows. While `open_when()` is true, the view is open to everyone, signed in or not.
    """

    def decorate(view: View[P]) -> View[P]:
        @wraps(view)
        def guarded(request: Any, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            if not open_when() and not can(request.user, permission):
                if refusal:
                    refusal(request, *args, **kwargs)
                refuse(request, permission)
            return view(request, *args, **kwargs)

        guarded.permission = permission  # type: ignore[attr-defined]
        guarded.open_when = open_when  # type: ignore[attr-defined]
        return guarded

    return decorate


def open_view(view: View[P]) -> View[P]:
    """Mark a view as open to people who are not signed in, such as sign-in, health and the webhook receiver."""
    view.open_to_all = True  # type: ignore[attr-defined]
    return view


def any_person(view: View[P]) -> View[P]:
    """Mark a view as open to everyone who is signed in, with any role."""
    view.any_person = True  # type: ignore[attr-defined]
    return view


def before_second_factor(view: View[P]) -> View[P]:
    """Mark a view as open to people whose session lacks its second factor: it shows no data of recordings."""
    view.before_second_factor = True  # type: ignore[attr-defined]
    return view
