"""Read level and scope of a role from cells of a CSV file: names or numbers, several with semicolons between them."""

import re
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from auditportal.accounts.actions import ADMINISTRATOR
from auditportal.accounts.scope_form import NO_SCOPE, ScopeForm
from auditportal.accounts.scopes import DIMENSIONS, Limits, choices
from recordings.models.sensitivity import Sensitivity
from recordings.reach import Level
from recordings.wording import in_english

# The columns and what they may be called, besides the field's label in the reader's language.
COLUMNS = {
    "level": ("level",),
    "channels": ("channels", "channel"),
    "teams": ("teams", "team"),
    "agents": ("agents", "agent"),
    "classes": ("classes", "class", "sensitivity"),
}
_UNKNOWN = {
    "channels": _("There is no channel “%(name)s”."),
    "teams": _("There is no team “%(name)s”."),
    "agents": _("There is no agent “%(name)s”."),
    "classes": _("There is no class “%(name)s”. Classes are: %(classes)s."),
}
_BETWEEN = re.compile(r"[;|\n]")


class ScopeCells:
    """Reads the cells of many lines. What can be named in a dimension is read once, for the first cell with a name."""

    def __init__(self) -> None:
        self._named: dict[str, dict[str, list[Any]]] = {}

    def read(self, role: str, cells: Mapping[str, str]) -> tuple[Level, Limits, list[str]]:
        """Return level and scope, and a sentence for everything that is wrong. Without a level a role is MANAGE."""
        problems: list[str] = []
        level = self._level(cells.get("level", ""), problems)
        limits = {
            dimension: ids
            for dimension in DIMENSIONS
            if (ids := self._ids(dimension, cells.get(dimension, ""), problems))
        }
        if role == ADMINISTRATOR and (limits or level != Level.MANAGE):
            problems.append(_about("level", str(NO_SCOPE)))
        return level, limits, problems

    def _level(self, cell: str, problems: list[str]) -> Level:
        names = {name.casefold(): level for level in Level for name in (level.value, str(level.label))}
        if cell and cell.casefold() not in names:
            message = gettext("There is no level “%(name)s”. Levels are: %(levels)s.")
            sentence = message % {"name": cell[:80], "levels": ", ".join(Level.values)}
            problems.append(_about("level", sentence))
        return names.get(cell.casefold(), Level.MANAGE)

    def _ids(self, dimension: str, cell: str, problems: list[str]) -> list[Any]:
        ids = []
        for name in filter(None, (part.strip() for part in _BETWEEN.split(cell))):
            found = self._of(dimension).get(name.casefold(), [])
            if len(found) == 1:
                ids += found
                continue
            message = (
                gettext("Several are called “%(name)s”. Write the number.")
                if found
                else str(_UNKNOWN[dimension])
            )
            sentence = message % {"name": name[:80], "classes": ", ".join(Sensitivity.values)}
            problems.append(_about(dimension, sentence))
        return sorted(set(ids))

    def _of(self, dimension: str) -> dict[str, list[Any]]:
        """Return what a name or a number may stand for, in small letters. A number goes before a name that is one."""
        if dimension not in self._named:
            rows = choices(dimension)
            named: dict[str, list[Any]] = {}
            for pk, name in rows:
                named.setdefault(name.casefold(), []).append(pk)
            if dimension == "classes":
                named |= {in_english(Sensitivity(code).label).casefold(): [code] for code, _name in rows}
            self._named[dimension] = named | {str(pk): [pk] for pk, _name in rows}
        return self._named[dimension]


def _about(field: str, sentence: str) -> str:
    label = ScopeForm.base_fields[field].label
    return gettext("%(field)s: %(error)s") % {"field": label, "error": sentence}
