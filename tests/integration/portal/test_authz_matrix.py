"""Every URL, asked for by everybody, by GET and POST, with an id of their own, of others and of nobody.

After a change of URLs, rights or roles, write the table again and read what differs:
`WRITE_MATRIX=1 .venv/bin/python -m pytest tests/integration/portal/test_authz_matrix.py -k everybody`
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from auditportal.accounts.roles import ROLES
from auditportal.embedded import Services
from recordings.permissions import Permission
from tests.authz_matrix import table
from tests.authz_matrix.table import (
    ANONYMOUS,
    FOREIGN,
    MISSING,
    NO_ID,
    NO_ROLE,
    NOTHING,
    OWN,
    PEOPLE,
    SCOPED,
    SIGN_IN,
    Asking,
    Cell,
)
from tests.authz_matrix.urls import patterns, takes_an_id
from tests.authz_matrix.world import WEBHOOK_TOKEN, World
from tests.factories import person
from tests.integration.portal.test_rights import MATRIX, OPEN
from tests.thorough import THOROUGH

COMMITTED = table.read()
WRITES = bool(os.environ.get("WRITE_MATRIX"))
# They lead to another page, whatever the id.
LEADING_ON = {"playback:trail", "reports:progress", "end_session"}
# Whoever may list recordings is told first that there is none, or none in their scope.
FOUND_FIRST = {"playback:download", "refresh:object", "refresh:freshness"}
ONLY_WITH_A_QUERY = {"evidence:consistency_to"}
# The right alone is not enough: the viewing is of another session, numbers are masked, no scorecard is active, or
# evaluations must be readable too.
ASKS_FOR_MORE = {
    "playback:watched",
    "playback:finish",
    "playback:problem",
    "catalog:phone",
    "reviews:evaluate",
    "calibration:score",
    "calibration:agree",
    "reports:numbers",
}


@pytest.fixture
def world_of(committed_db: None, services: Services, settings: Any, tmp_path: Path) -> Callable[[str], World]:
    settings.REPORTS_DIR = tmp_path
    settings.COMMBOX_WEBHOOK_TOKEN = WEBHOOK_TOKEN

    def made(who: str) -> World:
        if who == ANONYMOUS:
            return World(None, services)
        return World(person(who if who in ROLES else ""), services, scoped_role=SCOPED.get(who, ""))

    return made


def is_asked(who: str, cell: Cell) -> bool:
    """Whether this run asks for the cell; `make thorough` asks for all.

    A view refuses a method before it looks at the person, and a missing right before it looks at the id: two people try
    these, and everybody tries their own id.
    """
    if WRITES or THOROUGH or who in (ANONYMOUS, NO_ROLE):
        return True
    told = COMMITTED[who].get(cell)
    is_method = told == "405" and COMMITTED[NO_ROLE].get(cell) == "405"
    is_right = told == "403" and cell.id == MISSING and isinstance(MATRIX[cell.url], Permission)
    return not (is_method or is_right)


@pytest.mark.slow
@pytest.mark.parametrize("who", PEOPLE)
def test_everybody_gets_what_the_table_says(world_of: Callable[[str], World], who: str) -> None:
    """The table names each URL, and a foreign id is answered byte for byte like one that does not exist."""
    asking = Asking(world_of(who))
    found: dict[Cell, str] = {}
    told_apart: dict[Cell, list[str]] = {}
    unrecorded = []
    for cell in table.cells():
        if not is_asked(who, cell):
            found[cell] = COMMITTED[who][cell]
            continue
        ids = asking.ids(cell)
        if ids is None:
            found[cell] = NOTHING
            continue
        answer = asking.answer(cell, ids)
        found[cell] = answer.status
        if cell.id == FOREIGN and (difference := asking.difference(cell)):
            told_apart[cell] = difference
        if answer.status == "403" and isinstance(MATRIX[cell.url], Permission) and not answer.refusals:
            unrecorded.append(cell)
    if WRITES:
        table.update(who, found)
    else:
        assert found == COMMITTED.get(who)
    assert told_apart == {}
    assert unrecorded == []


def test_there_is_a_thing_for_each_url_that_takes_an_id(world_of: Callable[[str], World]) -> None:
    named = {name for name, route, _ in patterns() if takes_an_id(route)}
    assert world_of("compliance_officer").own().keys() == named


# --- what the table says, against the rights that the views declare


def test_the_table_has_each_url_and_each_kind_of_person() -> None:
    assert tuple(COMMITTED) == PEOPLE
    for statuses in COMMITTED.values():
        assert list(statuses) == list(table.cells())


def test_nothing_is_for_people_who_are_not_signed_in() -> None:
    closed = {
        cell: status
        for cell, status in COMMITTED[ANONYMOUS].items()
        if MATRIX[cell.url] != OPEN and status not in (SIGN_IN, NOTHING)
    }
    assert closed == {}


@pytest.mark.parametrize("who", [NO_ROLE, *ROLES, *SCOPED])
def test_a_right_is_what_decides(who: str) -> None:
    """Without it 403, or 405 for a method that a view does not have; with it something else."""
    role = SCOPED.get(who, who)
    held = ROLES[role].permissions if role in ROLES else frozenset()
    for cell, status in COMMITTED[who].items():
        right = MATRIX[cell.url]
        if isinstance(right, Permission) and right not in held:
            hidden = cell.id != OWN and cell.url in FOUND_FIRST and Permission.SEARCH_OBJECTS in held
            assert status in ("403", "405", NOTHING) or (hidden and status == "404"), cell
        elif isinstance(right, Permission) and cell.id in (OWN, NO_ID) and who in ROLES:
            more = ASKS_FOR_MORE | ONLY_WITH_A_QUERY
            assert status not in ("403", "404") or cell.url in more, cell
        assert not status.startswith("5"), cell


def test_an_id_that_does_not_exist_opens_nothing() -> None:
    """Whoever may see such things gets 404; whoever may not gets 403 whatever the id."""
    for who, statuses in COMMITTED.items():
        for cell, status in statuses.items():
            if cell.id == MISSING and cell.url not in LEADING_ON:
                assert status in (SIGN_IN, "401", "403", "404", "405", "410"), (who, cell)


def test_the_table_has_people_who_may_not_see_what_exists() -> None:
    foreign = [
        cell
        for statuses in COMMITTED.values()
        for cell, status in statuses.items()
        if cell.id == FOREIGN and status != NOTHING
    ]
    assert foreign != []
