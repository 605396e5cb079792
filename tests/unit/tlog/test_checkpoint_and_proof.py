"""Checkpoints and proofs as texts: the specifications' examples, refused texts, and round trips."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recordings.tlog import merkle
from recordings.tlog.checkpoint import Checkpoint, parse, parse_note
from recordings.tlog.merkle import ProofError
from recordings.tlog.notes import NoteError, SigningKey
from recordings.tlog.proof import Proof, format_proof, parse_proof
from tests.unit.tlog.grown import ORIGIN, checkpoint, leaves, note

# The examples of C2SP tlog-checkpoint and tlog-proof, copied exactly.
SOFA = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
FANCY = """c2sp.org/tlog-proof@v1
extra YWdlLXYxLjIuMS1kYXJ3aW4tYXJtNjQudGFyLmd6kYXJ3aW4tYXJ
index 73894
gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=
B95lDa8R83lS8n0eG+o0buTxRKQTYFi//1U8anccXmA=
EKNzoDWG8LGC0Yp9o+sv3qllpMP9uHQ9B20KNL+Q1zs=
RoopEkOdqkYqMB4MJXrbt/hMjOxsVn0IrWjpz1ZMMes=
AHCioX9nLjsrse6YhjRRmk1WUEirVOLLRoOQ6vfO5vk=

example.com/fancylog
109482
sFodV/vSp5O8n9a8QpW6PRY97tfOSW5bsc2Xl/EQi08=

