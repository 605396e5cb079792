"""Any change of a bundle is found: every byte of the file, and every part of it with all hashes made anew.

THOROUGH=1 tries more of what is drawn.
"""

import io
import json
import random
import re
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recordings.proof.evidence.check.verify_audit import verify
from tests.forge import REPORT, Files, Log
from tests.forge_parts import canonical, recording, sha
from tests.forge_stamps import POLICY, integer, oid
from tests.forge_tools import changed_json, with_table
from tests.forge_zip import pack
from tests.forgeries import asked, log
from tests.thorough import amount, examples

# Nothing signed speaks of these; the document says so.
UNBOUND = {"README.txt", "policy.txt", "report.pdf", "report.xlsx", "verify_audit.py", "verify.html"}
SCOPES = [
    ("all", ""),
    ("target", recording(7)),
    ("object", "object:3"),
    ("actor", "user:1"),
    ("target", recording(99)),
]
often = settings(
    max_examples=amount(examples(40), 2000), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
STEP = 4
RUNGS = ("WITNESSED", "ANCHORED", "CONSISTENT")


@cache
def _files(at: int) -> Files:
    return asked(*SCOPES[at]).bundle(*SCOPES[at])


@cache
def _whole(at: int) -> bytes:
    return pack(_files(at)).getvalue()


def _rung(data: bytes) -> bool:
    return verify(io.BytesIO(data), log().policy(), log().stamper.pem).verdict.startswith(RUNGS)


def _check(files: Files) -> tuple[str, list[str]]:
    result = verify(pack(files), log().policy(), log().stamper.pem)
    return result.verdict, [check.name for check in result.checks if check.state == "fail"]


files = st.integers(0, len(SCOPES) - 1).map(_files)

# --- the file as it is


@cache
def _small() -> bytes:
    """A bundle that is as small as one can be: no event, short verifiers."""
    small = Log().bundle("target", recording(7))
    whole = pack(small | {"verify_audit.py": b"#", "verify.html": b"<"}).getvalue()
    assert _rung(whole)
    return whole


@pytest.mark.slow
def test_no_byte_of_a_bundle_can_be_changed_put_in_or_left_out() -> None:
    """Each bit flipped alone, the byte left out, doubled, and a zero put in; at every position by `make thorough`.

    Which positions is left to chance: many runs try them all.
    """
    whole = _small()
    first, step = amount((random.randrange(STEP), STEP), (0, 1))
    accepted = [
        at
        for at in range(first, len(whole), step)
        for changed in (
            *(whole[:at] + bytes([whole[at] ^ 1 << bit]) + whole[at + 1 :] for bit in range(8)),
            whole[:at] + whole[at + 1 :],
            whole[:at] + whole[at : at + 1] + whole[at:],
            whole[:at] + b"\0" + whole[at:],
        )
        if _rung(changed)
    ]
    assert accepted == []
    assert not _rung(whole + b"\0")


@pytest.mark.slow
def test_no_length_of_a_bundle_but_its_own_is_one() -> None:
    whole = _small()
    assert not any(_rung(whole[:length]) for length in range(len(whole)))


@often
@given(st.integers(0, len(SCOPES) - 1), st.integers(0, len(SCOPES) - 1))
def test_two_bundles_behind_one_another_are_none(one: int, other: int) -> None:
    assert not _rung(_whole(one) + _whole(other))


@often
@given(st.data(), st.integers(0, len(SCOPES) - 1))
def test_an_edit_anywhere_in_the_file_is_found(data: st.DataObject, at: int) -> None:
    whole = _whole(at)
    changed = data.draw(st.composite(lambda draw: _edited(whole, draw))())
    assert changed == whole or not _rung(changed)


def _edited(data: bytes, draw: st.DrawFn) -> bytes:
    at = draw(st.integers(0, len(data)))
    end = draw(st.integers(at, min(len(data), at + 40)))
    new = draw(st.one_of(st.binary(max_size=20), st.just(data[at:end][::-1]), st.just(data[at : end + 3])))
    return data[:at] + new + data[end:]


# What a person reads has no names of exceptions, no spellings of values and no addresses in memory.
PYTHON = re.compile(
    r"[A-Za-z](?:Error|Exception|BadZip)|Traceback|\bNone\b|\bb['\"]|[A-Z]\w+\([\"'\d]|<class|0x[0-9a-f]{4}"
)


@often
@given(st.data(), st.integers(0, len(SCOPES) - 1))
def test_what_is_said_of_a_damaged_file_is_said_in_words(data: st.DataObject, at: int) -> None:
    """The whole file or one of its parts is edited, and the policy is anything."""
    whole = data.draw(files)
    name = data.draw(st.sampled_from(sorted(whole)))
    inside = whole | {name: data.draw(st.composite(lambda draw: _edited(whole[name], draw))())}
    outside = data.draw(st.composite(lambda draw: _edited(_whole(at), draw))())
    policy = data.draw(st.sampled_from([log().policy(), ""]) | st.text(max_size=60) | st.binary(max_size=60))
    for file in (pack(inside), io.BytesIO(outside), io.BytesIO(data.draw(st.binary(max_size=200)))):
        result = verify(file, policy)
        for said in (result.verdict, *(check.sentence for check in result.checks)):
            assert not PYTHON.search(said), said


# --- its parts, with all hashes made anew


def _anew(files: Files, name: str, data: bytes) -> Files:
    # A bundle.json that was exchanged for another file claims no table.
    is_claimed = name == "report.csv" and files["bundle.json"].startswith(b"{")
    return with_table(files, data) if is_claimed else files | {name: data}


@often
@given(st.data())
def test_an_edit_with_new_sums_is_found_by_the_check_of_that_part(data: st.DataObject) -> None:
    whole = data.draw(files)
    name = data.draw(st.sampled_from(sorted(n for n in whole if n not in UNBOUND and not n.endswith(".tsr"))))
    changed = data.draw(st.composite(lambda draw: _edited(whole[name], draw))())
    if changed != whole[name]:
        verdict, failed = _check(_anew(whole, name, changed))
        if name == "checkpoint.txt" and verdict in ("WITNESSED by w0", "WITNESSED by w1"):
            return  # one cosignature is gone, or by a key that nobody trusts: the verdict names the other
        assert verdict.startswith(("INVALID", "NOT CHECKED")), name
        assert verdict != "INVALID" or set(failed) & _responsible(name), (name, failed)


def _responsible(name: str) -> set[str]:
    if name.startswith("anchors/"):
        return {"anchors"}
    return {
        "events.jsonl": {"inclusion", "bodies", "values", "table"},
        "bundle.json": {
            "files",
            "checkpoint",
            "inclusion",
            "bodies",
            "opening",
            "request",
            "completeness",
            "anchors",
        },
        "checkpoint.txt": {"checkpoint", "witnesses", "inclusion"},
        "report.csv": {"table"},
    }[name]


@often
@given(st.data())
def test_what_nothing_signed_speaks_of_can_be_exchanged_and_changes_no_sentence_but_one(
    data: st.DataObject,
) -> None:
    """The document says so, and the statement says it of PDF, XLSX and README."""
    whole = data.draw(files)
    name = data.draw(st.sampled_from(sorted(UNBOUND - {"policy.txt"})))
    result = verify(pack(whole), log().policy())
    changed = whole | {name: data.draw(st.binary(max_size=50))}
    if name.startswith("report."):
        changed = changed_json(changed, lambda c: c["files"].update({name: sha(changed[name]).hex()}))
    assert verify(pack(changed), log().policy()) == result


@often
@given(st.data())
def test_files_exchanged_are_found(data: st.DataObject) -> None:
    whole = data.draw(files)
    bound = sorted(name for name in whole if name not in UNBOUND)
    one, other = data.draw(st.sampled_from(bound)), data.draw(st.sampled_from(bound))
    changed = _anew(
        _anew(whole, one, whole[other]), other, data.draw(st.sampled_from([whole[one], whole[other]]))
    )
    if changed != whole:
        assert not _rung(pack(changed).getvalue())


@often
@given(st.data())
def test_lines_dropped_doubled_or_swapped_are_found(data: st.DataObject) -> None:
    whole = data.draw(files)
    lines = whole["events.jsonl"].splitlines(keepends=True)
    changed = _shuffled(lines, data)
    if changed != whole["events.jsonl"]:
        verdict, failed = _check(whole | {"events.jsonl": changed})
        assert (verdict, failed) == ("INVALID", ["inclusion"])


@often
@given(st.data())
def test_rows_of_the_table_are_those_of_the_events(data: st.DataObject) -> None:
    whole = data.draw(files)
    lines = re.findall(rb"(?:[^\r\n]|\r\nline 2)*\r\n", whole["report.csv"])
    changed = _shuffled(lines, data)
    if changed != whole["report.csv"]:
        verdict, failed = _check(with_table(whole, changed))
        assert (verdict, failed) == ("INVALID", ["table"])


def _shuffled(lines: list[bytes], data: st.DataObject) -> bytes:
    at, other = data.draw(st.integers(0, len(lines) - 1)), data.draw(st.integers(0, len(lines) - 1))
    how: dict[str, Any] = {
        "drop": [line for n, line in enumerate(lines) if n != at],
        "twice": [*lines[:at], lines[at], *lines[at:]],
        "swap": [lines[{at: other, other: at}.get(n, n)] for n in range(len(lines))],
    }
    return b"".join(how[data.draw(st.sampled_from(sorted(how)))])


VALUES = st.recursive(
    st.sampled_from(
        ["", "x", "00" * 32, "2026-11-20T09:00:00.000000Z", "recording:x", "obj", -1, 0, 1, 3, 2**53 - 1]
    ),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["ref", "n", "x"]), inner, max_size=3)
    ),
    max_leaves=4,
)


