"""The sentence of each kind of event: "Noa Levi watched 0:00–3:10 · at 1.5× speed".

One presenter a kind: its first phrase is the sentence, the others are details. Kinds of a newer version, and details
that are missing, can still be read.
"""

from collections.abc import Callable, Iterator, Mapping

import structlog

from recordings.audit.kinds import Kind, Outcome
from recordings.audit.opened import Opened
from recordings.trail import (
    access_sentences,
    account_sentences,
    calibration_sentences,
    class_sentences,
    coaching_sentences,
    dispute_sentences,
    log_sentences,
    numbers_sentences,
    people_sentences,
    plan_sentences,
    portal_sentences,
    provisioning_sentences,
    recording_sentences,
    report_sentences,
    review_sentences,
    scope_sentences,
    supervision_sentences,
)
from recordings.trail.compose import SEPARATOR, Language, Part, Phrase, joined, plain
from recordings.trail.phrases import EventText, PlainEventText

logger = structlog.get_logger("portal.audit")

Presenter = Callable[[EventText], Iterator[Phrase]]

_ALARMS = frozenset({Kind.SEALER_INCIDENT, Kind.BREAK_GLASS_USED})
_WARNINGS = frozenset(
    {
        Kind.WATCH_EXCESS,
        Kind.RECORDING_CHANGED,
        Kind.RECORDING_VANISHED,
        Kind.RECORDING_UNPLAYABLE,
        Kind.LOGGING_STOPPED,
        Kind.KEY_ROTATED,
        Kind.BACKUP_RESTORED,
        Kind.SUBJECT_ERASED,
    }
)
_GOOD = frozenset(
    {
        Kind.RECORDING_REAPPEARED,
        Kind.REPORT_BUILT,
        Kind.REPORT_DOWNLOADED,
        Kind.LOGGING_STARTED,
        Kind.LOG_OPENED,
        Kind.TRAIL_VERIFIED,
        Kind.ASSURANCE_STATED,
        Kind.SCORECARD_ACTIVATED,
    }
)


def sentence(event: Opened, language: Language) -> tuple[Part, ...]:
    """Put an event into words, its details after it. Details that its kind does not have are never an error."""
    return joined(_phrases(EventText(event, language)))


def plain_sentence(event: Opened, language: Language | None = None) -> str:
    """Put an event into words, as text; in the active language unless another is given."""
    text = PlainEventText(event, language or Language.current())
    return SEPARATOR.join([plain(phrase) for phrase in _phrases(text)])


def _phrases(text: EventText) -> list[Phrase]:
    try:
        return list(PRESENTERS.get(text.event.kind, _unknown)(text))
    except Exception:  # whatever somebody put into an event must not keep a page of others from being shown
        logger.warning("an event has details that its kind does not have", kind=text.event.kind[:100])
        return [text.gettext("%(actor)s: event whose details do not fit its type")]


def tone(kind: str, outcome: str) -> str:
    """Return the class of an event's dot: bad for refusals and errors, warn where somebody should look, ok or info."""
    if kind in _ALARMS or outcome in (Outcome.DENIED, Outcome.ERROR):
        return "bad"
    return "warn" if kind in _WARNINGS else "ok" if kind in _GOOD else "info"


def _unknown(text: EventText) -> Iterator[Phrase]:
    """Name a kind that this version does not know, and what it was about."""
    name = text.event.kind.replace(".", ": ").replace("_", " ")
    if text.event.target_ref:
        yield text.gettext("%(actor)s: event of type “%(type)s” on %(thing)s", type=name)
    else:
        yield text.gettext("%(actor)s: event of type “%(type)s”", type=name)


PRESENTERS: Mapping[str, Presenter] = {
    **people_sentences.PRESENTERS,
    **recording_sentences.PRESENTERS,
    **report_sentences.PRESENTERS,
    **portal_sentences.PRESENTERS,
    **log_sentences.PRESENTERS,
    **provisioning_sentences.PRESENTERS,
    **account_sentences.PRESENTERS,
    **class_sentences.PRESENTERS,
    **scope_sentences.PRESENTERS,
    **review_sentences.PRESENTERS,
    **calibration_sentences.PRESENTERS,
    **numbers_sentences.PRESENTERS,
    **dispute_sentences.PRESENTERS,
    **supervision_sentences.PRESENTERS,
    **plan_sentences.PRESENTERS,
    **coaching_sentences.PRESENTERS,
    **access_sentences.PRESENTERS,
}
