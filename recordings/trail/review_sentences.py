"""The sentences of events about quality reviews."""

from collections.abc import Callable, Iterator, Mapping

from recordings.audit.kinds import Kind
from recordings.trail import phrases
from recordings.trail.compose import Phrase
from recordings.trail.phrases import EventText


def _scorecard_created(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s created a draft of %(thing)s")
    yield from _version(text)


def _scorecard_imported(text: EventText) -> Iterator[Phrase]:
    if text.event.text("from") == "amazon-connect":
        yield text.gettext("%(actor)s imported %(thing)s from a form of Amazon Connect")
    else:
        yield text.gettext("%(actor)s imported %(thing)s from a file")
    yield from _version(text)
    if number := text.number("not_carried"):
        yield text.ngettext("%(number)s part not carried over", "%(number)s parts not carried over", number)


def _scorecard_activated(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s activated %(thing)s")
    yield from _version(text)
    if (number := text.number("questions")) is not None:
        yield text.ngettext("%(number)s question", "%(number)s questions", number)


def _scorecard_retired(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s retired %(thing)s")
    yield from _version(text)
    if (number := text.number("replaced_by")) is not None:
        yield text.gettext("replaced by version %(version)s", version=number)


def _evaluation_started(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s began to evaluate %(thing)s")
    yield from _in_calibration(text)


def _evaluation_submitted(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s evaluated %(thing)s")
    yield from _in_calibration(text)
    if score := text.event.text("score"):
        yield text.gettext("score %(score)s", score=score)
    yield from _watched(text)


def _evaluation_changed(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s changed the evaluation of %(thing)s")
    before, after = text.event.text("score_before"), text.event.text("score")
    if before or after:
        yield text.gettext("score %(before)s → %(after)s", before=before or "–", after=after or "–")
    if reason := text.private("action_detail.reason"):
        yield text.gettext("“%(reason)s”", reason=phrases.isolated(reason))
    yield from _watched(text)


def _in_calibration(text: EventText) -> Iterator[Phrase]:
    if text.event.text("calibration"):
        yield text.gettext("in a calibration")


def _watched(text: EventText) -> Iterator[Phrase]:
    """Say how much of the recording had been watched then."""
    if (percent := text.number("watched_percent")) is not None:
        yield text.gettext("%(percent)s %% watched", percent=percent)


def _version(text: EventText) -> Iterator[Phrase]:
    """Say the title that it had then, and its version."""
    if title := text.private("object.label"):
        yield text.gettext("“%(title)s”", title=phrases.isolated(title))
    if (number := text.number("version")) is not None:
        yield text.gettext("version %(version)s", version=number)


PRESENTERS: Mapping[str, Callable[[EventText], Iterator[Phrase]]] = {
    Kind.SCORECARD_CREATED: _scorecard_created,
    Kind.SCORECARD_IMPORTED: _scorecard_imported,
    Kind.SCORECARD_ACTIVATED: _scorecard_activated,
    Kind.SCORECARD_RETIRED: _scorecard_retired,
    Kind.EVALUATION_STARTED: _evaluation_started,
    Kind.EVALUATION_SUBMITTED: _evaluation_submitted,
    Kind.EVALUATION_CHANGED: _evaluation_changed,
}
