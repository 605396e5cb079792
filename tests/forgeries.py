"""The collection: honest bundles, and every falsification of docs/trail-format.md's parts that we could think of.

Each case names the check that must find it. Both verifiers are run over all of them.
"""

import base64
import io
import json
import re
import struct
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from typing import Any

from tests.forge import (
    AUDITOR,
    INTERNAL,
    START,
    Files,
    Log,
    Sealed,
    Signer,
    b64,
    canonical,
    changed_extra,
    changed_json,
    dropped,
    pack,
    resigned,
    story,
    summed,
)
from tests.forge_stamps import Stamper

SELF_SIGNED, INVALID, WITNESSED = "CONSISTENT (self-signed only)", "INVALID", "WITNESSED by w0, w1"
SEVEN = ("target", "recording:7")


@dataclass(frozen=True)
class Case:
    """A file, what the auditor brings with it, the check that must fail (none: an honest one) and the verdict."""

    data: bytes
    fails: str = ""
    verdict: str = INVALID
    brought: dict[str, Any] = field(default_factory=dict)


_MAKERS: dict[str, Callable[[], Case]] = {}


def cases() -> list[str]:
    return list(_MAKERS)


@cache
def case(name: str) -> Case:
    return _MAKERS[name]()


def _case(make: Callable[[], Case]) -> Callable[[], Case]:
    _MAKERS[make.__name__.removeprefix("_")] = make
    return make


@cache
def log() -> Log:
    """The honest log that most cases start from."""
    return story(anchors=True)


@cache
def _files(kind: str, ref: str = "") -> Files:
    return log().bundle(kind, ref)


def _mine() -> dict[str, Any]:
    return {"policy_text": log().policy()}


def _bad(files: Files, fails: str, **brought: Any) -> Case:
    return Case(pack(files).getvalue(), fails, INVALID, _mine() | brought)


def _good(files: Files, verdict: str = WITNESSED, **brought: Any) -> Case:
    return Case(pack(files).getvalue(), "", verdict, _mine() | brought)


# --- honest ones


@_case
def _everybody() -> Case:
    return _good(_files("all"))


@_case
def _one_recording() -> Case:
    return _good(_files(*SEVEN))


@_case
def _one_person() -> Case:
    return _good(_files("actor", "user:1"))


@_case
def _nobody_viewed_it() -> Case:
    return _good(_files("target", "recording:99"))


@_case
def _somebody_who_did_nothing() -> Case:
    return _good(_files("actor", "user:99"))


def _nobody(tag: str) -> Case:
    """An absence at one end of the sorted heads: the reference is searched for."""
    heads = [head["tag"] for head in log().heads("obj", len(log().leaves) - 1)]
    for number in range(10_000):
        mine = log().tag("obj", f"recording:n{number}")
        if (tag == "first" and mine < heads[0]) or (tag == "last" and mine > heads[-1]):
            return _good(log().bundle("target", f"recording:n{number}"))
    raise AssertionError(tag)


@_case
def _absence_before_all_others() -> Case:
    return _nobody("first")


@_case
def _absence_after_all_others() -> Case:
    return _nobody("last")


@_case
def _absence_in_an_empty_manifest() -> Case:
    empty = Log()
    empty.close()
    return _good(empty.bundle("target", "recording:7"))


@_case
def _a_period() -> Case:
    long = Log()
    for _ in range(8):
        long.add(about="recording:7", after=50)
    long.close()
    since, until = START + timedelta(seconds=170), START + timedelta(seconds=260)
    return _good(long.bundle(since=since, until=until))


@_case
def _a_period_of_one_recording() -> Case:
    return _good(log().bundle(*SEVEN, since=START, until=START + timedelta(minutes=1)))


@_case
def _with_the_portals_own_policy() -> Case:
    return Case(pack(_files("all")).getvalue(), "", SELF_SIGNED)


@_case
def _with_a_policy_without_witnesses() -> Case:
    return _good(_files("all"), SELF_SIGNED, policy_text=log().policy("quorum none\n"))


@_case
def _with_all_witnesses_in_nested_groups() -> Case:
    rule = "group a all w0\ngroup b 1 w1\ngroup both 2 a b\nquorum both # enough\n".replace(" # enough", "")
    return _good(_files("all"), policy_text=log().policy(rule))


@_case
def _with_one_witness_asked_for() -> Case:
    return _good(_files("all"), "WITNESSED by w1", policy_text=log().policy("quorum w1\n"))


@_case
def _with_a_time_stamp() -> Case:
    verdict = "ANCHORED (time-stamped 2026-11-20 09:00:09Z, leaves below 7)"
    policy = log().policy("quorum none\n")
    return _good(_files("all"), verdict, policy_text=policy, tsa_pem=log().stamper.pem)


