"""Read people to be invited from CSV, and write the list of people as CSV."""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.utils.translation import get_language, gettext, ngettext

from auditportal.accounts.actions import ADMINISTRATOR
from auditportal.accounts.invitations import NewPerson
from auditportal.accounts.models import Grant, User
from auditportal.accounts.people_forms import PersonFields
from auditportal.accounts.people_list import Row
from auditportal.accounts.roles import ROLES
from auditportal.accounts.scope_cells import COLUMNS as SCOPE_COLUMNS
from auditportal.accounts.scope_cells import ScopeCells
from auditportal.accounts.scope_form import ScopeForm
from auditportal.accounts.scopes import Names, limits_of, reaches_any, scope_of
from recordings.reach import Scope
from recordings.sheets.cells import csv_cell
from recordings.wording import in_english

MOST_LINES = 500
LARGEST = 256 * 1024
# The fields of a line and what their columns may be called, besides the field's label in the reader's language.
COLUMNS = {
    "full_name": ("name", "full name"),
    "username": ("user name", "username"),
    "email": ("mail address", "mail", "email", "e-mail"),
    "language": ("language",),
    "role": ("role",),
    "since": ("from",),
    "until": ("until", "until the end of"),
    "reason": ("reason",),
    **SCOPE_COLUMNS,
}
_FIELDS = PersonFields.base_fields | ScopeForm.base_fields
_NEEDED = ("full_name", "role", "reason")
_EXPORTED = (
    *("Name", "User name", "Mail address", "Account", "Roles"),
    *("Last sign-in (UTC)", "Account since (UTC)"),
)
_BYTE_ORDER_MARK = "\ufeff"


class Unreadable(Exception):
    """A text that is not a list of people. `sentence` says why."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


@dataclass
class Line:
    """A line of the file: who would be invited, or why nobody."""

    number: int
    name: str
    person: NewPerson | None
    problems: list[str]
    # Phrases on level and scope, and what is worth a look before the account is created.
    scope: Sequence[str] = ()
    warning: str = ""

    @property
    def role_label(self) -> str:
        return str(ROLES[self.person.role].label) if self.person else ""


@dataclass
class _Taken:
    """User names and mail addresses, in small letters, of people and of earlier lines."""

    usernames: set[str]
    emails: set[str]
    in_file: set[str] = field(default_factory=set)


class _LineForm(PersonFields):
    """A line of a file, checked against people and earlier lines."""

    def __init__(self, data: dict[str, str], taken: _Taken) -> None:
        super().__init__(data)
        self._taken = taken
        self.fields["role"].error_messages["invalid_choice"] = gettext(
            "There is no role “%(value)s”. Roles are: %(roles)s."
        ) % {"value": "%(value)s", "roles": ", ".join(ROLES)}

    def clean_username(self) -> str:
        return self._once(
            self.cleaned_data["username"], self._taken.usernames, gettext("Somebody has this user name.")
        )

    def clean_email(self) -> str:
        sentence = gettext("Another active person has this mail address.")
        return self._once(self.cleaned_data["email"], self._taken.emails, sentence)

    def clean(self) -> dict[str, Any]:
        """Check the period. Remember name and address, which no later line may have."""
        self.check_period()
        values = self.cleaned_data
        self._taken.in_file |= {values.get("username", "").lower(), values.get("email", "").lower()} - {""}
        return values

    def _once(self, value: str, taken: set[str], sentence: str) -> str:
        if value.lower() in self._taken.in_file:
            self.add_error(None, gettext("An earlier line has the same user name or mail address."))
        elif value.lower() in taken:
            self.add_error(None, sentence)
        return value


def text_of(data: bytes) -> str:
    """Decode a file. Raises Unreadable when it is not UTF-8."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Unreadable(
            gettext("The file is not in UTF-8. In Excel, save it as “CSV UTF-8” and choose it again.")
        ) from None


def read(text: str) -> list[Line]:
    """Read and check the lines of a CSV text with a head. Raises Unreadable when it is not a list of people."""
    head, *rows = _rows(text)
    columns = _columns(head[1])
    if not rows:
        raise Unreadable(gettext("There are no lines below the first one."))
    if len(rows) > MOST_LINES:
        message = ngettext(
            "There is %(number)s line; the limit is %(most)s.",
            "There are %(number)s lines; the limit is %(most)s.",
            len(rows),
        )
        raise Unreadable(message % {"number": len(rows), "most": MOST_LINES})
    people = User.objects.values_list("username", "email", "is_active")
    taken = _Taken(
        {username.lower() for username, _, _ in people},
        {email.lower() for _, email, is_active in people if is_active and email},
    )
    cells = ScopeCells()
    lines = [_line(number, columns, row, taken, cells) for number, row in rows]
    _describe_scopes([(line, line.person) for line in lines if line.person])
    return lines


