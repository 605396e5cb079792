"""The sections of the operations page, most urgent first. A section without a problem is folded."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext, ngettext

_URGENCY = {"bad": 0, "warn": 1, "": 2}
# Their emptiness says nothing before CommBox has answered for the first time.
_NEED_AN_ANSWER = ("not_refreshed", "channels", "unreadable", "hosts")


@dataclass(frozen=True)
class Section:
    """A section of the page: `name` names its template, `line` summarises it. `level`: bad, warn, or empty."""

    name: str
    title: str
    line: str
    level: str = ""
    has_error: bool = False

    @property
    def template(self) -> str:
        return f"operations/_{self.name}.html"

    @property
    def is_open(self) -> bool:
        return bool(self.level) or self.has_error


def sections(context: Mapping[str, Any]) -> list[Section]:
    """Build the sections from the page's context: a form with an error first, then by urgency."""
    deliveries = len(context["deliveries"])
    found = [
        _not_refreshed(context),
        _channels(context),
        _unreadable(context),
        _hosts(context),
        _keys(context),
        _last_runs(context),
        Section(
            "deliveries",
            gettext("Webhook deliveries"),
            ngettext("%(number)s delivery", "%(number)s deliveries", deliveries) % {"number": deliveries},
        ),
        Section(
            "command_line", gettext("Command line"), gettext("Tasks that no page of the portal performs")
        ),
    ]
    if not context["health"].was_asked:
        found = [
            Section(section.name, section.title, gettext("CommBox has not been asked yet"))
            if not section.level and section.name in _NEED_AN_ANSWER
            else section
            for section in found
        ]
    return sorted(found, key=lambda section: (not section.has_error, _URGENCY[section.level]))


def _not_refreshed(context: Mapping[str, Any]) -> Section:
    title, number = gettext("Objects that could not be refreshed"), context["failing_count"]
    if not number:
        return Section("not_refreshed", title, gettext("The last refresh of every object succeeded"))
    line = ngettext("%(number)s object", "%(number)s objects", number) % {"number": f"{number:,}"}
    return Section("not_refreshed", title, line, "bad" if context["set_aside"] else "warn")


def _channels(context: Mapping[str, Any]) -> Section:
    title, streams = gettext("Channels"), list(context["streams"])
    unlisted = sum(bool(stream.list_error) for stream in streams)
    if unlisted:
        line = ngettext(
            "%(unlisted)s of %(number)s channel could not be listed",
            "%(unlisted)s of %(number)s channels could not be listed",
            len(streams),
        )
        return Section("channels", title, line % {"unlisted": unlisted, "number": len(streams)}, "warn")
    if not streams:
        level = "warn" if context["health"].was_asked else ""
        return Section("channels", title, gettext("No channel is known yet"), level)
    line = ngettext("%(number)s channel", "%(number)s channels", len(streams))
    return Section("channels", title, line % {"number": len(streams)})


def _unreadable(context: Mapping[str, Any]) -> Section:
    title, still = gettext("Items that could not be read"), sum(group.still for group in context["problems"])
    if not still:
        return Section("unreadable", title, gettext("None now"))
    line = ngettext("%(number)s item now", "%(number)s items now", still) % {"number": f"{still:,}"}
    return Section("unreadable", title, line, "warn")


def _hosts(context: Mapping[str, Any]) -> Section:
    title, files = (
        gettext("Recordings that cannot be played, by host"),
        sum(host["files"] for host in context["hosts"]),
    )
    if not files:
        return Section("hosts", title, gettext("Every recording is in an allowed bucket"))
    line = ngettext("%(number)s recording", "%(number)s recordings", files) % {"number": f"{files:,}"}
    return Section("hosts", title, line, "warn")


def _keys(context: Mapping[str, Any]) -> Section:
    keys, has_error = context["keys"], bool(context["key_form"].errors)
    level = ""
    line = ngettext("%(number)s key in use", "%(number)s keys in use", len(keys)) % {"number": len(keys)}
    if keys and all(key.has_ended for key in keys):
        level, line = "bad", gettext("The last key has expired")
    elif keys and all(key.ends_soon for key in keys):
        level, line = "warn", gettext("The last key expires within a month")
    return Section("keys", gettext("CommBox API keys"), line, level, has_error)


def _last_runs(context: Mapping[str, Any]) -> Section:
    title, runs = gettext("Latest runs"), context["runs"]
    if not runs:
        return Section("last_runs", title, gettext("No run yet"))
    troubled = sum(run.level == "warn" for run in runs)
    if not troubled:
        return Section("last_runs", title, gettext("All succeeded"))
    line = ngettext(
        "%(troubled)s of the last %(number)s had a problem",
        "%(troubled)s of the last %(number)s had problems",
        troubled,
    )
    return Section("last_runs", title, line % {"troubled": troubled, "number": len(runs)}, "warn")
