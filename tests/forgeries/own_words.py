"""Logs that are signed and witnessed, and say something wrong about themselves."""

import json
from datetime import timedelta
from typing import Any

from tests.forge import Log
from tests.forge_parts import START, Tree, canonical, recording
from tests.forgeries.base import SEVEN, Case, asked, bad, forged


def _own(**detail: Any) -> Log:
    """A log whose first leaf, signed and witnessed, says something else than it must."""
    wrong = Log(opens=False)
    wrong.open(**detail)
    wrong.add(about=recording(7))
    return wrong


@forged
def _opened_under_another_name() -> Case:
    return bad(_own(origin="elsewhere.example").bundle(opening=0), "opening")


@forged
def _opened_with_another_tag_key() -> Case:
    return bad(_own(tag_key_sha256="00" * 32).bundle(), "opening")


@forged
def _opened_under_a_name_that_is_a_number() -> Case:
    return bad(_own(origin=7).bundle(), "opening")


@forged
def _opened_by_a_user() -> Case:
    wrong = Log(opens=False)
    wrong.add("log.opened", by="user:1", detail=wrong.opening())
    return bad(wrong.bundle(), "opening")


@forged
def _not_opened_at_all() -> Case:
    wrong = Log(opens=False)
    wrong.add(about=recording(7))
    return bad(wrong.bundle(), "opening")


def _closing(**detail: Any) -> Log:
    wrong = Log()
    wrong.add(about=recording(7))
    wrong.ask()
    wrong.close(after=90, **detail)
    return wrong


@forged
def _a_manifest_of_an_earlier_size() -> Case:
    return bad(_closing(upto=1).bundle(size=4), "manifest")


@forged
def _a_manifest_that_closes_the_log_for_the_future() -> Case:
    return bad(_closing(closed_until=START + timedelta(hours=1)).bundle(size=4), "manifest")


@forged
def _a_manifest_with_a_count_of_text() -> Case:
    return bad(_closing(parents_n="0").bundle(size=4), "manifest")


@forged
def _a_manifest_with_a_root_of_another_form() -> Case:
    return bad(_closing(parents_root="00").bundle(size=4), "manifest")


@forged
def _a_manifest_without_newest() -> Case:
    return bad(_closing(newest="").bundle(size=4), "manifest")


@forged
def _a_manifest_whose_newest_is_older_than_a_leaf() -> Case:
    return bad(_closing(newest="2026-11-20T09:00:01.000000Z").bundle(size=4), "times")


@forged
def _a_manifest_whose_parents_begin_in_the_middle() -> Case:
    return bad(_closing(parents_from=2).bundle(size=4), "inclusion")


@forged
def _no_manifest_at_the_end() -> Case:
    wrong = Log()
    wrong.ask()
    wrong.add(about=recording(7))
    return bad(wrong.bundle(size=3, request=1), "manifest")


@forged
def _a_manifest_by_a_user() -> Case:
    """T8: whoever may write events writes a manifest that was not counted."""
    wrong = Log()
    wrong.add(about=recording(7))
    wrong.ask(*SEVEN)
    wrong.close(after=90)
    true = wrong.leaves.pop()
    wrong.clock -= timedelta(seconds=1)
    wrong.add("heads.manifest", by="user:1", detail=json.loads(true.body)["action_detail"])
    return bad(wrong.bundle(*SEVEN, size=4), "manifest")


@forged
def _a_manifest_that_leaves_the_newest_view_out() -> Case:
    """T9: heads that were edited for a moment make a manifest without the newest view."""
    wrong = Log()
    wrong.add(about=recording(7))
    before = wrong.copy()
    wrong.add(about=recording(7))
    wrong.ask(*SEVEN)
    heads = before.heads("obj")
    tree = Tree([canonical(head) for head in heads])
    wrong.close(after=90, objects_n=len(heads), objects_root=tree.root(0, len(heads)).hex())
    head = {"count": 1, "last": 1, "index": 0, "path": []}
    files = wrong.bundle(*SEVEN, size=5, claims=lambda c: c.update(chains=[{"kind": "obj", "head": head}]))
    return bad(files, "completeness")


@forged
def _a_counter_that_skips() -> Case:
    """The log itself, witnessed, counts a recording's leaves wrongly."""
    wrong = Log()
    wrong.add(about=recording(7))
    wrong.skip("obj", recording(7))
    wrong.add(about=recording(7))
    return bad(wrong.bundle(*SEVEN), "completeness")


@forged
def _a_counter_of_parents_that_skips() -> Case:
    wrong = Log()
    wrong.add(about=recording(7), object={"parent": "object:3"})
    wrong.skip("par", "object:3")
    wrong.add(about=recording(8), object={"parent": "object:3"})
    return bad(wrong.bundle("object", "object:3"), "completeness")


@forged
def _two_tags_for_one_recording() -> Case:
    wrong = Log()
    wrong.add(about=recording(7))
    right = wrong.tag_key
    wrong.tag_key = bytes(32)
    wrong.add(about=recording(7))
    wrong.tag_key = right
    return bad(wrong.bundle("actor", "user:1", leaves=[1, 2]), "inclusion")


@forged
def _a_tag_of_another_recording() -> Case:
    wrong = Log()
    wrong.add(about=recording(7), change=lambda b: b["object"].update(ref=recording(8)))
    return bad(wrong.bundle("actor", "user:1"), "bodies")


@forged
def _a_tag_of_another_parent() -> Case:
    wrong = Log()
    wrong.add(
        about=recording(7),
        object={"parent": "object:3"},
        change=lambda b: b["object"].update(parent="object:4"),
    )
    return bad(wrong.bundle("actor", "user:1"), "bodies")


@forged
def _a_parent_without_tag() -> Case:
    """A recording's view that its object would not show."""
    wrong = Log()
    wrong.add(about=recording(7), change=lambda b: b["object"].update(parent="object:3"))
    return bad(wrong.bundle("actor", "user:1"), "bodies")


def _range(first: int, last: int, **period: Any) -> Case:
    log = asked().asked("all", **period)
    return bad(log.bundle("all", leaves=range(first, last + 1), **period), "completeness")


@forged
def _a_period_that_begins_too_late() -> Case:
    return _range(7, 13, since=START + timedelta(hours=1))


@forged
def _a_period_that_begins_at_a_manifest_whose_newest_is_too_new() -> Case:
    return _range(6, 13, since=START + timedelta(seconds=5))


@forged
def _a_period_that_ends_too_early() -> Case:
    return _range(0, 5, until=START + timedelta(seconds=4))


@forged
def _a_period_that_ends_at_a_manifest_that_did_not_close_it() -> Case:
    return _range(0, 9, until=START + timedelta(hours=1))


@forged
def _a_period_without_end_that_ends_early() -> Case:
    return _range(0, 11)
