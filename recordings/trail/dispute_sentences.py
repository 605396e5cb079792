"""The sentences of events about submitted evaluations: read, released, signed, disputed."""

from collections.abc import Callable, Iterator, Mapping

from recordings.audit.kinds import Kind
from recordings.trail import phrases
from recordings.trail.compose import Phrase
from recordings.trail.phrases import EventText


def _listed(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s listed evaluations")
    if (number := text.number("found")) is not None:
        yield text.ngettext("%(number)s found", "%(number)s found", number)


def _own_viewed(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s viewed the evaluations of their own calls")


def _read(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s read the evaluation of %(thing)s")
    yield from _score(text)


def _released(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s released the evaluation of %(thing)s to the agent")
    yield from _score(text)


def _signed(text: EventText) -> Iterator[Phrase]:
    if text.event.text("signed_by") == "supervisor":
        yield text.gettext("%(actor)s signed the evaluation of %(thing)s for the agent")
    else:
        yield text.gettext("%(actor)s signed the evaluation of %(thing)s")
    yield from _score(text)
    yield from _reason(text)


def _reminded(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s sent a reminder about evaluations to %(thing)s")
    if (number := text.number("evaluations")) is not None:
        yield text.ngettext("%(number)s evaluation", "%(number)s evaluations", number)


def _disputed(text: EventText) -> Iterator[Phrase]:
    if text.event.text("disputed_by") == "supervisor":
        yield text.gettext("%(actor)s disputed an answer in the evaluation of %(thing)s for the agent")
    else:
        yield text.gettext("%(actor)s disputed an answer in the evaluation of %(thing)s")
    yield from _question(text)
    yield from _reason(text)


def _answered_blind(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s scored a disputed answer of %(thing)s blind")
    yield from _question(text)
    if (percent := text.number("watched_percent")) is not None:
        yield text.gettext("%(percent)s %% watched", percent=percent)


def _decided(text: EventText) -> Iterator[Phrase]:
    if text.event.text("outcome") == "changed":
        yield text.gettext("%(actor)s decided a dispute about %(thing)s and changed the answer")
    else:
        yield text.gettext("%(actor)s decided a dispute about %(thing)s and upheld the answer")
    yield from _question(text)
    before, after = text.event.text("score_before"), text.event.text("score")
    if before:
        yield text.gettext("score %(before)s → %(after)s", before=before, after=after or "–")
    else:
        yield from _score(text)
    yield from _reason(text)


def _score(text: EventText) -> Iterator[Phrase]:
    if score := text.event.text("score"):
        yield text.gettext("score %(score)s", score=score)


def _question(text: EventText) -> Iterator[Phrase]:
    if key := text.event.text("question"):
        yield text.gettext("question “%(question)s”", question=key)


def _reason(text: EventText) -> Iterator[Phrase]:
    if reason := text.private("action_detail.reason"):
        yield text.gettext("“%(reason)s”", reason=phrases.isolated(reason))


PRESENTERS: Mapping[str, Callable[[EventText], Iterator[Phrase]]] = {
    Kind.EVALUATIONS_LISTED: _listed,
    Kind.OWN_EVALUATIONS_VIEWED: _own_viewed,
    Kind.EVALUATION_READ: _read,
    Kind.EVALUATION_RELEASED: _released,
    Kind.EVALUATION_SIGNED: _signed,
    Kind.EVALUATION_REMINDED: _reminded,
    Kind.DISPUTE_OPENED: _disputed,
    Kind.DISPUTE_ANSWERED_BLIND: _answered_blind,
    Kind.DISPUTE_DECIDED: _decided,
}
