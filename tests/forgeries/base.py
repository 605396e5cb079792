"""What all forged files are made with: the honest log, and a register of cases."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from tests.forge import Files, Log, pack, summed
from tests.forge_tools import story

SELF_SIGNED, INVALID, WITNESSED = "CONSISTENT (self-signed only)", "INVALID", "WITNESSED by w0, w1"
SEVEN = ("target", "recording:7")


@dataclass(frozen=True)
class Case:
    """A file, what the auditor brings with it, the check that must fail (none: an honest one) and the verdict."""

    data: bytes
    fails: str = ""
    verdict: str = INVALID
    brought: dict[str, Any] = field(default_factory=dict)


MAKERS: dict[str, Callable[[], Case]] = {}


def cases() -> list[str]:
    return list(MAKERS)


@cache
def case(name: str) -> Case:
    return MAKERS[name]()


def forged(make: Callable[[], Case]) -> Callable[[], Case]:
    MAKERS[make.__name__.removeprefix("_")] = make
    return make


@cache
def log() -> Log:
    """The honest log that most cases start from."""
    return story(anchors=True)


@cache
def files_of(kind: str, ref: str = "") -> Files:
    return log().bundle(kind, ref)


def mine() -> dict[str, Any]:
    return {"policy_text": log().policy()}


def bad(files: Files, fails: str, **brought: Any) -> Case:
    return Case(pack(files).getvalue(), fails, INVALID, mine() | brought)


def good(files: Files, verdict: str = WITNESSED, **brought: Any) -> Case:
    return Case(pack(files).getvalue(), "", verdict, mine() | brought)


def exchanged(name: str, old: str, new: str, fails: str, scope: tuple[str, str] = SEVEN) -> Case:
    """A bundle with one text in one file exchanged, and the sums made anew."""
    files = files_of(*scope)
    changed = files[name].replace(old.encode(), new.encode(), 1)
    assert changed != files[name]
    return bad(summed(files | {name: changed}), fails)
