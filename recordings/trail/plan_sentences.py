"""The sentences of events about sampling plans, samples and assignments."""

from collections.abc import Callable, Iterator, Mapping

from django.utils.translation import gettext_noop as _

from recordings.audit.kinds import Kind
from recordings.trail import phrases
from recordings.trail.compose import Part, Phrase
from recordings.trail.phrases import EventText

# Why a pick was skipped, by the event's code.
SKIPPED = {
    "drawn": _("another plan had drawn it"),
    "evaluated": _("it had been evaluated"),
    "by_hand": _("for a reason that was given"),
}


def _plan_created(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s created %(thing)s")
    yield from _name(text)


def _plan_changed(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s changed %(thing)s")
    yield from _name(text)


def _plan_ended(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s ended %(thing)s")
    yield from _name(text)


def _frozen(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s froze the population of %(thing)s")
    yield from _name(text)
    if (lines := text.number("lines")) is not None:
        yield text.ngettext("%(number)s recording", "%(number)s recordings", lines)
    if (draw := text.number("draw")) is not None:
        yield text.gettext("draw %(number)s of this plan and period", number=draw)
    yield from _reason(text)
    if digest := text.event.text("population_hash")[:12]:
        yield text.gettext("SHA-256 %(digest)s…", digest=digest)


def _drawn(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s drew %(thing)s")
    yield from _name(text)
    if (picks := text.number("picks")) is not None:
        yield text.ngettext("%(number)s pick", "%(number)s picks", picks)
    if (size := text.number("checkpoint_size")) is not None:
        yield text.gettext("seed from checkpoint %(number)s", number=size)
    if text.event.text("self_drawn") == "yes":
        yield text.gettext("self-drawn")


def _skipped(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s skipped %(thing)s in a sample")
    if code := SKIPPED.get(text.event.text("code")):
        yield (text.label(code),)
    yield from _reason(text)


def _viewed(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s opened %(thing)s")
    yield from _name(text)


def _exported(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s exported %(thing)s")
    yield from _name(text)
    if digest := text.event.text("sha256")[:12]:
        yield text.gettext("SHA-256 %(digest)s…", digest=digest)


def _assigned(text: EventText) -> Iterator[Phrase]:
    yield text.gettext(
        "%(actor)s assigned the evaluation of %(thing)s to %(person)s", person=_person(text, "scorer")
    )
    if text.event.text("instead_of"):
        yield text.gettext("instead of %(person)s", person=_person(text, "instead_of"))
    if due := text.event.text("due")[:10]:
        yield text.gettext("due %(day)s", day=due)


def _assignment_ended(text: EventText) -> Iterator[Phrase]:
    yield text.gettext(
        "%(actor)s took the evaluation of %(thing)s from %(person)s", person=_person(text, "scorer")
    )


def _person(text: EventText, key: str) -> Part:
    ref = text.event.text(key)
    return phrases.named("person", ref, "", text.language)


def _name(text: EventText) -> Iterator[Phrase]:
    """Say the name that the plan had then."""
    if name := text.private("object.label"):
        yield text.gettext("“%(title)s”", title=phrases.isolated(name))


def _reason(text: EventText) -> Iterator[Phrase]:
    if reason := text.private("action_detail.reason"):
        yield text.gettext("“%(reason)s”", reason=phrases.isolated(reason))


PRESENTERS: Mapping[str, Callable[[EventText], Iterator[Phrase]]] = {
    Kind.PLAN_CREATED: _plan_created,
    Kind.PLAN_CHANGED: _plan_changed,
    Kind.PLAN_ENDED: _plan_ended,
    Kind.SAMPLE_FROZEN: _frozen,
    Kind.SAMPLE_DRAWN: _drawn,
    Kind.SAMPLE_SKIPPED: _skipped,
    Kind.SAMPLE_VIEWED: _viewed,
    Kind.SAMPLE_EXPORTED: _exported,
    Kind.ASSIGNMENT_MADE: _assigned,
    Kind.ASSIGNMENT_ENDED: _assignment_ended,
}
