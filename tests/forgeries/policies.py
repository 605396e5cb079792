"""Policies: what is one, what is none, and keys that nobody should trust (T23)."""

from collections.abc import Callable

from tests.forge import AUDITOR, INTERNAL
from tests.forge_parts import Signer, b64, sha
from tests.forge_zip import pack
from tests.forgeries.base import MAKERS, SELF_SIGNED, WITNESSED, Case, bad, files_of, forged, log

# Points of small order: the neutral element, one of order 2, 4 and 8, each in its canonical encoding.
SMALL = {
    "1": (1).to_bytes(32, "little"),
    "2": (2**255 - 20).to_bytes(32, "little"),
    "4": bytes(32),
    "8": bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
}


def _vkey(name: str, kind: int, public: bytes) -> str:
    key = bytes([kind]) + public
    key_id = sha(name.encode() + b"\n" + key)[:4].hex()
    return f"{name}+{key_id}+{b64(key)}"


def _unusable() -> dict[str, str | bytes]:
    """Policies that are none."""
    good, key = log().policy(), Signer("x", 4, "y").vkey
    members = " ".join(f"m{n}" for n in range(101))
    many = "".join(f"witness m{n} {Signer(f'm{n}', 4).vkey}\n" for n in range(101))
    small = {
        f"with_a_witness_of_order_{n}": good + f"witness w2 {_vkey('w', 4, key)}\n"
        for n, key in SMALL.items()
    }
    return small | {
        "with_a_log_of_small_order": good + f"log {_vkey('x', 1, SMALL['4'])}\n",
        "with_a_key_that_is_not_canonical": good
        + f"log {_vkey('x', 1, (2**255 - 18).to_bytes(32, 'little'))}\n",
        "with_a_key_that_is_no_point": good + f"log {_vkey('x', 1, (2).to_bytes(32, 'little'))}\n",
        "empty": "",
        "of_a_zip": b"PK\3\4\0",
        "without_quorum": good.replace("quorum enough\n", ""),
        "with_two_quorums": good + "quorum none\n",
        "with_a_quorum_of_nobody": good.replace("quorum enough", "quorum nobody"),
        "with_a_group_of_nobody": good.replace("any w0 w1", "any w0 w2"),
        "with_an_empty_group": good.replace("any w0 w1", "any"),
        "with_a_group_of_101": good + many + f"group large any {members}\n",
        "with_a_group_of_itself": good.replace("any w0 w1", "any w0 enough"),
        "with_too_high_a_number": good.replace("any w0 w1", "3 w0 w1"),
        "with_zero": good.replace("any w0 w1", "0 w0 w1"),
        "with_a_zero_before": good.replace("any w0 w1", "01 w0 w1"),
        "with_a_word_for_a_number": good.replace("any w0 w1", "some w0 w1"),
        "with_a_member_twice": good.replace("any w0 w1", "2 w0 w0"),
        "with_a_member_of_two_groups": good + "group more any w0\n",
        "with_none_as_a_member": good.replace("any w0 w1", "any w0 none"),
        "with_a_name_twice": good + f"witness w0 {key}\n",
        "with_a_group_of_a_known_name": good + "group w0 any enough\n",
        "with_a_witness_called_none": good + f"witness none {key}\n",
        "with_a_key_twice": good + f"witness w2 {AUDITOR.vkey}\n",
        "with_a_log_twice": good + f"log {log().key.vkey}\n",
        "with_a_key_id_of_another": good.replace(AUDITOR.id.hex(), INTERNAL.id.hex()),
        "with_a_key_cut_short": good.replace(AUDITOR.vkey, AUDITOR.vkey[:-4]),
        "with_a_key_without_name": good + "log +00000000+AAAA\n",
        "with_a_key_without_data": good + "log x+00000000+\n",
        "with_a_word_too_many": good.replace("quorum enough", "quorum enough now"),
        "with_an_unknown_line": good + "trust me\n",
        "with_a_control_character": good + "# \x07\n",
        "with_carriage_returns_alone": good.replace("\n", "\r"),
        "that_is_no_utf8": good.encode() + b"# \xff\n",
        "with_a_byte_order_mark_within": good + "\ufefflog x\n",
    }


def _unusable_case(name: str) -> Callable[[], Case]:
    return lambda: bad(files_of("all"), "policy", policy=_unusable()[name])


