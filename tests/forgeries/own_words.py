"""Logs that are signed and witnessed, and say something wrong about themselves."""

from datetime import timedelta
from typing import Any

from tests.forge import Log
from tests.forge_parts import START
from tests.forgeries.base import Case, bad, forged, log


def _own(**detail: Any) -> Log:
    """A log whose first leaf, signed and witnessed, says something else than it must."""
    wrong = Log(opens=False)
    wrong.open(**detail)
    wrong.add(about="recording:7")
    wrong.close()
    return wrong


@forged
def _opened_under_another_name() -> Case:
    return bad(_own(origin="elsewhere.example").bundle(), "opening")


@forged
def _opened_with_another_tag_key() -> Case:
    return bad(_own(tag_key_sha256="00" * 32).bundle(), "opening")


@forged
def _opened_by_a_user() -> Case:
    wrong = Log(opens=False)
    wrong.add("log.opened", by="user:1", detail=wrong.opening())
    wrong.close()
    return bad(wrong.bundle(), "opening")


@forged
def _a_manifest_of_an_earlier_size() -> Case:
    wrong = Log()
    wrong.add(about="recording:7")
    wrong.close(upto=1)
    return bad(wrong.bundle(), "manifest")


@forged
def _no_manifest_at_the_end() -> Case:
    wrong = Log()
    wrong.add(about="recording:7")
    return bad(wrong.bundle(), "manifest")


@forged
def _a_counter_that_skips() -> Case:
    """The log itself, witnessed, counts a recording's leaves wrongly."""
    wrong = Log()
    wrong.add(about="recording:7")
    wrong.skip("obj", "recording:7")
    wrong.add(about="recording:7")
    wrong.close()
    return bad(wrong.bundle("target", "recording:7"), "completeness")


@forged
def _two_tags_for_one_recording() -> Case:
    wrong = Log()
    wrong.add(about="recording:7")
    wrong.tag_key = bytes(32)
    wrong.add(about="recording:7")
    wrong.close()
    return bad(wrong.bundle("target", "recording:7"), "bodies")


@forged
def _a_period_that_begins_too_late() -> Case:
    since = START + timedelta(hours=1)
    return bad(log().bundle(since=since, leaves=range(7, 10)), "completeness")


@forged
def _a_period_that_ends_too_early() -> Case:
    return bad(log().bundle(until=START + timedelta(seconds=4), leaves=range(6)), "completeness")
