"""The sentences of events about sensitivity classes and about masked values."""

from collections.abc import Callable, Iterator, Mapping

from django.utils.translation import gettext_noop as _

from recordings.audit.kinds import Kind
from recordings.trail import labels
from recordings.trail.compose import Part, Phrase
from recordings.trail.phrases import EventText

_SHOWN = {
    "customer_name": _("%(actor)s viewed the masked name of the customer of %(thing)s"),
    "customer_phone": _("%(actor)s viewed the masked phone number of the customer of %(thing)s"),
    "customer_email": _("%(actor)s viewed the masked mail address of the customer of %(thing)s"),
}
_ANY_SHOWN = _("%(actor)s viewed a masked value of the customer of %(thing)s")


def _rule_added(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s added a sensitivity rule: %(class)s", **{"class": _class(text, "class")})
    yield from _about(text)


def _rule_ended(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s ended a sensitivity rule: %(class)s", **{"class": _class(text, "class")})
    yield from _about(text)


def _about(text: EventText) -> Iterator[Phrase]:
    detail = text.event.detail
    if channel := detail.get("channel"):
        yield text.gettext("channel %(id)s", id=Part(str(channel), f"channel:{channel}", is_value=True))
    if team := detail.get("team"):
        yield text.gettext("team %(id)s", id=Part(str(team), is_value=True))
    if recording_type := text.event.text("recording_type"):
        yield text.gettext("recordings of type %(type)s", type=Part(recording_type, is_value=True))


def _object_classified(text: EventText) -> Iterator[Phrase]:
    if text.event.text("class"):
        yield text.gettext(
            "%(actor)s set the sensitivity of %(thing)s to %(class)s", **{"class": _class(text, "class")}
        )
    else:
        yield text.gettext("%(actor)s left the sensitivity of %(thing)s to the rules again")
    if text.event.text("was"):
        yield text.gettext("before: %(class)s", **{"class": _class(text, "was")})


def _value_shown(text: EventText) -> Iterator[Phrase]:
    yield text.gettext(_SHOWN.get(text.event.text("field"), _ANY_SHOWN))


def _class(text: EventText, key: str) -> Part:
    code = text.event.text(key)
    return text.label(labels.CLASSES.get(code) or labels.readable(code) or _("(not named)"))


PRESENTERS: Mapping[str, Callable[[EventText], Iterator[Phrase]]] = {
    Kind.VALUE_SHOWN: _value_shown,
    Kind.CLASS_RULE_ADDED: _rule_added,
    Kind.CLASS_RULE_ENDED: _rule_ended,
    Kind.OBJECT_CLASSIFIED: _object_classified,
}
