"""Changes of bundle.json."""

import json
from collections.abc import Callable
from typing import Any

from tests.forge import REPORT
from tests.forge_parts import Tree, b64, canonical, recording
from tests.forge_tools import changed_json, story
from tests.forge_zip import pack
from tests.forgeries.base import MAKERS, SEVEN, Case, bad, exchanged, files_of, forged, refused

Change = Callable[[dict[str, Any]], Any]


def _head(claim: dict[str, Any]) -> dict[str, Any]:
    head: dict[str, Any] = claim["chains"][0]["head"]
    return head


def _claims() -> dict[str, tuple[str, Change]]:
    """Changes of bundle.json and the check that finds each."""
    return {
        "another_version": ("files", lambda c: c.update(v=3)),
        "an_unknown_key": ("files", lambda c: c.update(note="trust us")),
        "a_key_less": ("files", lambda c: c.pop("report")),
        "another_origin": ("checkpoint", lambda c: c.update(origin="elsewhere.example")),
        "another_size": ("checkpoint", lambda c: c.update(size=13)),
        "a_size_of_one": ("files", lambda c: c.update(size=1)),
        "another_tag_key": ("inclusion", lambda c: c.update(tag_key="00" * 32)),
        "a_tag_key_in_capitals": ("files", lambda c: c.update(tag_key=c["tag_key"].upper())),
        "another_opening": ("inclusion", lambda c: c.update(opening=2)),
        "an_opening_that_is_shipped": ("opening", lambda c: c.update(opening=1)),
        "another_request": ("inclusion", lambda c: c.update(request=7)),
        "a_request_that_is_the_manifest": ("inclusion", lambda c: c.update(request=11)),
        "another_report": ("request", lambda c: c.update(report=REPORT.replace("1", "2"))),
        "a_report_in_capitals": ("files", lambda c: c.update(report=REPORT.upper())),
        "another_scope": ("inclusion", lambda c: c["scope"].update(ref=recording(8))),
        "a_scope_of_another_kind": (
            "files",
            lambda c: c.update(scope={"kind": "actor", "ref": "user:1"}),
        ),
        "a_scope_without_ref": ("files", lambda c: c["scope"].pop("ref")),
        "a_scope_with_a_kind_that_is_a_list": ("files", lambda c: c["scope"].update(kind=["target"])),
        "a_scope_that_is_a_list": ("files", lambda c: c.update(scope=["target"])),
        "a_target_that_is_an_object": ("files", lambda c: c["scope"].update(ref="object:3")),
        "a_scope_in_another_spelling": (
            "files",
            lambda c: c["scope"].update(ref=c["scope"]["ref"].replace("c0de", "C0DE")),
        ),
        "a_scope_that_is_no_reference": ("files", lambda c: c["scope"].update(ref="7")),
        "a_scope_with_a_number": ("files", lambda c: c["scope"].update(ref=7)),
        "leaves_more": ("inclusion", lambda c: c.update(leaves=c["leaves"] + 1)),
        "leaves_that_are_text": ("files", lambda c: c.update(leaves=str(c["leaves"]))),
        "leaves_below_zero": ("files", lambda c: c.update(leaves=-1)),
        "rows_fewer": ("completeness", lambda c: c.update(rows=3)),
        "a_head_elsewhere": ("completeness", lambda c: _head(c).update(index=0)),
        "a_head_below_zero": ("files", lambda c: _head(c).update(index=-1)),
        "a_head_beyond_all": ("completeness", lambda c: _head(c).update(index=9)),
        "a_head_of_another_count": ("completeness", lambda c: _head(c).update(count=5)),
        "a_head_without_path": ("completeness", lambda c: _head(c).update(path=[])),
        "a_head_with_a_longer_path": ("completeness", lambda c: _head(c)["path"].append(_head(c)["path"][0])),
        "a_head_with_a_path_of_text": ("files", lambda c: _head(c).update(path="AAAA")),
        "a_head_with_a_short_hash": ("files", lambda c: _head(c).update(path=["AAAA"])),
        "a_head_with_a_tag": ("files", lambda c: _head(c).update(tag="00" * 32)),
        "no_chain": ("files", lambda c: c.update(chains=[])),
        "a_chain_of_another_kind": ("files", lambda c: c["chains"][0].update(kind="par")),
        "a_chain_more": ("files", lambda c: c["chains"].append(c["chains"][0])),
        "a_chain_without_head": ("files", lambda c: c["chains"][0].pop("head")),
        "a_chain_with_head_and_absence": ("files", lambda c: c["chains"][0].update(absence={})),
        "absence_beside_leaves": (
            "completeness",
            lambda c: c.update(chains=[{"kind": "obj", "absence": {}}]),
        ),
        "a_range_beside_chains": ("files", lambda c: c.update(range={"first": 0, "last": 11})),
        "a_time_limit_that_hides_rows": (
            "bodies",
            lambda c: c["scope"].update({"from": "2026-11-20T09:30:00.000000Z"}),
        ),
        "a_time_that_is_none": (
            "files",
            lambda c: c["scope"].update({"from": "2026-11-31T09:30:00.000000Z"}),
        ),
        "a_time_at_24_hours": ("files", lambda c: c["scope"].update({"from": "2026-11-30T24:00:00.000000Z"})),
        "a_time_in_another_form": ("files", lambda c: c["scope"].update({"from": "2026-11-20T09:00:00Z"})),
        "a_time_with_an_offset": (
            "files",
            lambda c: c["scope"].update({"from": "2026-11-20T09:00:00+00:00Z"}),
        ),
        "a_time_in_the_year_zero": (
            "files",
            lambda c: c["scope"].update({"from": "0000-11-20T09:00:00.000000Z"}),
        ),
        "a_period_that_ends_before_it_begins": (
            "files",
            lambda c: c["scope"].update(
                {"from": "2026-11-20T09:30:00.000000Z", "to": "2026-11-20T09:30:00.000000Z"}
            ),
        ),
        "an_anchor_less": ("files", lambda c: c["anchors"].pop()),
        "an_anchor_of_another_size": ("files", lambda c: c["anchors"][0].update(size=5)),
        "an_anchor_twice": ("files", lambda c: c["anchors"].append(c["anchors"][-1])),
        "an_anchor_with_another_key": (
            "files",
            lambda c: c["anchors"][0].update(checkpoint="checkpoint.txt"),
        ),
        "anchors_that_descend": ("files", lambda c: c["anchors"].reverse()),
        "a_consistency_proof_cut": ("anchors", lambda c: c["anchors"][0]["consistency"].pop()),
        "a_hash_of_another_pdf": ("files", lambda c: c["files"].update({"report.pdf": "00" * 32})),
        "a_hash_less": ("files", lambda c: c["files"].pop("report.pdf")),
        "files_that_are_a_list": ("files", lambda c: c.update(files=["report.pdf"])),
    }


