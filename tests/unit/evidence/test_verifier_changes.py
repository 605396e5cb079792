"""Any edit, drop, swap or insertion in any part of a bundle is found, with SHA256SUMS as it was and made anew."""

import json
import re
from functools import cache
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recordings.evidence.verify_audit import verify
from tests.forge import Files, pack, summed
from tests.forge_parts import canonical
from tests.forge_stamps import POLICY, integer, oid
from tests.forgeries import log

# Nothing signed speaks of these; the verifier says so (docs/trail-format.md).
UNBOUND = {"README.txt", "policy.txt", "report.pdf", "report.xlsx", "verify_audit.py"}
SCOPES = [("all", ""), ("target", "recording:7"), ("actor", "user:1"), ("target", "recording:99")]
often = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@cache
def _files(at: int) -> Files:
    return log().bundle(*SCOPES[at])


def _check(files: Files) -> tuple[str, dict[str, str]]:
    result = verify(pack(files), log().policy(), log().stamper.pem)
    return result.verdict, {check.name: check.sentence for check in result.checks if not check.ok}


files = st.integers(0, len(SCOPES) - 1).map(_files)


def _guarded(name: str) -> bool:
    """Whether every byte of a file is guarded by more than SHA256SUMS: of time stamps only what is signed."""
    return name not in UNBOUND and not name.endswith(".tsr") and name != "SHA256SUMS"


def _edited(data: bytes, draw: st.DrawFn) -> bytes:
    at = draw(st.integers(0, len(data)))
    end = draw(st.integers(at, min(len(data), at + 40)))
    new = draw(st.one_of(st.binary(max_size=20), st.just(data[at:end][::-1]), st.just(data[at : end + 3])))
    return data[:at] + new + data[end:]


@st.composite
def edits(draw: st.DrawFn, anew: bool) -> tuple[Files, str]:
    """A bundle with some bytes of one file exchanged, left out or put in, and that file's name."""
    whole = draw(files)
    name = draw(st.sampled_from(sorted(name for name in whole if not anew or _guarded(name))))
    return whole, name


@often
@given(st.data())
def test_an_edit_without_new_sums_is_named(data: st.DataObject) -> None:
    whole, name = data.draw(edits(anew=False))
    changed = data.draw(st.composite(lambda draw: _edited(whole[name], draw))())
    if changed != whole[name]:
        verdict, failed = _check(whole | {name: changed})
        assert verdict == "INVALID"
        assert "files" in failed


@often
@given(st.data())
def test_an_edit_with_new_sums_is_found_by_the_check_of_that_part(data: st.DataObject) -> None:
    whole, name = data.draw(edits(anew=True))
    changed = data.draw(st.composite(lambda draw: _edited(whole[name], draw))())
    if changed != whole[name] and not (name == "bundle.json" and _only_unsigned_words(whole[name], changed)):
        verdict, failed = _check(summed(whole | {name: changed}))
        assert verdict == "INVALID"
        assert failed.keys() & _responsible(name), (name, failed)


def _only_unsigned_words(old: bytes, new: bytes) -> bool:
    """Who asked for the report, when and as which: the portal's word, as the document says."""
    try:
        said, says = json.loads(old), json.loads(new)
    except ValueError:
        return False
    unsigned = ("report", "generated_at", "generated_by")
    return canonical(says) == new and says | {key: said[key] for key in unsigned} == said


def _responsible(name: str) -> set[str]:
    if name.startswith("events/"):
        return {"inclusion", "bodies", "values"}
    if name.startswith("anchors/"):
        return {"anchors"}
    if name == "bundle.json":
        return {"files", "checkpoint", "bodies", "opening", "manifest", "completeness", "anchors"}
    return {"checkpoint.txt": {"checkpoint", "witnesses", "inclusion"}, "report.csv": {"table"}}[name]


@often
@given(st.data(), st.booleans())
def test_a_file_left_out_or_put_in_is_found(data: st.DataObject, anew: bool) -> None:
    whole = dict(data.draw(files))
    name = data.draw(st.sampled_from(sorted(whole)))
    other = name + data.draw(st.sampled_from(["~", "/", " ", "\\x", ".txt"]))
    changed = whole | {other: whole[name]}
    if data.draw(st.booleans()):
        changed = {key: value for key, value in whole.items() if key != name}
    if name == "SHA256SUMS" and anew and other not in changed:
        return  # whoever makes it anew has it again
    verdict, failed = _check(summed(changed) if anew else changed)
    assert (verdict, next(iter(failed))) == ("INVALID", "files")


@often
@given(st.data(), st.booleans())
def test_files_exchanged_are_found(data: st.DataObject, anew: bool) -> None:
    whole = data.draw(files)
    bound = sorted(name for name in whole if _guarded(name) or (not anew and name != "SHA256SUMS"))
    one, other = data.draw(st.sampled_from(bound)), data.draw(st.sampled_from(bound))
    changed = whole | {one: whole[other], other: data.draw(st.sampled_from([whole[one], whole[other]]))}
    if changed != whole:
        verdict, failed = _check(summed(changed) if anew else changed)
        assert verdict == "INVALID"
        assert failed


@often
@given(st.data())
def test_rows_of_the_table_are_those_of_the_events(data: st.DataObject) -> None:
    whole = data.draw(files)
    lines = re.findall(rb"(?:[^\r\n]|\r\nline 2)*\r\n", whole["report.csv"])
    at = data.draw(st.integers(0, len(lines) - 1))
    other = data.draw(st.integers(0, len(lines) - 1))
    how: dict[str, Any] = {
        "drop": [line for n, line in enumerate(lines) if n != at],
        "twice": [*lines[:at], lines[at], *lines[at:]],
        "swap": [lines[{at: other, other: at}.get(n, n)] for n in range(len(lines))],
    }
    changed = b"".join(how[data.draw(st.sampled_from(sorted(how)))])
    if changed != whole["report.csv"]:
        verdict, failed = _check(summed(whole | {"report.csv": changed}))
        assert (verdict, list(failed)) == ("INVALID", ["table"])


@often
@given(st.data())
def test_a_signed_byte_of_a_time_stamp_cannot_be_changed(data: st.DataObject) -> None:
    """What is signed: the stamp's content and its attributes. The certificates beside them are nobody's word."""
    whole = _files(0)
    reply = whole["anchors/7.tsr"]
    start = reply.index(integer(1) + oid(POLICY))
    at = data.draw(st.integers(start, reply.index(b"Z", start)))
    changed = reply[:at] + bytes([reply[at] ^ data.draw(st.integers(1, 255))]) + reply[at + 1 :]
    verdict, failed = _check(summed(whole | {"anchors/7.tsr": changed}))
    assert verdict == "INVALID"
    assert "anchors" in failed


@often
@given(st.binary(max_size=300), st.sampled_from(["policy_text", "tsa_pem", "older", "proof", "bundle"]))
def test_nothing_that_is_brought_makes_it_stumble(junk: bytes, where: str) -> None:
    brought: dict[str, Any] = {"older": log().note(4), "proof": log().request(4)} if where == "proof" else {}
    source = pack(_files(0))
    if where == "bundle":
        cut = len(junk) * 7
        source.seek(cut)
        source.write(junk)
        source.seek(0)
    else:
        brought[where] = junk
    result = verify(source, **brought)
    assert result.verdict == ("INVALID" if not all(check.ok for check in result.checks) else result.verdict)
