"""Changes of bundle.json."""

import json
import re
from collections.abc import Callable
from typing import Any

from tests.forge import summed
from tests.forge_parts import b64, canonical
from tests.forge_tools import changed_json
from tests.forgeries.base import MAKERS, SEVEN, Case, bad, exchanged, files_of, forged, log


def _claims() -> dict[str, tuple[str, Callable[[dict[str, Any]], Any]]]:
    """Changes of bundle.json and the check that finds each."""
    return {
        "another_kind": ("files", lambda c: c.update(type="auditportal-bundle/2")),
        "another_version": ("files", lambda c: c.update(v=2)),
        "an_unknown_key": ("files", lambda c: c.update(note="trust us")),
        "a_key_less": ("files", lambda c: c.pop("report")),
        "another_origin": ("checkpoint", lambda c: c.update(origin="elsewhere.example")),
        "another_size": ("checkpoint", lambda c: c.update(size=9)),
        "another_tag_key": ("opening", lambda c: c.update(tag_key="00" * 32)),
        "another_opening": ("opening", lambda c: c.update(opening=1)),
        "another_manifest": ("manifest", lambda c: c.update(manifest=7)),
        "another_scope": ("completeness", lambda c: c["scope"].update(ref="recording:8")),
        "a_scope_of_another_kind": (
            "completeness",
            lambda c: c.update(scope={"kind": "actor", "ref": "user:1"}),
        ),
        "a_scope_without_ref": ("files", lambda c: c["scope"].pop("ref")),
        "leaves_that_are_text": ("files", lambda c: c.update(leaves=[str(n) for n in c["leaves"]])),
        "leaves_twice": ("completeness", lambda c: c.update(leaves=c["leaves"] + c["leaves"][-1:])),
        "leaves_below_zero": ("files", lambda c: c.update(leaves=[-1, *c["leaves"]])),
        "rows_fewer": ("completeness", lambda c: c.update(rows=c["rows"][1:])),
        "rows_none": ("completeness", lambda c: c.update(rows=[])),
        "a_head_elsewhere": ("completeness", lambda c: c["head"].update(index=0)),
        "a_head_below_zero": ("completeness", lambda c: c["head"].update(index=-1)),
        "a_head_of_another_count": ("completeness", lambda c: c["head"].update(count=5)),
        "a_head_without_path": ("completeness", lambda c: c["head"].update(path=[])),
        "a_head_with_a_longer_path": (
            "completeness",
            lambda c: c["head"]["path"].append(c["head"]["path"][0]),
        ),
        "no_head": ("completeness", lambda c: c.pop("head")),
        "absence_beside_leaves": (
            "completeness",
            lambda c: c.update(absence={}, leaves=[], rows=[]) or c.pop("head"),
        ),
        "a_time_limit_that_hides_rows": (
            "completeness",
            lambda c: c["scope"].update({"from": "2026-11-20T09:30:00.000000Z"}),
        ),
        "a_time_that_is_none": (
            "completeness",
            lambda c: c["scope"].update({"from": "2026-11-31T09:30:00.000000Z"}),
        ),
        "a_time_in_another_form": (
            "completeness",
            lambda c: c["scope"].update({"from": "2026-11-20T09:00:00Z"}),
        ),
        "an_anchor_less": ("files", lambda c: c["anchors"].pop()),
        "an_anchor_of_another_size": ("files", lambda c: c["anchors"][0].update(size=5)),
        "anchors_that_point_elsewhere": (
            "anchors",
            lambda c: c["anchors"][0].update(checkpoint="checkpoint.txt"),
        ),
        "a_consistency_proof_cut": ("anchors", lambda c: c["anchors"][0]["consistency"].pop()),
    }


def _claim_case(name: str) -> Callable[[], Case]:
    def make() -> Case:
        fails, change = _claims()[name]
        return bad(changed_json(files_of(*SEVEN), change), fails)

    return make


MAKERS.update({f"claim_{name}": _claim_case(name) for name in _claims()})


@forged
def _claim_with_a_key_twice() -> Case:
    return exchanged("bundle.json", '"v":1}', '"v":1,"v":1}', "files")


@forged
def _claim_with_a_space() -> Case:
    return exchanged("bundle.json", '"v":1}', '"v": 1}', "files")


@forged
def _claim_with_a_fraction() -> Case:
    return exchanged("bundle.json", '"v":1}', '"v":1.0}', "files")


@forged
def _claim_with_null() -> Case:
    return exchanged("bundle.json", '"v":1}', '"v":null}', "files")


@forged
def _claim_with_a_byte_order_mark() -> Case:
    return exchanged("bundle.json", '{"anchors"', '\ufeff{"anchors"', "files")


@forged
def _claim_with_a_lone_surrogate() -> Case:
    return exchanged("bundle.json", "Noa Levi", "\\ud800", "files")


@forged
def _claim_that_is_no_utf8() -> Case:
    files = files_of("all")
    return bad(summed(files | {"bundle.json": files["bundle.json"].replace(b"Noa", b"\xff")}), "files")


@forged
def _claim_nested_beyond_measure() -> Case:
    return bad(summed(files_of("all") | {"bundle.json": b"[" * 100_000 + b"]" * 100_000}), "files")


@forged
def _absence_of_neighbours_that_are_none() -> Case:
    def widen(claim: dict[str, Any]) -> None:
        heads = log().heads("obj", len(log().leaves) - 1)
        mine = log().tag("obj", "recording:7")
        assert heads[0]["tag"] <= mine <= heads[-1]["tag"]
        claim.update(leaves=[], rows=[])
        claim.pop("head")
        claim["absence"] = json.loads(log().bundle("target", "recording:99")["bundle.json"])["absence"]

    said = changed_json(files_of(*SEVEN), widen)
    keep = {name: data for name, data in said.items() if not re.search(r"0000000000(01|03|05|07)\.", name)}
    return bad(summed(keep | {"report.csv": log().table([])}), "completeness")


@forged
def _absence_with_a_gap() -> Case:
    """The neighbours are true heads on either side, but the recording itself stands between them."""
    whole = log().heads("obj", len(log().leaves) - 1)
    order = [head["tag"] for head in whole]
    for ref in ("recording:7", "recording:8", "object:3"):
        at = order.index(log().tag("obj", ref))
        if 0 < at < len(order) - 1:
            break
    claim = json.loads(log().bundle("target", ref)["bundle.json"])
    claim.pop("head")
    sides = {"left": _neighbour(order, at - 1), "right": _neighbour(order, at + 1)}
    claim.update(leaves=[], rows=[], absence=sides)
    files = log().bundle("target", "recording:99")
    return bad(summed(files | {"bundle.json": canonical(claim)}), "completeness")


def _neighbour(order: list[str], at: int) -> dict[str, Any]:
    from tests.forge_parts import Tree

    heads = log().heads("obj", len(log().leaves) - 1)
    tree = Tree([canonical(head) for head in heads])
    return {**heads[at], "index": at, "path": [b64(node) for node in tree.path(at, 0, len(heads))]}
