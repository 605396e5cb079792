"""Signed notes: the examples of the specification and the reference implementation, and a real log's checkpoint."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from recordings.tlog.checkpoint import parse_note
from recordings.tlog.notes import (
    LOG,
    WITNESS,
    Note,
    NoteError,
    Signature,
    SigningKey,
    VerifierKey,
    format_note,
)
from tests.unit.tlog.examples import (
    COSIGNED,
    COSIGNED_MESSAGE,
    EXAMPLE,
    EXAMPLE_KEY,
    NEUMANN,
    NEUMANN_KEY,
    NEUMANN_SECRET,
    POEM,
    REAL,
    REAL_KEYS,
)


def test_the_specifications_key_verifies_its_note() -> None:
    key = VerifierKey.parse(EXAMPLE_KEY)
    (signed,) = Note.parse(EXAMPLE).verify([key])
    assert (signed.key, signed.time) == (key, None)
    assert (key.name, key.kind, key.key_id.hex(), key.vkey) == ("example.com/foo", 1, "530d903a", EXAMPLE_KEY)


def test_a_text_may_contain_an_empty_line() -> None:
    note = Note.parse(POEM.encode())
    assert note.text.count("\n\n") == 1
    assert note.text.endswith("sera.\n")
    assert [line.name for line in note.signatures] == ["quasimodo.example/salvatore"]
    assert str(note) == POEM


def test_the_reference_implementations_example_is_signed_byte_for_byte() -> None:
    key = SigningKey.parse(NEUMANN_SECRET)
    text, _, _ = NEUMANN.partition("\n\n")
    assert format_note(f"{text}\n", [key.sign(f"{text}\n")]) == NEUMANN
    assert (key.vkey, key.secret()) == (NEUMANN_KEY, NEUMANN_SECRET)


# RFC 8032 section 7.1: tests 1 and 2, whose messages are texts.
@pytest.mark.parametrize(
    ("seed", "public", "text", "signature"),
    [
        (
            "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
            "",
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
            "d25bf5f0595bbe24655141438e7a100b",
        ),
        (
            "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
            "r",
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c"
            "387b2eaeb4302aeeb00d291612bb0c00",
        ),
    ],
)
def test_signatures_are_those_of_rfc_8032(seed: str, public: str, text: str, signature: str) -> None:
    key = SigningKey("rfc8032", LOG, bytes.fromhex(seed))
    assert key.verifier.public.hex() == public
    assert Signature.parse(key.sign(text)).data.hex() == signature


def test_a_real_checkpoint_verifies_with_the_keys_its_log_and_witnesses_publish() -> None:
    keys = [VerifierKey.parse(vkey) for vkey in REAL_KEYS]
    checkpoint, signed = parse_note(REAL, keys)
    assert (checkpoint.origin, checkpoint.size) == ("arche2025h1.staging.ct.transparency.dev", 1_432_088_532)
    assert [one.key.vkey for one in signed] == REAL_KEYS
    assert [one.time for one in signed] == [None, *[1_779_573_024] * 4]


@pytest.mark.parametrize("vkey", REAL_KEYS)
def test_no_signature_of_a_real_checkpoint_verifies_for_another_text(vkey: str) -> None:
    changed = REAL.replace("\n1432088532\n", "\n1432088533\n")
    with pytest.raises(NoteError, match="does not verify"):
        Note.parse(changed).verify([VerifierKey.parse(vkey)])


def test_a_cosignature_signs_the_specified_message() -> None:
    text = Note.parse(COSIGNED).text
    theirs = Note.parse(COSIGNED).signatures[1]
    assert int.from_bytes(theirs.data[:8], "big") == 1_679_315_147
    key = SigningKey("witness.example.com/w1", WITNESS, bytes(range(32)))
    ours = Signature.parse(key.sign(text, 1_679_315_147))
    assert ours.data[:8] == theirs.data[:8]
    assert ours.data[8:] == Ed25519PrivateKey.from_private_bytes(bytes(range(32))).sign(COSIGNED_MESSAGE)
    assert key.verifier.verify(text, ours.data) == 1_679_315_147


def test_a_cosignature_is_bound_to_its_time() -> None:
    key = SigningKey.generate("w.example", WITNESS)
    data = Signature.parse(key.sign("text\n", 1000)).data
    for other in (999).to_bytes(8, "big"), bytes(8), b"\xff" * 8:
        with pytest.raises(NoteError):
            key.verifier.verify("text\n", other + data[8:])
    with pytest.raises(NoteError, match="has no time"):
        key.verifier.verify("text\n", Signature.parse(key.sign("text\n", 0)).data)


@pytest.mark.parametrize("kind", [LOG, WITNESS])
def test_a_keys_id_depends_on_its_kind_and_name(kind: int) -> None:
    key = SigningKey("a.example", kind, bytes(32))
    other = SigningKey("a.example", LOG + WITNESS - kind, bytes(32))
    assert key.verifier.public == other.verifier.public
    assert len({key.key_id, other.key_id, key.named("b.example").key_id}) == 3
    assert key.named("b.example").verifier == key.verifier.named("b.example")
    with pytest.raises(NoteError, match="not signed by any trusted key"):
        Note.parse(format_note("text\n", [key.sign("text\n")])).verify([other.verifier])


def test_lines_of_unknown_keys_are_ignored_and_bad_ones_of_known_keys_are_not() -> None:
    known, stranger = SigningKey.generate("a.example"), SigningKey.generate("b.example")
    same_name = SigningKey.generate("a.example")
    good, bad = known.sign("text\n"), known.sign("another text\n")
    note = Note.parse(format_note("text\n", [stranger.sign("?\n"), same_name.sign("?\n"), good]))
    assert [signed.line for signed in note.verify([known.verifier])] == [good]
    with pytest.raises(NoteError, match=r"The signature of a\.example does not verify"):
        Note.parse(format_note("text\n", [good, bad])).verify([known.verifier])
    with pytest.raises(NoteError, match="not signed by any trusted key"):
        note.verify([])


def test_sixteen_signatures_of_the_largest_kind_are_accepted() -> None:
    key = SigningKey.generate("a.example")
    large = [f"— pq{at}.example {base64.b64encode(bytes([at]) * 4900).decode()}" for at in range(15)]
    assert len(Note.parse(format_note("text\n", [*large, key.sign("text\n")])).verify([key.verifier])) == 1
    with pytest.raises(NoteError, match="at most 100 signatures"):
        Note.parse(format_note("text\n", [key.sign("text\n")] * 101))
    with pytest.raises(NoteError, match="at most 1000000 bytes"):
        Note.parse(format_note("t" * 1_000_000 + "\n", [key.sign("text\n")]))


LINE = EXAMPLE.split("\n")[2]


@pytest.mark.parametrize(
    "note",
    [
        "",
        "\n",
        "\n\n",
        "text\n",
        "text\n\n",
        f"text\n{LINE}\n",
        f"text\n\n{LINE}",
        f"text\n\n{LINE}\n\n",
        f"text\n\n{LINE}\nmore\n",
        f"text\n\n{LINE.replace('— ', '- ')}\n",
        f"text\n\n{LINE.replace('— ', '—')}\n",
        f"text\n\n{LINE.replace('example.com/foo', '')}\n",
        f"text\n\n{LINE.replace('example.com/foo', 'a+b')}\n",
        f"text\n\n{LINE.replace('example.com/foo', 'a b')}\n",
        f"text\n\n{LINE.replace('example.com/foo', 'a　b')}\n",
        f"text\n\n{LINE} \n",
        f"text\n\n{LINE[:-1]}\n",
        f"text\n\n{LINE[:-5]}=A==\n",
        "text\n\n— a.example AAAAAA==\n",
        "text\n\n— a.example AAAAAB==\n",
        "text\n\n— a.example\n",
        f"te\rxt\n\n{LINE}\n",
        f"te\x00xt\n\n{LINE}\n",
        f"te\txt\n\n{LINE}\n",
        f"text\ud800\n\n{LINE}\n",
        b"text\xff\n\n" + LINE.encode() + b"\n",
    ],
)
def test_a_malformed_note_is_refused(note: str | bytes) -> None:
    with pytest.raises(NoteError):
        Note.parse(note)


@pytest.mark.parametrize(
    "vkey",
    [
        "",
        "a.example",
        "a.example+00000000",
        EXAMPLE_KEY.replace("530d903a", "530d903b"),
        EXAMPLE_KEY.replace("530d903a", "530D903A"),
        EXAMPLE_KEY.replace("example.com/foo", "example.com/fo"),
        EXAMPLE_KEY.replace("example.com/foo", "example.com foo"),
        EXAMPLE_KEY.replace("example.com/foo", "\ud800"),
        EXAMPLE_KEY[:-1],
        EXAMPLE_KEY + "AAAA",
        "a.example+00000000+",
        "rekor.sigstore.dev+12345678+THIS_IS_NOT_BASE64!",
        "rekor.sigstore.dev+12345678+AwEB",
    ],
)
def test_a_malformed_key_is_refused(vkey: str) -> None:
    with pytest.raises(NoteError):
        VerifierKey.parse(vkey)


@pytest.mark.parametrize(
    "secret",
    ["", NEUMANN_KEY, NEUMANN_SECRET[:-1], NEUMANN_SECRET + "AAAA", NEUMANN_SECRET.replace("c7", "c8")],
)
def test_a_broken_private_key_is_refused_without_being_quoted(secret: str) -> None:
    with pytest.raises(NoteError) as refused:
        SigningKey.parse(secret)
    assert "EKFALVFGyNhPJEM" not in str(refused.value) + repr(refused.value.__context__)


def test_a_private_keys_repr_is_its_public_key() -> None:
    assert repr(SigningKey.parse(NEUMANN_SECRET)) == f"<SigningKey {NEUMANN_KEY}>"


@given(
    st.text(st.characters(min_codepoint=32, exclude_categories=["Cs"]) | st.just("\n")).map(
        lambda text: text + "\n"
    )
)
def test_every_note_round_trips(text: str) -> None:
    key = SigningKey("a.example", LOG, bytes(32))
    parsed = Note.parse(format_note(text, [key.sign(text)]).encode())
    assert parsed.text == text
    assert len(parsed.verify([key.verifier])) == 1


@given(st.binary() | st.text().map(lambda text: f"{text}\n\n{LINE}\n".encode("utf-8", "surrogatepass")))
def test_any_bytes_are_a_note_or_refused(data: bytes) -> None:
    try:
        note = Note.parse(data)
    except NoteError:
        return
    assert str(note).encode() == data


@given(st.text() | st.text().map(lambda name: EXAMPLE_KEY.replace("example.com/foo", name)))
def test_any_text_is_a_key_or_refused(text: str) -> None:
    try:
        key = VerifierKey.parse(text)
    except NoteError:
        return
    assert key.vkey == text