@_case
def _with_a_certificate_of_another_authority() -> Case:
    policy = log().policy("quorum none\n")
    return _good(_files("all"), SELF_SIGNED, policy_text=policy, tsa_pem=Stamper("Another TSA").pem)


@_case
def _with_an_older_checkpoint() -> Case:
    return _good(_files("all"), older=log().note(4), proof=log().request(4))


@_case
def _with_the_same_checkpoint() -> Case:
    return _good(_files("all"), older=log().note())


@_case
def _with_a_newer_checkpoint() -> Case:
    longer = story(anchors=True)
    old = longer.bundle()
    size = len(longer.leaves)
    longer.add(after=7200)
    return _good(old, older=longer.note(), proof=longer.request(size))


@_case
def _a_new_epoch() -> Case:
    goes_on = Log(origin="portal.example/audit/2", opens=False)
    goes_on.leaves = [Sealed(leaf.body, leaf.reveal, leaf.entry) for leaf in story().leaves[:4]]
    goes_on.reckon()
    goes_on.open(
        previous_origin="portal.example/audit", previous_size=4, previous_root="00", reason="restored"
    )
    goes_on.add(about="recording:7")
    goes_on.close()
    return _good(goes_on.bundle(*SEVEN, opening=4), policy_text=goes_on.policy())


@_case
def _one_proof() -> Case:
    return Case(log().proof(3, log().note()), "", WITNESSED, _mine())


# --- A1 to A18


@_case
def _A01_an_event_edited() -> Case:
    name = changed_extra(_files(*SEVEN), 3, lambda x: x.update(body=x["body"].replace("user:2", "user:9")))
    return _bad(name, "bodies")


@_case
def _A01_an_entry_edited() -> Case:
    files = changed_extra(
        _files(*SEVEN), 3, lambda x: x.update(entry=x["entry"].replace("granted", "denied"))
    )
    return _bad(files, "inclusion")


@_case
def _A02_another_name() -> Case:
    def rename(extra: Any) -> None:
        extra["reveal"]["actor.name"]["value"] = "Sam Ortiz"

    files = changed_extra(_files(*SEVEN), 3, rename)
    return _bad(
        summed(files | {"report.csv": files["report.csv"].replace(b"Tom Brandt", b"Sam Ortiz")}), "values"
    )


@_case
def _A02_another_name_in_the_table_only() -> Case:
    files = _files(*SEVEN)
    return _bad(summed(files | {"report.csv": files["report.csv"].replace(b"Tom", b"Sam")}), "table")


def _without(*leaves: int, **changes: Any) -> Files:
    """A bundle about recording 7 that says nothing of some of its leaves, everything else made to fit."""
    said = json.loads(_files(*SEVEN)["bundle.json"])
    left = [n for n in said["leaves"] if n not in leaves]
    files = log().bundle(*SEVEN, leaves=left)
    return changed_json(files, lambda claim: claim["head"].update(changes)) if changes else files


@_case
def _A03_a_view_left_out() -> Case:
    return _bad(_without(3), "completeness")


@_case
def _A03_a_view_left_out_of_everybodys() -> Case:
    left = [n for n in range(len(log().leaves)) if n != 3]
    return _bad(log().bundle(leaves=left), "completeness")


@_case
def _A04_the_newest_view_left_out() -> Case:
    return _bad(_without(7), "completeness")


@_case
def _A05_the_newest_left_out_and_the_count_a_lie() -> Case:
    return _bad(_without(7, count=3, last=5), "completeness")


@_case
def _A05_the_manifest_a_lie_as_well() -> Case:
    files = changed_extra(
        _files(*SEVEN), 9, lambda x: x.update(body=re.sub('"objects_n":3', '"objects_n":2', x["body"]))
    )
    return _bad(files, "bodies")


@_case
def _A06_two_events_swapped() -> Case:
    files = dict(_files(*SEVEN))
    one, other = "events/000000000001.tlog-proof", "events/000000000003.tlog-proof"
    files[one], files[other] = files[other], files[one]
    return _bad(summed(files), "inclusion")


@_case
def _A06_two_events_swapped_and_renumbered() -> Case:
    files = dict(_files(*SEVEN))
    one, other = "events/000000000001.tlog-proof", "events/000000000003.tlog-proof"
    files[one], files[other] = (
        files[other].replace(b"\nindex 3\n", b"\nindex 1\n"),
        files[one].replace(b"\nindex 1\n", b"\nindex 3\n"),
    )
    return _bad(summed(files), "inclusion")