— example.com/fancylog hI2DJw[...]1roloI=
— witness1.example mJirIklj[...]qY9v2B/5bg==
— witness2.example TnKKVHLX[...]xwYwrSjgow==
— witness3.example S4X82uH5[...]3oEcROGLFQ==
"""
ROOT = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="


def test_the_specifications_checkpoint_round_trips() -> None:
    parsed = parse(SOFA)
    assert (parsed.origin, parsed.size, parsed.extensions) == ("example.com/behind-the-sofa", 20_852_163, ())
    assert parsed.text() == SOFA


def test_extension_lines_are_kept() -> None:
    parsed = parse(f"{SOFA}one\ntwo words\n")
    assert parsed.extensions == ("one", "two words")
    assert parsed.text() == f"{SOFA}one\ntwo words\n"


def test_a_signed_checkpoint_round_trips() -> None:
    key = SigningKey.generate(ORIGIN)
    found, signed = parse_note(note(5, key), [key.verifier])
    assert (found, [one.key for one in signed]) == (checkpoint(5), [key.verifier])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        "origin\n1\n",
        f"origin\n1\n{ROOT}",
        f"\n1\n{ROOT}\n",
        f"origin\n01\n{ROOT}\n",
        f"origin\n-1\n{ROOT}\n",
        f"origin\n+1\n{ROOT}\n",
        f"origin\n1 \n{ROOT}\n",
        f"origin\n1_0\n{ROOT}\n",
        f"origin\n١\n{ROOT}\n",
        f"origin\n\n{ROOT}\n",
        f"origin\n9223372036854775808\n{ROOT}\n",
        f"origin\n{'9' * 5000}\n{ROOT}\n",
        f"origin\n1\n{ROOT[:-4]}\n",
        f"origin\n1\n{ROOT} \n",
        f"origin\n1\n{ROOT[:-2]}J=\n",
        f"origin\n1\n{ROOT.replace('/', '_')}\n",
        f"origin\n1\n{ROOT}\n\n",
        f"origin\n1\n{ROOT}\n\nmore\n",
    ],
)
def test_a_malformed_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(NoteError):
        parse(text)


@pytest.mark.parametrize(
    "parts", [("", 1, bytes(32)), ("a\nb", 1, bytes(32)), ("a", -1, bytes(32)), ("a", 1, bytes(31))]
)
def test_values_that_a_checkpoint_cannot_express_are_refused(parts: tuple[str, int, bytes]) -> None:
    with pytest.raises(NoteError):
        Checkpoint(*parts)


LINES = st.text(min_size=1).filter(lambda line: "\n" not in line)


@given(LINES, st.integers(0, 2**63 - 1), st.binary(min_size=32, max_size=32), st.lists(LINES, max_size=3))
def test_every_checkpoint_round_trips(origin: str, size: int, root: bytes, extensions: list[str]) -> None:
    made = Checkpoint(origin, size, root, tuple(extensions))
    assert parse(made.text()) == made


@given(st.text() | st.text().map(lambda more: f"{more}\n1\n{ROOT}\n{more}\n"))
def test_any_text_is_a_checkpoint_or_refused(text: str) -> None:
    try:
        parsed = parse(text)
    except NoteError:
        return
    assert parsed.text() == text


def test_the_specifications_proof_round_trips() -> None:
    proof = parse_proof(FANCY)
    assert (proof.index, len(proof.path)) == (73_894, 5)
    assert proof.extra.startswith(b"age-v1.2.1-darwin-arm64.tar.gz")
    assert proof.note.startswith("example.com/fancylog\n109482\n")
    assert format_proof(proof.index, proof.path, proof.note, proof.extra) == FANCY


def test_a_proof_verifies() -> None:
    key = SigningKey.generate(ORIGIN)
    text = format_proof(3, merkle.inclusion_path(leaves(10), 3), note(10, key))
    proof = parse_proof(text)
    head, _ = parse_note(proof.note, [key.verifier])
    merkle.check_inclusion(leaves(10)[3], proof.index, head.size, proof.path, head.root)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "c2sp.org/tlog-proof@v1",
        "c2sp.org/tlog-proof@v1\n\nnote\n",
        "c2sp.org/tlog-proof@v1\nindex 0\n",
        "c2sp.org/tlog-proof@v2\nindex 0\n\nnote\n",
        "c2sp.org/tlog-proof@v1\nindex 00\n\nnote\n",
        "c2sp.org/tlog-proof@v1\nindex  0\n\nnote\n",
        "c2sp.org/tlog-proof@v1\nindex\n\nnote\n",
        "c2sp.org/tlog-proof@v1\nextra \nindex 0\n\nnote\n",
        "c2sp.org/tlog-proof@v1\nextra AA\nindex 0\n\nnote\n",
        "c2sp.org/tlog-proof@v1\nindex 0\nextra AAAA\n\nnote\n",
        "c2sp.org/tlog-proof@v1\nextra AAAA\nextra AAAA\nindex 0\n\nnote\n",
        "c2sp.org/tlog-proof@v1\nindex 0\nAAAA\n\nnote\n",
        "c2sp.org/tlog-proof@v1\r\nindex 0\r\n\r\nnote\n",
        "c2sp.org/tlog-proof@v1\nindex 0\n" + f"{ROOT}\n" * 64 + "\nnote\n",
    ],
)
def test_a_malformed_proof_is_refused(text: str) -> None:
    with pytest.raises(ProofError):
        parse_proof(text)


@given(
    st.integers(0, 2**63 - 1),
    st.lists(st.binary(min_size=32, max_size=32), max_size=63).map(tuple),
    st.text(),
    st.binary(),
)
def test_every_proof_round_trips(
    index: int, path: tuple[bytes, ...], checkpoint_note: str, extra: bytes
) -> None:
    text = format_proof(index, path, checkpoint_note, extra)
    assert parse_proof(text) == Proof(index, path, checkpoint_note, extra)


@given(st.text() | st.text().map(lambda more: f"c2sp.org/tlog-proof@v1\n{more}\n\nnote\n"))
def test_any_text_is_a_proof_or_refused(text: str) -> None:
    try:
        proof = parse_proof(text)
    except ProofError:
        return
    assert format_proof(proof.index, proof.path, proof.note, proof.extra) == text