def _rows(text: str) -> list[tuple[int, list[str]]]:
    """Split into rows that are not empty, each with the number of its line. The head decides the separator."""
    first = text.lstrip().partition("\n")[0]
    separator = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    try:
        rows = [(reader.line_num, row) for row in reader]
    except csv.Error as error:
        raise Unreadable(
            gettext("Line %(number)s cannot be read as CSV.") % {"number": reader.line_num}
        ) from error
    rows = [(number, [cell.strip() for cell in row]) for number, row in rows]
    rows = [(number, row) for number, row in rows if any(row)]
    if not rows:
        raise Unreadable(gettext("The file is empty."))
    return rows


def _columns(head: Sequence[str]) -> list[str]:
    """Return the field of each column. Raises Unreadable for one that is unknown, repeated or missing."""
    names = {name: code for code, known in COLUMNS.items() for name in known}
    names |= {str(_FIELDS[code].label).casefold(): code for code in COLUMNS}
    columns = [names.get(cell.casefold(), "") for cell in head]
    for cell, code in zip(head, columns, strict=True):
        if cell and not code:
            raise Unreadable(gettext("The column “%(name)s” is not known.") % {"name": cell[:80]})
        if code and columns.count(code) > 1:
            raise Unreadable(gettext("The column “%(name)s” is there twice.") % {"name": cell[:80]})
    for code in _NEEDED:
        if code not in columns:
            raise Unreadable(gettext("The column “%(name)s” is missing.") % {"name": _FIELDS[code].label})
    return columns


def _line(number: int, columns: Sequence[str], row: Sequence[str], taken: _Taken, cells: ScopeCells) -> Line:
    values = {code: cell for code, cell in zip(columns, row, strict=False) if code}
    values["username"] = values.get("username") or values.get("email", "").lower()
    values["language"] = values.get("language") or get_language() or ""
    values["role"] = _role_code(values.get("role", ""))
    form = _LineForm(values, taken)
    level, limits, wrong = cells.read(values["role"], values)
    if form.is_valid() and not wrong and len(row) <= len(columns):
        return Line(number, values["full_name"], form.new_person(level=level, limits=limits), [])
    message = gettext("%(field)s: %(error)s")
    problems = [
        message % {"field": form.fields[name].label, "error": error} if name in form.fields else str(error)
        for name, errors in form.errors.items()
        for error in errors
    ] + wrong
    if len(row) > len(columns):
        problems.append(gettext("The line has more cells than the first one."))
    return Line(number, values.get("full_name", "")[:160], None, problems)


def _describe_scopes(lines: Sequence[tuple[Line, NewPerson]]) -> None:
    """Say what limits each role, and warn of a scope that matches nothing. Equal scopes are looked at once."""
    names = Names(person.limits for _line, person in lines)
    is_empty: dict[Scope, bool] = {}
    for line, person in lines:
        if person.role != ADMINISTRATOR:
            line.scope = [str(person.level.label), *names.phrases(person.limits)]
        if person.limits:
            scope = scope_of(person.limits)
            if scope not in is_empty:
                is_empty[scope] = not reaches_any(scope)
            line.warning = gettext("This scope matches no recording now.") if is_empty[scope] else ""


def _role_code(text: str) -> str:
    """Return the code of a role that is named by its code or label; any other text as it is."""
    for role in ROLES.values():
        if text.casefold() in (role.code, str(role.label).casefold(), in_english(role.label).casefold()):
            return role.code
    return text


def export(rows: Sequence[Row]) -> Iterator[str]:
    """Write people as lines of CSV, in English and UTC as all exports. Cells are never formulas."""
    yield _BYTE_ORDER_MARK + ",".join(map(csv_cell, _EXPORTED)) + "\r\n"
    for row in rows:
        user = row.user
        cells = (
            *(user.full_name, user.username, user.email, in_english(row.state.label)),
            *("; ".join(map(_grant, row.grants)), _utc(user.last_login), _utc(user.date_joined)),
        )
        yield ",".join(map(csv_cell, cells)) + "\r\n"


def _grant(grant: Grant) -> str:
    """Write a grant: "qa_manager, level view, channels 31245 31246, from 2026-11-30T09:00Z"."""
    limits = [f"{name} {' '.join(map(str, ids))}" for name, ids in limits_of(grant).items()]
    until = [f"until {_utc(grant.until)}"] if grant.until else []
    return ", ".join([grant.role, f"level {grant.level}", *limits, f"from {_utc(grant.starts_at)}", *until])


def _utc(moment: datetime | None) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%MZ}" if moment else ""