def _replaced(value: Any, data: st.DataObject) -> Any:
    """The value with one of its parts, at any depth, replaced by another of any type, or left out."""
    keys = sorted(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else []
    if not keys or data.draw(st.integers(0, 3)) == 0:
        return data.draw(VALUES)
    key, other = data.draw(st.sampled_from(list(keys))), value.copy()
    if data.draw(st.integers(0, 5)) == 0:
        del other[key]
    else:
        other[key] = _replaced(value[key], data)
    return other


def _without(values: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name != key}


@often
@given(st.data())
def test_a_value_of_any_type_anywhere_is_found_and_nothing_stumbles_over_it(data: st.DataObject) -> None:
    whole = data.draw(files)
    if data.draw(st.booleans()):
        said = json.loads(whole["bundle.json"])
        changed = whole | {"bundle.json": canonical(_replaced(said, data))}
    else:
        lines = whole["events.jsonl"].splitlines(keepends=True)
        at = data.draw(st.integers(0, len(lines) - 1))
        line = json.loads(lines[at])
        other, shown = _replaced(line, data), line.get("reveal", {})
        if any(other == line | {"reveal": _without(shown, field)} for field in shown):
            return  # a value left out looks erased, as the document says; not all of them are in the table
        lines[at] = canonical(other) + b"\n"
        changed = whole | {"events.jsonl": b"".join(lines)}
    if changed != whole:
        assert not _rung(pack(changed).getvalue())


@often
@given(st.data())
def test_an_event_of_any_form_is_found_and_nothing_stumbles_over_it(data: st.DataObject) -> None:
    """The log itself sealed it, as whatever it is."""
    wrong = Log()
    wrong.add(
        "viewing.watched", about=recording(7), purpose={"code": "x"}, source={"ip": "x"}, detail={"x": 1}
    )
    honest = json.loads(wrong.leaves[1].body)
    other = Log()
    other.seal(canonical(_replaced(honest, data)), {}, other.clock, as_if=honest)
    verify(pack(other.bundle("actor", "user:1", table=b"x")), log().policy())


@often
@given(st.data())
def test_what_the_log_says_of_itself_in_any_form_makes_nothing_stumble(data: st.DataObject) -> None:
    """The signed details of the opening, an incident, the request and the manifest, with a value of any type."""
    wrong = Log(opens=False)
    wrong.own("log.opened", _details(data, wrong.opening()))
    wrong.own("sealer.incident", _details(data, {"code": "event_late", "first": 2, "count": 1}))
    wrong.add(about=recording(7), late=True)
    wrong.add(
        "export.requested",
        by="user:9",
        about=f"report:{REPORT}",
        detail=_details(data, {"scope": {"kind": "all"}}),
    )
    right = wrong.copy()
    right.close(after=90)
    detail = json.loads(right.leaves[-1].body)["action_detail"]
    wrong.own("heads.manifest", _details(data, detail), after=90)
    verify(pack(wrong.bundle(size=5, request=3, opening=0)), log().policy())


def _details(data: st.DataObject, detail: dict[str, Any]) -> dict[str, Any]:
    changed = _replaced(detail, data) if data.draw(st.booleans()) else detail
    return changed if isinstance(changed, dict) else {"x": changed}


@often
@given(st.data())
def test_a_signed_byte_of_a_time_stamp_cannot_be_changed(data: st.DataObject) -> None:
    """What is signed: the stamp's content and its attributes. The certificates beside them are nobody's word."""
    whole = _files(0)
    reply = whole["anchors/7.tsr"]
    start = reply.index(integer(1) + oid(POLICY))
    at = data.draw(st.integers(start, reply.index(b"Z", start)))
    changed = reply[:at] + bytes([reply[at] ^ data.draw(st.integers(1, 255))]) + reply[at + 1 :]
    verdict, failed = _check(whole | {"anchors/7.tsr": changed})
    assert verdict.startswith(("INVALID", "NOT CHECKED"))
    assert verdict != "INVALID" or failed == ["anchors"]


@often
@given(
    st.binary(max_size=300), st.sampled_from(["policy", "tsa", "older", "proof", "bundle", "part"]), st.data()
)
def test_nothing_that_is_brought_makes_it_stumble(junk: bytes, where: str, data: st.DataObject) -> None:
    brought: dict[str, Any] = (
        {"older": log().note(4), "proof": asked().request(4)} if where == "proof" else {}
    )
    source = pack(_files(0))
    if where == "bundle":
        source.seek(len(junk) * 7)
        source.write(junk)
    elif where == "part":
        source = pack(_files(0) | {data.draw(st.sampled_from(sorted(_files(0)))): junk})
    else:
        brought[where] = junk
    result = verify(source, **brought)
    failed = any(check.state == "fail" for check in result.checks)
    assert result.exit_code == (2 if not result.checks else 1 if failed else 0)
