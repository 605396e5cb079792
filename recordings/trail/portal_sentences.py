"""Sentences about the portal's own processes and settings."""

from collections.abc import Callable, Iterator, Mapping

from recordings.audit.kinds import Kind
from recordings.trail import phrases
from recordings.trail.compose import Part, Phrase, figure
from recordings.trail.phrases import EventText


def _logging_started(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s started writing the audit trail")
    yield from _part_of_portal(text)


def _logging_stopped(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s stopped writing the audit trail")
    yield from _part_of_portal(text)


def _part_of_portal(text: EventText) -> Iterator[Phrase]:
    """Say which part of the portal it is, its version, and how long the URLs it issues are valid."""
    if part := text.event.text("part"):
        yield (Part(part, is_value=True),)
    if version := text.event.text("version"):
        yield text.gettext("version %(version)s", version=version)
    if life := text.event.text("playback_url_ttl"):
        yield text.gettext("URLs valid for %(seconds)s s", seconds=life)


def _config_changed(text: EventText) -> Iterator[Phrase]:
    """Say which key was added or retired, by its last four characters; any other setting with before and after."""
    before, after = (phrases.side(text.event, name) for name in ("before", "after"))
    if text.event.detail.get("setting") == "commbox_api_key":
        yield text.gettext("%(actor)s entered a CommBox API key that was refused")
        yield from phrases.reason(text)
        return
    match after.get("setting") or before.get("setting"):
        case "commbox_api_key" if after:
            end = figure(after.get("ends_in"))
            yield text.gettext("%(actor)s added the CommBox API key ending in %(end)s", end=end)
        case "commbox_api_key":
            end = figure(before.get("ends_in"))
            yield text.gettext("%(actor)s retired the CommBox API key ending in %(end)s", end=end)
        case "key_encryption_key":
            yield text.gettext(
                "%(actor)s re-encrypted the API keys under key %(new)s instead of key %(old)s",
                new=figure(after.get("key_id")),
                old=figure(before.get("key_id")),
            )
            if (keys := text.number("keys")) is not None:
                yield text.ngettext("%(number)s API key", "%(number)s API keys", keys)
        case _:
            yield text.gettext("%(actor)s changed the configuration")
            yield from list(phrases.change(text)) or phrases.reason(text)


PRESENTERS: Mapping[str, Callable[[EventText], Iterator[Phrase]]] = {
    Kind.LOGGING_STARTED: _logging_started,
    Kind.LOGGING_STOPPED: _logging_stopped,
    Kind.CONFIG_CHANGED: _config_changed,
}
