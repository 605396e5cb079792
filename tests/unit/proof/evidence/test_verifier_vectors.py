"""The verifier's arithmetic: RFC 8032's vectors, RFC 9162's tree, the C2SP examples, and real authorities' stamps."""

import hashlib
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given, settings
from hypothesis import strategies as st
from rfc3161_client import decode_timestamp_response

from recordings.proof.evidence.check import verify_audit as v
from tests.forge_parts import START, Tree
from tests.forge_stamps import Stamper
from tests.forgeries.policies import SMALL
from tests.stopwatch import cost
from tests.thorough import examples

# RFC 8032 7.1, TEST 1, 2, 3 and SHA(abc): public key, message, signature.
RFC_8032 = [
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
        "d25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c"
        "387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc659"
        "4a7c15e9716ed28dc027beceea1ec40a",
    ),
    (
        "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
        hashlib.sha512(b"abc").hexdigest(),
        "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e030"
        "3dca179c138ac17ad9bef1177331a704",
    ),
]
L = 2**252 + 27742317777372353535851937790883648493


@pytest.mark.parametrize(("public", "message", "signature"), RFC_8032)
def test_rfc_8032(public: str, message: str, signature: str) -> None:
    key, text, signed = bytes.fromhex(public), bytes.fromhex(message), bytes.fromhex(signature)
    assert v.verifies(key, text, signed)
    assert not v.verifies(key, text + b"x", signed)
    assert not v.verifies(key, text, signed[:-1])
    s = int.from_bytes(signed[32:], "little")
    assert not v.verifies(key, text, signed[:32] + (s + L).to_bytes(32, "little")), "a second form of S"


@pytest.mark.parametrize(
    "point",
    [
        (2**255 - 19 + 1).to_bytes(32, "little"),  # y = 1, written as p + 1
        (2).to_bytes(32, "little"),  # no x fits
        (1 + 2**255).to_bytes(32, "little"),  # x = 0 with a sign
    ],
)
def test_what_is_no_point_is_no_key(point: bytes) -> None:
    with pytest.raises(v.Malformed):
        v.verifies(point, b"", bytes(64))