@_case
def _A07_signed_again_without_the_key() -> Case:
    text, wrong = log().text(), Signer(log().origin, seed="a thief's")
    return _bad(resigned(_files("all"), f"{text}\n{wrong.line(text)}"), "checkpoint")


@_case
def _A07_signed_again_under_the_keys_id() -> Case:
    text, wrong = log().text(), Signer(log().origin, seed="a thief's")
    line = f"— {log().origin} {b64(log().key.id + wrong.key.sign(text.encode()))}\n"
    return _bad(resigned(_files("all"), f"{text}\n{line}"), "checkpoint")


@_case
def _A08_a_checkpoint_edited() -> Case:
    return _bad(resigned(_files("all"), log().note().replace("\n10\n", "\n11\n")), "checkpoint")


def _rewritten(**how: Any) -> Log:
    """The same history with another viewer's name, signed with the real key: what owner and thief of the key can do."""
    return story(Log(**how), name="Sam Ortiz")


@_case
def _A09_history_rewritten_with_the_real_key() -> Case:
    return _bad(_rewritten(witnesses=()).bundle(), "witnesses")


@_case
def _A09_rewritten_with_the_witness_lines_of_the_old_checkpoint() -> Case:
    other = _rewritten(witnesses=())
    lines = "".join(log().note().splitlines(keepends=True)[5:])
    return _bad(other.bundle(note=other.note() + lines), "witnesses")


@_case
def _A10_rewritten_and_nobody_can_tell() -> Case:
    files = _rewritten(witnesses=()).bundle(policy=log().policy("quorum none\n"))
    return Case(pack(files).getvalue(), "", SELF_SIGNED)


@_case
def _A11_somebody_holds_an_older_checkpoint() -> Case:
    other = _rewritten()
    return _bad(other.bundle(), "older", older=log().note(4), proof=other.request(4))


@_case
def _A11_and_the_proof_of_the_true_log() -> Case:
    return _bad(_rewritten().bundle(), "older", older=log().note(4), proof=log().request(4))


@_case
def _A11_somebody_holds_a_checkpoint_of_the_same_size() -> Case:
    return _bad(_rewritten().bundle(), "older", older=log().note())


@_case
def _A11_somebody_had_one_stamped() -> Case:
    other = _rewritten()
    other.anchors = log().anchors
    return _bad(other.bundle(), "anchors")


@_case
def _A14_an_old_manifest() -> Case:
    """The checkpoint is the newest, the manifest – true in its day – is leaf 6: the view at leaf 7 is hidden."""
    early, now = log().bundle(*SEVEN, manifest=6), _files(*SEVEN)
    lie = json.loads(early["bundle.json"]) | {
        "size": len(log().leaves),
        "anchors": json.loads(now["bundle.json"])["anchors"],
    }
    files = {name: data for name, data in now.items() if not name.startswith("events/")}
    note = log().note()
    for n in {*lie["leaves"], 0, 6}:
        files[f"events/{n:012}.tlog-proof"] = log().proof(n, note)
    return _bad(
        summed(files | {"bundle.json": canonical(lie), "report.csv": early["report.csv"]}), "manifest"
    )


@_case
def _A14_an_old_manifest_said_to_be_the_last_leaf() -> Case:
    ends = story(anchors=True)
    ends.leaves.append(ends.leaves.pop(6))
    return _bad(ends.bundle(*SEVEN), "inclusion")


@_case
def _A18_an_event_dated_back() -> Case:
    late = Log()
    late.add(about="recording:7")
    late.add(about="recording:7", after=3600)
    late.anchor()
    late.add(about="recording:7", at=START + timedelta(seconds=5))
    late.close()
    return _bad(late.bundle(*SEVEN), "times")


@_case
def _A18_an_event_dated_forward() -> Case:
    late = Log()
    late.add(about="recording:7", at=START + timedelta(hours=2))
    late.anchor()
    late.close()
    return _bad(late.bundle(*SEVEN), "times")


# --- files and zip


@_case
def _a_file_edited() -> Case:
    return _bad(_files("all") | {"report.pdf": b"%PDF another"}, "files")


@_case
def _a_proof_dropped() -> Case:
    return _bad(dropped(_files("all"), "events/000000000003.tlog-proof"), "files")


@_case
def _the_pdf_dropped() -> Case:
    return _bad(dropped(_files("all"), "report.pdf"), "files")


@_case
def _a_file_inserted() -> Case:
    return _bad(summed(_files("all") | {"note.txt": b"trust us"}), "files")


@_case
def _a_proof_inserted() -> Case:
    return _bad(
        summed(_files(*SEVEN) | {"events/000000000002.tlog-proof": log().proof(2, log().note())}), "files"
    )


