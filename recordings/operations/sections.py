"""The parts of the operations page by urgency: what is wrong stands on top, what is fine is folded."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_URGENCY = {"bad": 0, "warn": 1, "": 2}


@dataclass(frozen=True)
class Section:
    """A part of the page: `name` names its template, `line` says how it stands. `level`: bad, warn, or empty."""

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


def sections(facts: Mapping[str, Any]) -> list[Section]:
    """Judge each part by the facts of the page, a form with an error first, then the worst."""
    health = facts["health"]
    found = [
        _not_refreshed(facts),
        _channels(facts),
        _unreadable(facts),
        _places(facts),
        _keys(facts),
        _last_runs(facts),
        Section(
            "deliveries", "Webhook deliveries", _counted(len(facts["deliveries"]), "delivery", "deliveries")
        ),
        Section("command_line", "At the command line", "What no page of the portal does"),
    ]
    if not health.was_asked:
        # Nothing was found because nothing was looked for.
        found = [
            Section(part.name, part.title, "Never asked yet")
            if not part.level and part.name in ("not_refreshed", "channels", "unreadable", "places")
            else part
            for part in found
        ]
    return sorted(found, key=lambda part: (not part.has_error, _URGENCY[part.level]))


def _not_refreshed(facts: Mapping[str, Any]) -> Section:
    title, number, aside = "Objects that could not be refreshed", facts["failing_count"], facts["set_aside"]
    if not number:
        return Section("not_refreshed", title, "Every object's last refresh worked")
    return Section("not_refreshed", title, _counted(number, "object", "objects"), "bad" if aside else "warn")


def _channels(facts: Mapping[str, Any]) -> Section:
    streams = list(facts["streams"])
    unlisted = sum(bool(stream.list_error) for stream in streams)
    if unlisted:
        line = f"{unlisted} of {_counted(len(streams), 'channel', 'channels')} could not be listed"
        return Section("channels", "Channels", line, "warn")
    if not streams:
        return Section(
            "channels", "Channels", "No channel is known yet", "warn" if facts["health"].was_asked else ""
        )
    return Section("channels", "Channels", _counted(len(streams), "channel", "channels"))


def _unreadable(facts: Mapping[str, Any]) -> Section:
    still = sum(group.still for group in facts["problems"])
    line = f"{_counted(still, 'item', 'items')} now" if still else "None now"
    return Section("unreadable", "Items that could not be read", line, "warn" if still else "")


def _places(facts: Mapping[str, Any]) -> Section:
    files = sum(place["files"] for place in facts["places"])
    line = _counted(files, "recording", "recordings") if files else "Every recording is in an allowed bucket"
    return Section("places", "Recordings that are not playable, by host", line, "warn" if files else "")


def _keys(facts: Mapping[str, Any]) -> Section:
    keys, form = facts["keys"], facts["key_form"]
    line = _counted(len(keys), "key in use", "keys in use")
    level = ""
    if keys and all(key.ends_soon for key in keys):
        level = "bad" if all(key.has_ended for key in keys) else "warn"
        line = "The last key has ended" if level == "bad" else "The last key ends within a month"
    return Section("keys", "API keys of CommBox", line, level, has_error=bool(form.errors))


def _last_runs(facts: Mapping[str, Any]) -> Section:
    amiss = sum(line.level == "warn" for line in facts["runs"])
    line = f"{amiss} of the last {len(facts['runs'])} did not go well" if amiss else "All went well"
    return Section(
        "last_runs", "Last runs", line if facts["runs"] else "Nothing has run yet", "warn" if amiss else ""
    )


def _counted(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"
