"""Why somebody can do something with a recording, or cannot."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext

from auditportal.accounts.access.who import ACTS
from auditportal.accounts.models import Grant, User
from auditportal.accounts.roles import ROLES
from recordings.models import Recording
from recordings.permissions import Permission
from recordings.playback.policies import may_play
from recordings.reach import LEVEL_OF, Level, Placed

GRANTERS_NAMED = 10


@dataclass(frozen=True)
class Reason:
    """Something that can be done with a recording, whether this person may, and why in a sentence."""

    act: Promise
    may: bool
    sentence: str


def reasons_for(user: User, recording: Recording) -> Iterator[Reason]:
    """Yield what this person may do with a recording, and what they may not, each with the reason."""
    thing = recording.object
    for permission, act in ACTS.items():
        may = user.reach(permission).includes(thing)
        if not may and permission is Permission.PLAY_RECORDINGS and may_play(user, recording):
            yield Reason(act, True, gettext("A viewing of it is assigned to you. See “My coaching”."))
        else:
            yield Reason(act, may, _why(user, permission, thing, may=may))


def _why(user: User, permission: Permission, thing: Placed, *, may: bool) -> str:
    needed = LEVEL_OF.get(permission, Level.LIST)
    carrying = [held for held in user.held_grants if permission in held.role.permissions]
    here = [held for held in carrying if user.scope_of(held).includes(thing)]
    if may:
        held = next(held for held in here if held.level.includes(needed))
        return gettext("Your role “%(role)s” allows it.") % {"role": held.role.label}
    if not carrying:
        return gettext("None of your roles allows it.")
    if here:
        return gettext(
            "Your role “%(role)s” has the level “%(level)s” here. The level “%(needed)s” is needed."
        ) % {
            "role": here[0].role.label,
            "level": here[0].level.label,
            "needed": needed.label,
        }
    return gettext(
        "Your role “%(role)s” is limited to other channels, teams, agents or sensitivity classes."
    ) % {"role": carrying[0].role.label}


def who_may_grant() -> list[User]:
    """Return people who can grant access, up to GRANTERS_NAMED."""
    roles = [role.code for role in ROLES.values() if Permission.MANAGE_PEOPLE in role.permissions]
    holders = Grant.objects.current().filter(role__in=roles)
    return list(
        User.objects.filter(is_active=True, grants__in=holders)
        .distinct()
        .order_by("full_name")[:GRANTERS_NAMED]
    )