@_case
def _sums_dropped() -> Case:
    return _bad({name: data for name, data in _files("all").items() if name != "SHA256SUMS"}, "files")


@_case
def _sums_in_another_order() -> Case:
    files = dict(_files("all"))
    files["SHA256SUMS"] = b"".join(reversed(files["SHA256SUMS"].splitlines(keepends=True)))
    return _bad(files, "files")


@_case
def _sums_with_a_line_more() -> Case:
    files = dict(_files("all"))
    return _bad(files | {"SHA256SUMS": files["SHA256SUMS"] + b"00  ../x\n"}, "files")


@_case
def _no_bundle_json() -> Case:
    return _bad(dropped(_files("all"), "bundle.json"), "files")


@_case
def _no_zip() -> Case:
    return Case(b"this is no zip", "files", INVALID, _mine())


@_case
def _an_empty_file() -> Case:
    return Case(b"", "files", INVALID, _mine())


@_case
def _an_empty_zip() -> Case:
    return _bad({}, "files")


@_case
def _a_zip_cut_short() -> Case:
    whole = pack(_files("all")).getvalue()
    return Case(whole[: len(whole) // 2], "files", INVALID, _mine())


@_case
def _a_zip_with_a_wrong_crc() -> Case:
    whole = bytearray(pack(_files("all")).getvalue())
    at = whole.index(b"PK\x01\x02")
    whole[at + 16] ^= 1
    return Case(bytes(whole), "files", INVALID, _mine())


@_case
def _a_zip_with_damaged_data() -> Case:
    whole = bytearray(pack(_files("all")).getvalue())
    whole[60] ^= 255
    return Case(bytes(whole), "files", INVALID, _mine())


def _packed(extra: Iterator[tuple[str, bytes]]) -> bytes:
    out = pack(_files("all"))
    with zipfile.ZipFile(out, "a") as archive:
        for name, data in extra:
            archive.writestr(zipfile.ZipInfo(name), data)
    return out.getvalue()


@_case
def _two_files_of_one_name() -> Case:
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return Case(_packed(iter([("report.csv", b"x")])), "files", INVALID, _mine())


@_case
def _a_name_that_leads_out() -> Case:
    return Case(_packed(iter([("../report.csv", b"x")])), "files", INVALID, _mine())


@_case
def _a_name_with_a_nul() -> Case:
    data = _packed(iter([("report.cs#", b"x")]))
    return Case(data.replace(b"report.cs#", b"report.cs\0"), "files", INVALID, _mine())


@_case
def _a_folder() -> Case:
    return Case(_packed(iter([("events/", b"")])), "files", INVALID, _mine())


@_case
def _a_bomb() -> Case:
    """A file of many megabytes that packs to nothing, and a length that is a lie."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in _files("all").items():
            archive.writestr(name, data if name != "report.pdf" else bytes(10_000_000))
    whole = bytearray(out.getvalue())
    at = whole.index(b"report.pdf", whole.index(b"PK\x01\x02")) - 46
    whole[at + 24 : at + 28] = struct.pack("<I", 100)
    return Case(bytes(whole), "files", INVALID, _mine())


@_case
def _a_file_said_to_be_huge() -> Case:
    whole = bytearray(pack(_files("all")).getvalue())
    at = whole.index(b"PK\x01\x02")
    whole[at + 24 : at + 28] = struct.pack("<I", 0xFFFFFFF0)
    return Case(bytes(whole), "files", INVALID, _mine())


# --- bundle.json


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
        return _bad(changed_json(_files(*SEVEN), change), fails)

    return make


_MAKERS.update({f"claim_{name}": _claim_case(name) for name in _claims()})


def _text(name: str, old: str, new: str, fails: str, scope: tuple[str, str] = SEVEN) -> Case:
    files = _files(*scope)
    changed = files[name].replace(old.encode(), new.encode(), 1)
    assert changed != files[name]
    return _bad(summed(files | {name: changed}), fails)


@_case
def _claim_with_a_key_twice() -> Case:
    return _text("bundle.json", '"v":1}', '"v":1,"v":1}', "files")


@_case
def _claim_with_a_space() -> Case:
    return _text("bundle.json", '"v":1}', '"v": 1}', "files")


@_case
def _claim_with_a_fraction() -> Case:
    return _text("bundle.json", '"v":1}', '"v":1.0}', "files")


@_case
def _claim_with_null() -> Case:
    return _text("bundle.json", '"v":1}', '"v":null}', "files")


@_case
def _claim_with_a_byte_order_mark() -> Case:
    return _text("bundle.json", '{"anchors"', '\ufeff{"anchors"', "files")


@_case
def _claim_with_a_lone_surrogate() -> Case:
    return _text("bundle.json", "Noa Levi", "\\ud800", "files")


@_case
def _claim_that_is_no_utf8() -> Case:
    files = _files("all")
    return _bad(summed(files | {"bundle.json": files["bundle.json"].replace(b"Noa", b"\xff")}), "files")


@_case
def _claim_nested_beyond_measure() -> Case:
    return _bad(summed(_files("all") | {"bundle.json": b"[" * 100_000 + b"]" * 100_000}), "files")


@_case
def _absence_of_neighbours_that_are_none() -> Case:
    def widen(claim: dict[str, Any]) -> None:
        heads = log().heads("obj", len(log().leaves) - 1)
        mine = log().tag("obj", "recording:7")
        assert heads[0]["tag"] <= mine <= heads[-1]["tag"]
        claim.update(leaves=[], rows=[])
        claim.pop("head")
        claim["absence"] = json.loads(log().bundle("target", "recording:99")["bundle.json"])["absence"]

    said = changed_json(_files(*SEVEN), widen)
    keep = {name: data for name, data in said.items() if not re.search(r"0000000000(01|03|05|07)\.", name)}
    return _bad(summed(keep | {"report.csv": log().table([])}), "completeness")


@_case
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
    return _bad(summed(files | {"bundle.json": canonical(claim)}), "completeness")


def _neighbour(order: list[str], at: int) -> dict[str, Any]:
    from tests.forge import Tree

    heads = log().heads("obj", len(log().leaves) - 1)
    tree = Tree([canonical(head) for head in heads])
    return {**heads[at], "index": at, "path": [b64(node) for node in tree.path(at, 0, len(heads))]}


# --- proofs, values, table


@_case
def _a_path_with_a_line_more() -> Case:
    name = "events/000000000003.tlog-proof"
    line = b64(bytes(32))
    return _text(name, "\n\nportal", f"\n{line}\n\nportal", "inclusion")


@_case
def _base64_of_another_form() -> Case:
    """The last letter before the padding has bits that say nothing."""
    files = _files(*SEVEN)
    name = "events/000000000003.tlog-proof"
    line = files[name].split(b"\n")[3]
    assert line.endswith(b"=")
    letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    other = line[:-2] + letters[letters.index(line[-2]) ^ 1 :][:1] + b"="
    assert base64.b64decode(other) == base64.b64decode(line)
    return _bad(summed(files | {name: files[name].replace(line, other)}), "inclusion")


@_case
def _an_index_with_a_zero_before_it() -> Case:
    return _text("events/000000000003.tlog-proof", "index 3", "index 03", "inclusion")


@_case
def _a_proof_of_another_version() -> Case:
    return _text("events/000000000003.tlog-proof", "tlog-proof@v1", "tlog-proof@v2", "inclusion")


@_case
def _a_proof_without_extra() -> Case:
    files = _files(*SEVEN)
    name = "events/000000000003.tlog-proof"
    return _bad(summed(files | {name: re.sub(rb"extra .*\n", b"", files[name])}), "inclusion")


@_case
def _a_proof_under_another_checkpoint() -> Case:
    files = _files(*SEVEN)
    name = "events/000000000003.tlog-proof"
    return _bad(summed(files | {name: log().proof(3, log().note(witnesses=()))}), "inclusion")


@_case
def _a_body_dropped() -> Case:
    files = changed_extra(_files(*SEVEN), 3, lambda x: (x.pop("body"), x.pop("reveal")))
    return _bad(files, "bodies")


@_case
def _a_body_where_none_belongs() -> Case:
    since = START + timedelta(minutes=30)
    files = log().bundle(*SEVEN, since=since)
    name = "events/000000000003.tlog-proof"
    return _bad(summed(files | {name: log().proof(3, log().note())}), "bodies")


@_case
def _the_body_of_another_event() -> Case:
    other = log().leaves[5].body.decode()
    return _bad(changed_extra(_files(*SEVEN), 3, lambda x: x.update(body=other)), "bodies")


@_case
def _an_extra_key_in_a_proof() -> Case:
    return _bad(changed_extra(_files(*SEVEN), 3, lambda x: x.update(note="hello")), "bodies")


def _revealed(change: Callable[[dict[str, Any]], Any], fails: str = "values") -> Case:
    return _bad(changed_extra(_files(*SEVEN), 3, lambda x: change(x["reveal"])), fails)


@_case
def _another_salt() -> Case:
    return _revealed(lambda r: r["actor.name"].update(salt="00" * 16))


@_case
def _a_salt_in_capitals() -> Case:
    return _revealed(lambda r: r["actor.name"].update(salt=r["actor.name"]["salt"].upper() + " "))


@_case
def _a_short_salt() -> Case:
    return _revealed(lambda r: r["actor.name"].update(salt=r["actor.name"]["salt"][:-2]))


@_case
def _a_value_moved_to_another_field() -> Case:
    return _revealed(lambda r: r.update({"source.ip": r.pop("actor.name")}))


@_case
def _a_value_that_was_never_committed_to() -> Case:
    return _revealed(lambda r: r.update({"object.label": {"salt": "00" * 16, "value": "Miriam"}}))


@_case
def _a_secret_with_another_key() -> Case:
    return _revealed(lambda r: r["actor.name"].update(note="x"))


@_case
def _a_value_hidden() -> Case:
    return _revealed(lambda r: r.pop("actor.name"), "table")


def _table(change: Callable[[bytes], bytes]) -> Case:
    files = _files("all")
    changed = change(files["report.csv"])
    assert changed != files["report.csv"]
    return _bad(summed(files | {"report.csv": changed}), "table")


@_case
def _a_row_dropped() -> Case:
    return _table(lambda csv: re.sub(rb"(?m)^3,[^\r]*\r\nline 2[^\r]*\r\n", b"", csv))


@_case
def _a_row_added() -> Case:
    return _table(lambda csv: csv + csv.splitlines(keepends=True)[-1])


@_case
def _rows_swapped() -> Case:
    def swap(csv: bytes) -> bytes:
        lines = csv.splitlines(keepends=True)
        return b"".join([*lines[:-2], lines[-1], lines[-2]])

    return _table(swap)


@_case
def _a_cell_that_became_a_formula() -> Case:
    return _table(lambda csv: csv.replace(b"'@sum", b"@sum"))


@_case
def _a_table_without_byte_order_mark() -> Case:
    return _table(lambda csv: csv.removeprefix(b"\xef\xbb\xbf"))


@_case
def _a_table_with_unix_line_ends() -> Case:
    return _table(lambda csv: csv.replace(b"\r\n", b"\n"))


@_case
def _a_table_cut_short() -> Case:
    return _table(lambda csv: csv[:-2])


# --- what the log itself says


def _own(**detail: Any) -> Log:
    """A log whose first leaf, signed and witnessed, says something else than it must."""
    wrong = Log(opens=False)
    wrong.open(**detail)
    wrong.add(about="recording:7")
    wrong.close()
    return wrong


@_case
def _opened_under_another_name() -> Case:
    return _bad(_own(origin="elsewhere.example").bundle(), "opening")


@_case
def _opened_with_another_tag_key() -> Case:
    return _bad(_own(tag_key_sha256="00" * 32).bundle(), "opening")


@_case
def _opened_by_a_user() -> Case:
    wrong = Log(opens=False)
    wrong.add("log.opened", by="user:1", detail=wrong.opening())
    wrong.close()
    return _bad(wrong.bundle(), "opening")


@_case
def _a_manifest_of_an_earlier_size() -> Case:
    wrong = Log()
    wrong.add(about="recording:7")
    wrong.close(upto=1)
    return _bad(wrong.bundle(), "manifest")


@_case
def _no_manifest_at_the_end() -> Case:
    wrong = Log()
    wrong.add(about="recording:7")
    return _bad(wrong.bundle(), "manifest")


@_case
def _a_counter_that_skips() -> Case:
    """The log itself, witnessed, counts a recording's leaves wrongly."""
    wrong = Log()
    wrong.add(about="recording:7")
    wrong.skip("obj", "recording:7")
    wrong.add(about="recording:7")
    wrong.close()
    return _bad(wrong.bundle("target", "recording:7"), "completeness")


@_case
def _two_tags_for_one_recording() -> Case:
    wrong = Log()
    wrong.add(about="recording:7")
    wrong.tag_key = bytes(32)
    wrong.add(about="recording:7")
    wrong.close()
    return _bad(wrong.bundle("target", "recording:7"), "bodies")


@_case
def _a_period_that_begins_too_late() -> Case:
    since = START + timedelta(hours=1)
    return _bad(log().bundle(since=since, leaves=range(7, 10)), "completeness")


@_case
def _a_period_that_ends_too_early() -> Case:
    return _bad(log().bundle(until=START + timedelta(seconds=4), leaves=range(6)), "completeness")


# --- signatures, policies, stamps


@_case
def _a_witness_line_damaged() -> Case:
    last = log().note().splitlines()[-1]
    flipped = last[:-6] + ("A" if last[-6] != "A" else "B") + last[-5:]
    return _bad(resigned(_files("all"), log().note().replace(last, flipped)), "witnesses")


@_case
def _too_few_witnesses() -> Case:
    files = resigned(_files("all"), log().note(witnesses=[INTERNAL]))
    return _bad(files, "witnesses", policy_text=log().policy("group all all w0 w1\nquorum all\n"))


@_case
def _one_of_two_witnesses() -> Case:
    files = resigned(_files("all"), log().note(witnesses=[AUDITOR]))
    return _good(files, "WITNESSED by w1")


@_case
def _lines_of_strangers() -> Case:
    text = log().text()
    stranger = Signer("stranger.example", 4).line(text) + Signer("witness.example/auditor", 4, "x").line(text)
    return _good(resigned(_files("all"), log().note() + stranger))


@_case
def _a_policy_for_another_log() -> Case:
    policy = log().policy().replace(log().key.vkey, Signer("elsewhere.example").vkey)
    return _bad(_files("all"), "checkpoint", policy_text=policy)


def _policies() -> dict[str, str]:
    """Policies that are none."""
    good, key = log().policy(), Signer("x", 4, "y").vkey
    return {
        "empty": "",
        "without_quorum": good.replace("quorum enough\n", ""),
        "with_two_quorums": good + "quorum none\n",
        "with_a_quorum_of_nobody": good.replace("quorum enough", "quorum nobody"),
        "with_a_group_of_nobody": good.replace("any w0 w1", "any w0 w2"),
        "with_an_empty_group": good.replace("any w0 w1", "any"),
        "with_too_high_a_number": good.replace("any w0 w1", "3 w0 w1"),
        "with_zero": good.replace("any w0 w1", "0 w0 w1"),
        "with_a_zero_before": good.replace("any w0 w1", "01 w0 w1"),
        "with_a_member_twice": good.replace("any w0 w1", "2 w0 w0"),
        "with_a_member_of_two_groups": good + "group more any w0\n",
        "with_none_as_a_member": good.replace("any w0 w1", "any w0 none"),
        "with_a_name_twice": good + f"witness w0 {key}\n",
        "with_a_witness_called_none": good + f"witness none {key}\n",
        "with_a_key_twice": good + f"witness w2 {AUDITOR.vkey}\n",
        "with_a_log_twice": good + f"log {log().key.vkey}\n",
        "with_a_log_key_as_witness": good + f"witness w2 {Signer('x').vkey}\n",
        "with_a_witness_key_as_log": good + f"log {key}\n",
        "with_a_key_id_of_another": good.replace(AUDITOR.id.hex(), INTERNAL.id.hex()),
        "with_a_key_cut_short": good.replace(AUDITOR.vkey, AUDITOR.vkey[:-4]),
        "with_a_word_too_many": good.replace("quorum enough", "quorum enough now"),
        "with_an_unknown_line": good + "trust me\n",
        "with_a_control_character": good + "# \x07\n",
        "with_carriage_returns": good.replace("\n", "\r\n"),
    }


def _policy_case(name: str) -> Callable[[], Case]:
    return lambda: _bad(_files("all"), "policy", policy_text=_policies()[name])


_MAKERS.update({f"policy_{name}": _policy_case(name) for name in _policies()})


@_case
def _policy_with_tabs_comments_and_spaces() -> Case:
    text = "\n \t# c\n" + log().policy().replace(" ", " \t ").replace("\n", "  \n") + "\t\n# ünï \xff\n"
    return _good(_files("all"), policy_text=text.rstrip("\n"))


def _notes() -> dict[str, str]:
    """Checkpoints that are none, the signature aside."""
    good, text = log().note(), log().text()
    own = log().key.line
    return {
        "without_signature": text + "\n",
        "without_empty_line": good.replace("\n\n", "\n"),
        "without_last_line_end": good[:-1],
        "with_a_control_character": good.replace(log().origin, log().origin + "\t", 1),
        "with_carriage_returns": good.replace("\n", "\r\n"),
        "with_a_malformed_line": good + "hello\n",
        "with_a_line_of_three_bytes": good + "— x AAAA\n",
        "with_a_plus_in_a_name": good + "— x+y AAAAAAAA\n",
        "with_a_space_in_a_name": good + "— x\u2003y AAAAAAAA\n",
        "with_another_dash": good.replace("—", "-"),
        "with_an_empty_line_in_its_text": (changed := text + "\nmore\n") + "\n" + own(changed),
        "with_a_size_of_another_form": (changed := text.replace("\n10\n", "\n010\n")) + "\n" + own(changed),
        "with_a_short_root": (changed := re.sub("\n[^\n]+\n$", "\nAAAA\n", text)) + "\n" + own(changed),
        "of_two_lines": (changed := "\n".join(text.split("\n")[:2]) + "\n") + "\n" + own(changed),
        "without_origin": (changed := text.replace(log().origin, "")) + "\n" + own(changed),
    }


def _note_case(name: str) -> Callable[[], Case]:
    return lambda: _bad(resigned(_files("all"), _notes()[name]), "checkpoint")


_MAKERS.update({f"note_{name}": _note_case(name) for name in _notes()})


@_case
def _note_with_an_extension_line() -> Case:
    """Opaque, signed and allowed."""
    text = log().text() + "more\n"
    note = f"{text}\n{log().key.line(text)}{INTERNAL.line(text)}{AUDITOR.line(text)}"
    return _good(resigned(_files("all"), note))


@_case
def _a_cosignature_of_time_zero() -> Case:
    text = log().text()
    line = INTERNAL.line(text, START - timedelta(seconds=START.timestamp()))
    return _bad(resigned(_files("all"), log().note(witnesses=()) + line), "witnesses")


def _stamped(reply: bytes, **brought: Any) -> Case:
    return _bad(summed(_files("all") | {"anchors/7.tsr": reply}), "anchors", **brought)


@_case
def _a_stamp_over_something_else() -> Case:
    return _stamped(log().stamper.stamp(b"another checkpoint", START))


@_case
def _a_stamp_that_is_none() -> Case:
    return _stamped(b"\x30\x82\xff\xff no stamp")


@_case
def _an_empty_stamp() -> Case:
    return _stamped(b"")


@_case
def _a_stamp_with_a_wrong_signature() -> Case:
    reply = bytearray(_files("all")["anchors/7.tsr"])
    reply[-9] ^= 1
    return _stamped(bytes(reply), tsa_pem=log().stamper.pem)


@_case
def _a_stamp_with_another_time() -> Case:
    reply = _files("all")["anchors/7.tsr"]
    return _stamped(reply.replace(b"20261120090009Z", b"20261120090019Z"), tsa_pem=log().stamper.pem)


@_case
def _a_stamp_under_sha512() -> Case:
    stamper = Stamper("Forge TSA 512", "sha512")
    note = _files("all")["anchors/7.txt"]
    files = summed(_files("all") | {"anchors/7.tsr": stamper.stamp(note, START + timedelta(seconds=9))})
    verdict = "ANCHORED (time-stamped 2026-11-20 09:00:09Z, leaves below 7)"
    return _good(files, verdict, policy_text=log().policy("quorum none\n"), tsa_pem=stamper.pem)


@_case
def _an_anchor_that_was_not_signed() -> Case:
    files = _files("all")
    note = files["anchors/7.txt"].replace(b"\n7\n", b"\n6\n")
    stamp = log().stamper.stamp(note, START + timedelta(seconds=9))
    return _bad(summed(files | {"anchors/7.txt": note, "anchors/7.tsr": stamp}), "anchors")


# --- older checkpoints, single proofs


@_case
def _older_without_proof() -> Case:
    return _bad(_files("all"), "older", older=log().note(4))


@_case
def _older_of_another_log() -> Case:
    return _bad(_files("all"), "older", older=Log(origin="elsewhere.example").note())


@_case
def _older_that_nobody_signed() -> Case:
    text = log().text(4)
    note = f"{text}\n{Signer(log().origin, seed='x').line(text)}"
    return _bad(_files("all"), "older", older=note, proof=log().request(4))


@_case
def _older_with_a_proof_from_another_size() -> Case:
    return _bad(_files("all"), "older", older=log().note(4), proof=log().request(5))


@_case
def _older_with_a_damaged_proof() -> Case:
    lines = log().request(4).split("\n")
    lines[1] = b64(bytes(32))
    return _bad(_files("all"), "older", older=log().note(4), proof="\n".join(lines))


@_case
def _older_that_is_no_checkpoint() -> Case:
    return _bad(_files("all"), "older", older="hello", proof=log().request(4))


@_case
def _proof_without_policy() -> Case:
    return Case(log().proof(3, log().note()), "policy")


@_case
def _proof_of_an_edited_event() -> Case:
    data = _files(*SEVEN)
    files = changed_extra(data, 3, lambda x: x.update(body=x["body"].replace("granted", "denied")))
    return Case(files["events/000000000003.tlog-proof"], "bodies", INVALID, _mine())


@_case
def _proof_with_another_index() -> Case:
    data = log().proof(3, log().note()).replace(b"\nindex 3\n", b"\nindex 2\n")
    return Case(data, "inclusion", INVALID, _mine())


@_case
def _proof_without_body() -> Case:
    return Case(log().proof(3, log().note(), body=False), "bodies", INVALID, _mine())


@_case
def _proof_cut_short() -> Case:
    return Case(log().proof(3, log().note())[:200], "checkpoint", INVALID, _mine())
