"""The scope of a report for people: which channels, agents and sensitivity classes it covers."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.translation import gettext, ngettext

from recordings.models import Agent, Stream
from recordings.models.sensitivity import Sensitivity
from recordings.reach import Reach, Scope

MOST_NAMED = 20


def scope_words(reach: Reach) -> str:
    """Describe what a report covers, in the active language."""
    if reach.is_everything:
        return gettext("No limit")
    each = sorted(" · ".join(_sides(scope)) for scope in reach.scopes)
    return "; ".join([*each, gettext("only events on recordings and conversations in it")])


def _sides(scope: Scope) -> list[str]:
    sides = []
    if scope.channels is not None:
        channels = dict(Stream.objects.filter(pk__in=scope.channels).values_list("pk", "name"))
        sides.append(gettext("channels: %(names)s") % {"names": _listed(scope.channels, channels)})
    if scope.agents is not None:
        agents = dict(Agent.objects.filter(pk__in=scope.agents).values_list("pk", "name"))
        sides.append(gettext("agents: %(names)s") % {"names": _listed(scope.agents, agents)})
    if scope.classes is not None:
        labels = {value: str(label) for value, label in Sensitivity.choices}
        sides.append(gettext("sensitivity: %(names)s") % {"names": _listed(scope.classes, labels)})
    return sides


def _listed(ids: Iterable[Any], names: Mapping[Any, str]) -> str:
    """Name these, or give their ids where they have no name; beyond MOST_NAMED, their number."""
    named = sorted(names.get(one) or str(one) for one in ids)
    if not named:
        return gettext("none")
    more = len(named) - MOST_NAMED
    listed = ", ".join(named[:MOST_NAMED])
    if more <= 0:
        return listed
    message = ngettext("%(names)s and %(number)s more", "%(names)s and %(number)s more", more)
    return message % {"names": listed, "number": f"{more:,}"}
