"""The sentences of events about coaching sessions, the training library and assigned viewing."""

from collections.abc import Callable, Iterator, Mapping

from django.utils.translation import gettext_noop as _

from recordings.audit.kinds import Kind
from recordings.trail import phrases
from recordings.trail.compose import Phrase
from recordings.trail.phrases import EventText

_PAGES: Mapping[str, str] = {
    "sessions": _("the list of coaching sessions"),
    "person": _("the evaluations to coach on"),
    "session": _("a coaching session"),
    "mine": _("their own coaching"),
    "library": _("the training library"),
    "exemplar": _("an exemplar"),
}
_WITHDRAWN: Mapping[str, str] = {
    "dispute": _("an evaluation of the recording is disputed"),
    "expired": _("the passport has expired"),
    "erased": _("personal values of the customer or the agent were erased"),
    "missing": _("the recording is missing at its source"),
    "by_hand": _("by hand"),
}
_BASES: Mapping[str, str] = {
    "consent": _("consent of the customer"),
    "contract": _("agreement with the customer"),
    "interest": _("legitimate interest, assessed"),
    "staged": _("staged: no real customer"),
}


def _viewed(text: EventText) -> Iterator[Phrase]:
    page = text.label(_PAGES.get(text.event.text("page"), _("a page of coaching")))
    if text.event.target_ref:
        yield text.gettext("%(actor)s viewed %(page)s of %(thing)s", page=page)
    else:
        yield text.gettext("%(actor)s viewed %(page)s", page=page)


def _opened(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s opened a coaching session for %(thing)s")
    detail = text.event.detail
    if number := _length(detail.get("evaluations")):
        yield text.ngettext("%(number)s evaluation", "%(number)s evaluations", number)
    if number := _length(detail.get("moments")):
        yield text.ngettext("%(number)s moment", "%(number)s moments", number)
    yield from _due(text)


def _acknowledged(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s acknowledged a coaching session")
    if comment := text.private("action_detail.comment"):
        yield text.gettext("“%(comment)s”", comment=phrases.isolated(comment))


def _closed(text: EventText) -> Iterator[Phrase]:
    if text.event.text("acknowledged") == "yes":
        yield text.gettext("%(actor)s closed a coaching session of %(thing)s")
    else:
        yield text.gettext("%(actor)s closed a coaching session of %(thing)s before it was acknowledged")


def _reminded(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s reminded %(thing)s by mail of what is due")
    if number := text.number("sessions"):
        yield text.ngettext("%(number)s coaching session", "%(number)s coaching sessions", number)
    if number := text.number("viewings"):
        yield text.ngettext("%(number)s assigned viewing", "%(number)s assigned viewings", number)


def _exemplar_added(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s added %(thing)s to the training library")
    yield from _title(text)
    if basis := _BASES.get(text.event.text("basis")):
        yield (text.label(basis),)
    if expires := _moment(text.event.text("expires_at")):
        yield text.gettext("expires %(moment)s", moment=expires)


def _exemplar_withdrawn(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s withdrew %(thing)s from the training library")
    yield from _title(text)
    if why := _WITHDRAWN.get(text.event.text("why")):
        yield (text.label(why),)
    if reason := text.private("action_detail.reason"):
        yield text.gettext("“%(reason)s”", reason=phrases.isolated(reason))


def _assigned(text: EventText) -> Iterator[Phrase]:
    yield text.gettext(
        "%(actor)s assigned %(thing)s an exemplar to watch, and so the right to play its recording"
    )
    yield from _title(text)
    yield from _due(text)


def _cancelled(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s cancelled an assigned viewing of %(thing)s, and so the right to play it")
    yield from _title(text)


def _attempted(text: EventText) -> Iterator[Phrase]:
    if text.event.text("passed") == "yes":
        yield text.gettext("%(actor)s completed an assigned viewing")
    else:
        yield text.gettext("%(actor)s did not pass the quiz of an assigned viewing")
    yield from _title(text)
    if (number := text.number("number")) is not None:
        yield text.gettext("attempt %(number)s", number=number)
    if score := text.event.text("score"):
        yield text.gettext("score %(score)s", score=score)
    if (percent := text.number("watched_percent")) is not None:
        yield text.gettext("%(percent)s %% watched", percent=percent)


def _title(text: EventText) -> Iterator[Phrase]:
    if title := text.private("action_detail.title"):
        yield text.gettext("“%(title)s”", title=phrases.isolated(title))


def _due(text: EventText) -> Iterator[Phrase]:
    if due := _moment(text.event.text("due_at")):
        yield text.gettext("due before %(moment)s", moment=due)


def _moment(iso: str) -> str:
    """Write the moment of an event in UTC: "2026-12-01 00:00 UTC"."""
    return f"{iso[:16].replace('T', ' ')} UTC" if iso else ""


def _length(value: object) -> int:
    return len(value) if isinstance(value, list) else 0


PRESENTERS: Mapping[str, Callable[[EventText], Iterator[Phrase]]] = {
    Kind.COACHING_VIEWED: _viewed,
    Kind.COACHING_OPENED: _opened,
    Kind.COACHING_ACKNOWLEDGED: _acknowledged,
    Kind.COACHING_CLOSED: _closed,
    Kind.COACHING_REMINDED: _reminded,
    Kind.EXEMPLAR_ADDED: _exemplar_added,
    Kind.EXEMPLAR_WITHDRAWN: _exemplar_withdrawn,
    Kind.TRAINING_ASSIGNED: _assigned,
    Kind.TRAINING_CANCELLED: _cancelled,
    Kind.TRAINING_ATTEMPTED: _attempted,
}
