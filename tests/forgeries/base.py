"""What all forged files are made with: the honest log, and a register of cases."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from tests.forge import Files, Log
from tests.forge_parts import recording
from tests.forge_tools import story
from tests.forge_zip import pack

SELF_SIGNED, INVALID, WITNESSED = "CONSISTENT (self-signed only)", "INVALID", "WITNESSED by w0, w1"
NOT_CHECKED = "NOT CHECKED"
SEVEN = ("target", recording(7))


@dataclass(frozen=True)
class Case:
    """A file, what the auditor brings with it, the check that must fail first (none: an honest one) and the verdict.

    The verdict NOT CHECKED stands for all that begin so. `says` are sentences that must stand before the verdict.
    """

    data: bytes
    fails: str = ""
    verdict: str = INVALID
    brought: dict[str, Any] = field(default_factory=dict)
    says: dict[str, str] = field(default_factory=dict)
    states: dict[str, str] = field(default_factory=dict)


MAKERS: dict[str, Callable[[], Case]] = {}


def cases() -> list[str]:
    return list(MAKERS)


@cache
def case(name: str) -> Case:
    return MAKERS[name]()


def forged(make: Callable[[], Case]) -> Callable[[], Case]:
    name = make.__name__.removeprefix("_")
    assert name not in MAKERS
    MAKERS[name] = make
    return make


@cache
def log() -> Log:
    """The honest log that most cases start from."""
    return story(anchors=True)


@cache
def asked(kind: str = "all", ref: str = "") -> Log:
    """The same log after somebody asked for a report."""
    return log().asked(kind, ref)


@cache
def files_of(kind: str, ref: str = "") -> Files:
    return asked(kind, ref).bundle(kind, ref)


def mine() -> dict[str, Any]:
    return {"policy": log().policy()}


def bad(files: Files, fails: str, **brought: Any) -> Case:
    return Case(pack(files).getvalue(), fails, INVALID, mine() | brought)


def good(
    files: Files, verdict: str = WITNESSED, *, says: Any = None, states: Any = None, **brought: Any
) -> Case:
    return Case(pack(files).getvalue(), "", verdict, mine() | brought, says or {}, states or {})


def refused(data: bytes) -> Case:
    return Case(data, "", NOT_CHECKED, mine())


def exchanged(name: str, old: str, new: str, fails: str, scope: tuple[str, str] = SEVEN) -> Case:
    """A bundle with one text in one file exchanged."""
    files = files_of(*scope)
    changed = files[name].replace(old.encode(), new.encode(), 1)
    assert changed != files[name]
    return bad(files | {name: changed}, fails)