MAKERS.update({f"policy_{name}": _unusable_case(name) for name in _unusable()})


def _usable() -> dict[str, tuple[str, str]]:
    """Policies that are read, and the verdict under each."""
    good = log().policy()
    mldsa = _vkey("w", 6, bytes(1312))
    members = " ".join(f"m{n}" for n in range(99))
    many = "".join(f"witness m{n} {Signer(f'm{n}', 4).vkey}\n" for n in range(99))
    return {
        "with_crlf": (good.replace("\n", "\r\n"), WITNESSED),
        "with_a_byte_order_mark": ("\ufeff" + good, WITNESSED),
        "of_windows_notepad": ("\ufeff" + good.replace("\n", "\r\n"), WITNESSED),
        "with_tabs_comments_and_spaces": (
            ("\n \t# c\n" + good.replace(" ", " \t ").replace("\n", "  \n") + "\t\n# ünï\n").rstrip("\n"),
            WITNESSED,
        ),
        "with_an_unknown_witness_key": (good + f"witness w2 {mldsa}\n", WITNESSED),
        "with_an_unknown_log_key": (good + f"log {mldsa}\n", WITNESSED),
        "with_a_log_key_as_witness": (good + f"witness w2 {Signer('x').vkey}\n", WITNESSED),
        "with_a_witness_key_as_log": (good + f"log {Signer('x', 4, 'y').vkey}\n", WITNESSED),
        "with_an_unknown_witness_in_a_group": (
            good.replace("group", f"witness w2 {mldsa}\ngroup").replace("any w0 w1", "2 w0 w1 w2"),
            WITNESSED,
        ),
        "with_the_key_of_another_epoch": (
            good + f"log {Signer(log().origin + '/2', seed=log().origin).vkey}\n",
            WITNESSED,
        ),
        "with_a_group_of_100": (
            good.replace("group enough any w0 w1", many + f"group enough any w0 {members}"),
            "WITNESSED by w0",
        ),
        "with_nested_groups": (
            log().policy("group a all w0\ngroup b 1 w1\ngroup both 2 a b\nquorum both\n"),
            WITNESSED,
        ),
        "with_one_witness_asked_for": (log().policy("quorum w1\n"), "WITNESSED by w1"),
        "without_quorum_none": (log().policy("quorum none\n"), SELF_SIGNED),
    }


def _usable_case(name: str) -> Callable[[], Case]:
    def make() -> Case:
        policy, verdict = _usable()[name]
        return Case(pack(files_of("all")).getvalue(), "", verdict, {"policy": policy})

    return make


MAKERS.update({f"policy_{name}": _usable_case(name) for name in _usable()})


@forged
def _policy_that_asks_for_an_unknown_witness() -> Case:
    """A skipped key counts as one that has not signed."""
    policy = log().policy(f"witness w2 {_vkey('w', 6, bytes(9))}\ngroup all all w0 w1 w2\nquorum all\n")
    return bad(files_of("all"), "witnesses", policy=policy)


@forged
def _policy_for_another_log() -> Case:
    policy = log().policy().replace(log().key.vkey, Signer("elsewhere.example").vkey)
    return bad(files_of("all"), "checkpoint", policy=policy)


@forged
def _policy_that_is_the_bundles_own() -> Case:
    """T5: the bundle's own policy passed back to it."""
    files = files_of("all")
    said = "your policy, which is the same as the bundle’s; "
    said += "if you took it from there, only the bundle’s maker vouches for it"
    return Case(pack(files).getvalue(), "", WITNESSED, {"policy": files["policy.txt"]}, {"Trust": said})


@forged
def _policy_of_ones_own() -> Case:
    policy = log().policy() + "# mine\n"
    return Case(
        pack(files_of("all")).getvalue(),
        "",
        WITNESSED,
        {"policy": policy},
        {"Trust": "your policy"},
    )


@forged
def _policy_of_the_bundle_that_is_none() -> Case:
    return Case(pack(files_of("all") | {"policy.txt": b"hello\n"}).getvalue(), "policy")


@forged
def _policy_of_the_bundle_that_is_none_beside_a_good_one() -> Case:
    files = files_of("all") | {"policy.txt": b"hello\n"}
    return Case(pack(files).getvalue(), "", WITNESSED, {"policy": log().policy()})