def _claim_case(name: str) -> Callable[[], Case]:
    def make() -> Case:
        fails, change = _claims()[name]
        return bad(changed_json(files_of(*SEVEN), change), fails)

    return make


MAKERS.update({f"claim_{name}": _claim_case(name) for name in _claims()})


@forged
def _claim_of_another_format() -> Case:
    files = changed_json(files_of("all"), lambda c: c.update(type="auditportal-bundle/1"))
    return refused(pack(files).getvalue())


@forged
def _claim_of_a_format_to_come() -> Case:
    files = changed_json(files_of("all"), lambda c: c.update(type="auditportal-bundle/3"))
    return refused(pack(files).getvalue())


def _texts() -> dict[str, tuple[str, str]]:
    """Spellings of bundle.json that are not canonical."""
    return {
        "a_key_twice": ('"v":2}', '"v":2,"v":2}'),
        "a_space": ('"v":2}', '"v": 2}'),
        "a_fraction": ('"v":2}', '"v":2.0}'),
        "an_exponent": ('"v":2}', '"v":2e0}'),
        "null": ('"v":2}', '"v":null}'),
        "true": ('"v":2}', '"v":true}'),
        "a_number_with_a_zero_before": ('"v":2}', '"v":02}'),
        "minus_zero": ('"opening":0', '"opening":-0'),
        "a_number_beyond_2_53": ('"opening":0', '"opening":9007199254740992'),
        "a_number_of_thousands_of_digits": ('"opening":0', '"opening":' + "7" * 100_000),
        "a_byte_order_mark": ('{"anchors"', '\ufeff{"anchors"'),
        "a_lone_surrogate": (REPORT, "\\ud800"),
        "an_escape_that_is_not_needed": ("portal", "\\u0070ortal"),
        "a_line_feed_at_its_end": ('"v":2}', '"v":2}\n'),
        "text_behind_it": ('"v":2}', '"v":2}]'),
    }