@settings(max_examples=examples(40), deadline=None)
@given(st.binary(min_size=32, max_size=32), st.binary(max_size=64), st.integers(0, 511))
def test_it_agrees_with_openssl(seed: bytes, message: bytes, bit: int) -> None:
    key = Ed25519PrivateKey.from_private_bytes(seed)
    public, signature = key.public_key().public_bytes_raw(), key.sign(message)
    assert v.verifies(public, message, signature)
    flipped = bytearray(signature)
    flipped[bit // 8] ^= 1 << bit % 8
    with pytest.raises(InvalidSignature):
        Ed25519PublicKey.from_public_bytes(public).verify(bytes(flipped), message)
    assert not v.verifies(public, message, bytes(flipped))


def test_a_signature_costs_no_inversion_a_step() -> None:
    """Some 500 points are doubled or added: an inversion modulo p for each would make a bundle wait for minutes."""
    public, message, signature = (bytes.fromhex(text) for text in RFC_8032[0])
    p = 2**255 - 19
    inversions = cost(lambda: [pow(number, p - 2, p) for number in range(2, 102)]) / 100
    assert cost(lambda: v.verifies(public, message, signature)) < 200 * inversions


def test_the_signed_note_of_c2sp() -> None:
    vkey = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
    (key,) = v.Policy(f"log {vkey}\nquorum none\n".encode()).logs
    line = "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM="
    signature = v.unbase64(line)
    assert signature[:4] == key.id
    assert v.verifies(key.public, b"This is an example message.\n", signature[4:])


# The eight leaves and roots that RFC 6962 implementations share since Certificate Transparency began.
LEAVES = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


@pytest.mark.parametrize("size", range(1, 9))
def test_the_known_roots(size: int) -> None:
    root = bytes.fromhex(ROOTS[size - 1])
    tree = Tree(LEAVES)
    assert tree.root(0, size) == root
    for n in range(size):
        assert v.is_included(LEAVES[n], n, size, tree.path(n, 0, size), root)


def test_every_inclusion_to_64() -> None:
    leaves = [bytes([n]) for n in range(64)]
    tree = Tree(leaves)
    for size in range(1, 65):
        root = tree.root(0, size)
        for n in range(size):
            path = tree.path(n, 0, size)
            assert v.is_included(leaves[n], n, size, path, root)
            assert not _holds(v.is_included, leaves[n], n, size, [*path, bytes(32)], root)
            assert not _holds(v.is_included, leaves[n], n, size, path[:-1], root) or not path
            assert not _holds(v.is_included, leaves[n] + b"x", n, size, path, root)
            assert not _holds(v.is_included, leaves[n], n + 1, size, path, root)


def test_every_consistency_to_64() -> None:
    tree = Tree([bytes([n]) for n in range(64)])
    roots = {size: tree.root(0, size) for size in range(1, 65)}
    for new in range(1, 65):
        for old in range(1, new + 1):
            path = tree.consistency(old, 0, new)
            assert v.is_consistent(old, roots[old], new, roots[new], path)
            assert not _holds(v.is_consistent, old, roots[old], new, roots[new], [*path, bytes(32)])
            assert not _holds(v.is_consistent, old, bytes(32), new, roots[new], path)
            assert not _holds(v.is_consistent, old, roots[old], new, bytes(32), path)
            if path:
                assert not _holds(v.is_consistent, old, roots[old], new, roots[new], path[:-1])
            if old < new:
                assert not _holds(v.is_consistent, new, roots[new], old, roots[old], path)


def test_subtrees_between_any_leaves_of_33() -> None:
    """The proof of all shipped leaves together, for each choice of two of them."""
    leaves = [bytes([n]) for n in range(33)]
    tree = Tree(leaves)
    for one in range(33):
        for other in range(one, 33):
            subtrees, before = v.Subtrees(), -1
            for n in sorted({one, other, 32}):
                gap = tree.between(before, n)
                if gap:
                    assert not v.Subtrees.skip(_copy(subtrees), n, gap[:-1])
                    assert not v.Subtrees.skip(_copy(subtrees), n, [*gap, bytes(32)])
                assert subtrees.skip(n, gap)
                subtrees.push(0, v.leaf_hash(leaves[n]))
                before = n
            assert subtrees.root() == tree.root(0, 33)
            assert subtrees.count == 33


def _copy(subtrees: v.Subtrees) -> v.Subtrees:
    other = v.Subtrees()
    other.count, other.stack = subtrees.count, list(subtrees.stack)
    return other


def _holds(check: object, *values: object) -> bool:
    """A proof that is too long may be refused in a sentence as well."""
    assert callable(check)
    try:
        return bool(check(*values))
    except v.Malformed:
        return False


# Points of order 1, 2, 4 and 8, and one of the large order.
@pytest.mark.parametrize("name", SMALL)
def test_points_of_small_order(name: str) -> None:
    assert v.is_of_small_order(v.decode_point(SMALL[name]))


@given(st.binary(min_size=32, max_size=32))
def test_a_key_that_somebody_made_is_of_large_order(seed: bytes) -> None:
    public = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
    assert not v.is_of_small_order(v.decode_point(public))


KEYS = st.text(st.characters(max_codepoint=126))
VALUES = st.recursive(
    st.text() | st.integers(-(2**53) + 1, 2**53 - 1),
    lambda inner: st.lists(inner) | st.dictionaries(KEYS, inner),
)


@given(VALUES)
def test_canonical_json_is_what_a_library_writes(value: object) -> None:
    text = rfc8785.dumps({"value": value})
    assert v.read_json(text, "it") == {"value": value}


@given(st.text(alphabet='{}[]",:\\019-.e tnu\nä', max_size=40))
def test_what_is_read_as_json_is_canonical(text: str) -> None:
    try:
        value = v.read_json(text.encode(), "it")
    except v.Malformed:
        return
    assert rfc8785.dumps(value).decode() == text


@given(st.datetimes())
def test_times(time: datetime) -> None:
    text = time.strftime("%Y-%m-%dT%H:%M:%S.%fZ").rjust(27, "0")
    assert v.is_time(text)
    assert not v.is_time(text[:-1])
    assert not v.is_time(text.replace("T", " "))


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        ("a/audit", "a/audit/2"),
        ("a/audit/2", "a/audit/3"),
        ("a/audit/9", "a/audit/10"),
        ("a/1", "a/1/2"),
        ("a/0", "a/0/2"),
        ("a/02", "a/02/2"),
        ("a/2/2", "a/2/3"),
        ("a/2", "a/2/2"),
    ],
)
def test_successors(earlier: str, later: str) -> None:
    assert v.is_successor(later, earlier)


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        ("a/audit", "a/audit"),
        ("a/audit", "a/audit/3"),
        ("a/audit", "a/audit/02"),
        ("a/audit/2", "a/audit/4"),
        ("a/audit/02", "a/audit/3"),
        ("a/1", "a/2"),
        ("a/audit", "b/audit/2"),
    ],
)
def test_no_successors(earlier: str, later: str) -> None:
    assert not v.is_successor(later, earlier)


def test_forged_stamps_are_what_others_read_as_stamps() -> None:
    reply = Stamper().stamp(b"note", START)
    info = decode_timestamp_response(reply).tst_info
    assert info.gen_time == START
    assert info.message_imprint.message == hashlib.sha256(b"note").digest()


_OPENSSL = """
[req]
distinguished_name = name
prompt = no
[name]
CN = An RSA authority
[stamping]
extendedKeyUsage = critical, timeStamping
[authority]
serial = serial
signer_cert = tsa.pem
signer_key = tsa.key
default_policy = 1.3.6.1.4.1.99999.1
digests = sha256
signer_digest = {digest}
"""


@pytest.mark.parametrize("digest", ["sha256", "sha384", "sha512"])
def test_a_stamp_that_openssl_made(tmp_path: Path, digest: str) -> None:
    (tmp_path / "cnf").write_text(_OPENSSL.format(digest=digest))
    (tmp_path / "serial").write_text("01\n")
    (tmp_path / "note").write_bytes(b"note")
    for command in (
        "req -x509 -newkey rsa:2048 -nodes -keyout tsa.key -out tsa.pem -config cnf -extensions stamping",
        "ts -query -data note -sha256 -cert -out query",
        "ts -reply -config cnf -section authority -queryfile query -out reply",
    ):
        subprocess.run(["openssl", *command.split()], cwd=tmp_path, check=True, capture_output=True)
    keys = v.rsa_keys((tmp_path / "tsa.pem").read_bytes())
    stamped, trusted = v.read_stamp((tmp_path / "reply").read_bytes(), b"note", keys)
    assert trusted
    time = datetime.fromisoformat(stamped)
    assert abs(time - datetime.now(UTC)) < timedelta(seconds=60)
    with pytest.raises(v.Malformed):
        v.read_stamp((tmp_path / "reply").read_bytes(), b"another", keys)
