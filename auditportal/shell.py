"""Build what every page shows around its content: navigation, the signed-in person, warnings."""

from dataclasses import dataclass
from functools import cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy, ngettext

from auditportal.accounts.alarms import account_banners
from auditportal.accounts.session import seconds_left
from recordings.audit.lag import lag
from recordings.operations.banners import banners
from recordings.permissions import Permission
from recordings.proof.verification.nightly import alarm
from recordings.reviews.tabs import REVIEWING

# Label, URL name, icon, keys that go there, and the permissions of which one shows it; none: it is for everybody.
NAVIGATION: tuple[tuple[str | Promise, str, str, str, tuple[Permission, ...]], ...] = (
    (gettext_lazy("Overview"), "overview", "layout-dashboard", "g h", ()),
    (gettext_lazy("Objects"), "catalog:objects", "messages-square", "g o", (Permission.SEARCH_OBJECTS,)),
    (gettext_lazy("Recordings"), "catalog:recordings", "video", "g r", (Permission.SEARCH_OBJECTS,)),
    (gettext_lazy("My calls"), "playback:own_calls", "headset", "g m", (Permission.READ_OWN_CALLS,)),
    (
        gettext_lazy("My reviews"),
        "disputes:own_reviews",
        "clipboard-pen",
        "g w",
        (Permission.READ_OWN_CALLS,),
    ),
    (gettext_lazy("Reviews"), "reviews:home", "clipboard-check", "g v", REVIEWING),
    (gettext_lazy("Assurance"), "assurance:board", "shield-check", "g s", (Permission.VIEW_ASSURANCE,)),
    (gettext_lazy("Audit trail"), "trail:trail", "scroll-text", "g a", (Permission.READ_TRAIL,)),
    (gettext_lazy("Reports"), "reports:list", "file-check", "g e", (Permission.EXPORT_REPORTS,)),
    (gettext_lazy("Operations"), "operations:operations", "activity", "g p", (Permission.VIEW_OPERATIONS,)),
    (gettext_lazy("People"), "people:list", "users", "g u", (Permission.MANAGE_PEOPLE,)),
)


@dataclass(frozen=True)
class NavigationEntry:
    label: str | Promise
    url: str
    icon: str
    keys: str
    current: bool
    count: int | None = None


def _navigation(request: HttpRequest, user: Any) -> list[NavigationEntry]:
    """List the pages this person may open, and mark the current one."""
    entries = []
    for label, name, icon, keys, permissions in NAVIGATION:
        if not permissions or any(map(user.has_permission, permissions)):
            url = _address(name)
            current = request.path == url or (url != "/" and request.path.startswith(url))
            entries.append(NavigationEntry(label, url, icon, keys, current))
    return entries


@cache
def _address(name: str) -> str:
    return reverse(name)


def shell(request: HttpRequest) -> dict[str, Any]:
    """Return the context of base.html. htmx fragments do not use it, so for them nothing is queried."""
    user = getattr(request, "user", None)
    frame: dict[str, Any] = {
        "demo": settings.DEMO,
        "easy_sign_in": settings.DEMO and settings.EASY_SIGN_IN,
        "app_version": settings.APP_VERSION,
        "request_id": getattr(request, "request_id", ""),
    }
    if user is None or not user.is_authenticated or getattr(request, "htmx", False):
        return frame
    person = {
        "id": user.pk,
        "username": user.username,
        "name": user.display_name,
        "role_label": user.role_label,
        "session_ends_at": getattr(request, "session_ends_at", None),
        "session_ends_in": seconds_left(request),
    }
    alarms = account_banners() if user.has_permission(Permission.MANAGE_PEOPLE) else []
    warnings = alarms + banners(operations=user.has_permission(Permission.VIEW_OPERATIONS)) + _trail_banners()
    return {**frame, "nav": _navigation(request, user), "person": person, "banners": warnings}


def _trail_banners() -> list[dict[str, Any]]:
    """Return what everybody must know about the trail: two queries where a sealed log is kept, else none."""
    if not settings.AUDIT_ORIGIN:
        return []
    broken, behind = alarm(), lag()
    warnings = [{"level": "bad", "title": broken.title, "text": broken.sentence}] if broken else []
    if behind.alarming:
        seconds, minutes = round(behind.seconds), settings.AUDIT_LAG_LIMIT_SECONDS // 60
        warnings.append(
            {
                "level": "bad",
                "title": ngettext(
                    "The audit trail has not been sealed for %(seconds)s second.",
                    "The audit trail has not been sealed for %(seconds)s seconds.",
                    seconds,
                )
                % {"seconds": seconds},
                "text": ngettext(
                    "After %(minutes)s minute, recordings stop playing. The sealer or the signer may not be running.",
                    "After %(minutes)s minutes, recordings stop playing. The sealer or the signer may not be running.",
                    minutes,
                )
                % {"minutes": minutes},
            }
        )
    return warnings
