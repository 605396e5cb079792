"""The sentences of events about scopes of grants, and about the agents whom accounts are linked to."""

from collections.abc import Callable, Iterator, Mapping

from django.utils.translation import gettext_noop as _

from recordings.audit.kinds import Kind
from recordings.trail import labels
from recordings.trail.compose import Part, Phrase, figure
from recordings.trail.phrases import EventText, isolated

_DIMENSIONS = {
    "channels": _("channels: %(names)s"),
    "teams": _("teams: %(names)s"),
    "agents": _("agents: %(names)s"),
}


def scope(text: EventText) -> Iterator[Phrase]:
    """Say how much a grant allows and where: names where the event has them, else ids."""
    if (level := text.event.text("level")) not in ("", "manage"):
        yield text.gettext("level: %(level)s", level=text.label(labels.LEVELS.get(level, level)))
    detail = text.event.detail
    for dimension, message in _DIMENSIONS.items():
        ids = detail.get(dimension)
        if isinstance(ids, list) and ids:
            names = text.private(f"action_detail.{dimension}_names")
            shown = isolated(names) if names else ", ".join(map(str, ids))
            yield text.gettext(message, names=Part(shown, is_value=True))
    classes = detail.get("classes")
    if isinstance(classes, list) and classes:
        named = [text.label(labels.CLASSES.get(str(code), str(code))).text for code in classes]
        yield text.gettext("sensitivity: %(names)s", names=Part(figure(named), is_value=True))


def _agent_linked(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s linked %(thing)s to the agent %(agent)s", agent=_agent(text))


def _agent_unlinked(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s ended the link of %(thing)s to the agent %(agent)s", agent=_agent(text))


def _own_calls_viewed(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s viewed who watched the recordings of their own calls")


def _agent(text: EventText) -> Part:
    number = str(text.event.detail.get("agent", ""))
    name = text.private("action_detail.agent_name")
    return Part(isolated(name), is_value=True) if name else text.label(number or _("(not named)"))


PRESENTERS: Mapping[str, Callable[[EventText], Iterator[Phrase]]] = {
    Kind.AGENT_LINKED: _agent_linked,
    Kind.AGENT_UNLINKED: _agent_unlinked,
    Kind.OWN_CALLS_VIEWED: _own_calls_viewed,
}