def _text_case(name: str) -> Callable[[], Case]:
    return lambda: exchanged("bundle.json", *_texts()[name], "files")


MAKERS.update({f"claim_with_{name}": _text_case(name) for name in _texts()})


@forged
def _claim_that_is_no_utf8() -> Case:
    files = files_of("all")
    return bad(files | {"bundle.json": files["bundle.json"].replace(b"portal", b"\xffortal")}, "files")


@forged
def _claim_that_is_a_list() -> Case:
    return bad(files_of("all") | {"bundle.json": b"[]"}, "files")


@forged
def _claim_that_is_empty() -> Case:
    return bad(files_of("all") | {"bundle.json": b""}, "files")


@forged
def _claim_with_a_quotation_mark_too_many() -> Case:
    return bad(files_of("all") | {"bundle.json": files_of("all")["bundle.json"] + b'"\\'}, "files")


@forged
def _absence_of_neighbours_that_are_none() -> Case:
    """The views are left out, and the neighbours are those of a recording that was not viewed."""
    plain = story().asked(*SEVEN)
    absence = json.loads(plain.bundle("target", recording(99), request=10, size=12)["bundle.json"])
    files = plain.bundle(*SEVEN, leaves=[])
    return bad(changed_json(files, lambda c: c.update(chains=absence["chains"])), "completeness")


def _sides(left: int | None, right: int | None) -> Case:
    """The neighbours are true heads, but not beside one another, or not at the end."""
    log = story().asked(*SEVEN)
    whole = log.heads("obj", 11)
    at = [head["tag"] for head in whole].index(log.tag("obj", SEVEN[1]))
    tree = Tree([canonical(head) for head in whole])
    absence = {}
    for side, step in (("left", left), ("right", right)):
        if step is not None and 0 <= at + step < len(whole):
            path = [b64(node) for node in tree.path(at + step, 0, len(whole))]
            absence[side] = {**whole[at + step], "index": at + step, "path": path}
    files = log.bundle(*SEVEN, leaves=[])
    return bad(
        changed_json(files, lambda c: c.update(chains=[{"kind": "obj", "absence": absence}])), "completeness"
    )


@forged
def _absence_with_a_gap() -> Case:
    return _sides(-1, 1)


@forged
def _absence_without_a_right_neighbour() -> Case:
    return _sides(-1, None)


@forged
def _absence_without_a_left_neighbour() -> Case:
    return _sides(None, 1)


@forged
def _absence_without_neighbours() -> Case:
    return _sides(None, None)


@forged
def _absence_beside_itself() -> Case:
    return _sides(-1, 0)


@forged
def _absence_where_there_are_leaves() -> Case:
    def widen(claim: dict[str, Any]) -> None:
        claim["chains"] = [{"kind": "obj", "absence": {}}]

    return bad(changed_json(files_of(*SEVEN), widen), "completeness")
