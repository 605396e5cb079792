"""The trust policy: the specification's example, its rules one by one, and checkpoints checked under it."""

from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recordings.tlog.notes import LOG, WITNESS, NoteError, SigningKey, format_note
from recordings.tlog.policy import Policy, PolicyError
from tests.unit.tlog.grown import ORIGIN, checkpoint

LOG_KEY = SigningKey.generate(ORIGIN)
NAMES = ("X1", "X2", "X3", "Y1", "Y2", "Y3")
KEYS = {name: SigningKey.generate(f"{name.lower()}.example", WITNESS) for name in NAMES}
EXAMPLE = f"""
log {LOG_KEY.vkey}

witness X1 {KEYS["X1"].vkey}
witness X2 {KEYS["X2"].vkey}
witness X3 {KEYS["X3"].vkey}
group X-witnesses 2 X1 X2 X3

witness Y1 {KEYS["Y1"].vkey}
witness Y2 {KEYS["Y2"].vkey}
witness Y3 {KEYS["Y3"].vkey}
group Y-witnesses any Y1 Y2 Y3

group X-and-Y all X-witnesses Y-witnesses
quorum X-and-Y
"""
W1, W2 = f"witness w1 {KEYS['X1'].vkey}\n", f"witness w2 {KEYS['X2'].vkey}\n"


@pytest.mark.parametrize(
    ("names", "met"),
    [
        ((), False),
        (("X1", "X2"), False),
        (("X1", "Y1"), False),
        (("Y1", "Y2", "Y3"), False),
        (("X1", "X3", "Y2"), True),
        (NAMES, True),
        (("X1", "Z", "Y1"), False),
        (("X-and-Y", "X-witnesses", "Y-witnesses"), False),
    ],
)
def test_the_specifications_example(names: tuple[str, ...], met: bool) -> None:
    policy = Policy.parse(EXAMPLE)
    assert policy.met_by(set(names)) is met
    assert [party.key for party in policy.logs] == [LOG_KEY.verifier]
    assert {name: who.key for name, who in policy.witnesses.items()} == {
        n: k.verifier for n, k in KEYS.items()
    }


def test_urls_comments_blanks_and_tabs() -> None:
    policy = Policy.parse(
        f"# ours\n \t\n  # again\n\tlog\t{LOG_KEY.vkey}  https://portal.example.com/log/ \n"
        f"{W1.strip()} https://w.example\nquorum w1"
    )
    assert policy.logs[0].url == "https://portal.example.com/log/"
    assert policy.witnesses["w1"].url == "https://w.example"
    assert [policy.met_by(names) for names in ((), ("w1",))] == [False, True]


def test_no_quorum_needs_no_witness_and_no_log() -> None:
    assert Policy.parse("quorum none\n").met_by(()) is True


def test_names_are_octets() -> None:
    kelvin, broken = "\u212a".encode(), b"\xff\xfe"
    policy = Policy.parse(
        b"witness K "
        + KEYS["X1"].vkey.encode()
        + b"\nwitness "
        + kelvin
        + b" "
        + KEYS["X2"].vkey.encode()
        + b"\nwitness "
        + broken
        + b" "
        + KEYS["X3"].vkey.encode()
        + b"\ngroup all all K "
        + kelvin
        + b"\nquorum all\n"
    )
    assert len(policy.witnesses) == 3
    assert [policy.met_by(names) for names in (("K",), ("K", "\u212a"))] == [False, True]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", None),
        ("quorum none\nquorum none\n", 2),
        ("quorum\n", 1),
        ("quorum none none\n", 1),
        ("quorum w1\n" + W1, 1),
        (W1 + "quorum w2\n", 2),
        ("log\nquorum none\n", 1),
        (f"log {LOG_KEY.vkey} url more\nquorum none\n", 1),
        (f"log {KEYS['X1'].vkey}\nquorum none\n", 1),
        (f"log {LOG_KEY.vkey}x\nquorum none\n", 1),
        (f"log {LOG_KEY.vkey}\nlog {LOG_KEY.vkey}\nquorum none\n", 2),
        ("witness\nquorum none\n", 1),
        ("witness w1\nquorum none\n", 1),
        (f"witness w1 {LOG_KEY.vkey}\nquorum none\n", 1),
        (W1 + W1.replace("w1", "w2") + "quorum none\n", 2),
        (W1 + W2.replace("w2", "w1") + "quorum none\n", 2),
        (W1.replace("w1", "none") + "quorum none\n", 1),
        (W1 + "group g\nquorum g\n", 2),
        (W1 + "group g all\nquorum g\n", 2),
        (W1 + "group g 1\nquorum g\n", 2),
        (W1 + "group g 0 w1\nquorum g\n", 2),
        (W1 + "group g 2 w1\nquorum g\n", 2),
        (W1 + "group g 01 w1\nquorum g\n", 2),
        (W1 + "group g some w1\nquorum g\n", 2),
        (W1 + "group w1 all w1\nquorum g\n", 2),
        (W1 + "group none all w1\nquorum g\n", 2),
        (W1 + "group g all none\nquorum g\n", 2),
        (W1 + "group g all w1 w1\nquorum g\n", 2),
        (W1 + "group g all g\nquorum g\n", 2),
        (W1 + "group g all w2\n" + W2 + "quorum g\n", 2),
        (W1 + W2 + "group g all w1\ngroup h all w1 w2\nquorum h\n", 4),
        ("Log\nquorum none\n", 1),
        ("quorum none # all of them\n", 1),
        ("quorum none\r\n", 1),
        ("quorum\x0bnone\n", 1),
        ("quorum none\n\x7f\n", 2),
        ("quorum\u00a0none\n", 1),
        ("\n" * 400, None),
    ],
    ids=map(str, count(1)),  # keys differ between processes, but test names must not
)
def test_a_broken_rule_is_refused_and_its_line_named(text: str, line: int | None) -> None:
    with pytest.raises(PolicyError, match=f"^Line {line} of the policy: " if line else "^(The|A) policy "):
        Policy.parse(text)


def test_32_of_each_are_accepted() -> None:
    lines = [f"log {SigningKey.generate(f'log{at}.example').vkey}" for at in range(32)]
    lines += [f"witness w{at} {SigningKey.generate('w.example', WITNESS).vkey}" for at in range(32)]
    lines += ["group g0 all w0", *[f"group g{at} all g{at - 1} w{at}" for at in range(1, 32)], "quorum g31"]
    policy = Policy.parse("\n".join(lines))
    everyone = {f"w{at}" for at in range(32)}
    assert policy.met_by(everyone) is True
    assert not any(policy.met_by(everyone - {name}) for name in everyone)


def _signed(*keys: SigningKey) -> str:
    text = checkpoint(7).text()
    return format_note(text, [key.sign(text, 1000) for key in keys])


def test_a_checkpoint_is_checked() -> None:
    policy = Policy.parse(EXAMPLE)
    checked = policy.check(_signed(LOG_KEY, KEYS["Y2"], KEYS["X1"]))
    assert (checked.checkpoint, checked.log, checked.quorum_met) == (checkpoint(7), LOG_KEY.verifier, False)
    assert {name: signed.time for name, signed in checked.witnesses.items()} == {"X1": 1000, "Y2": 1000}
    assert policy.check(_signed(LOG_KEY, KEYS["Y2"], KEYS["X1"], KEYS["X2"])).quorum_met is True


def test_a_witness_that_signs_twice_counts_once() -> None:
    policy = Policy.parse(W1 + W2 + f"log {LOG_KEY.vkey}\ngroup g 2 w1 w2\nquorum g\n")
    assert policy.check(_signed(LOG_KEY, KEYS["X1"], KEYS["X1"])).quorum_met is False


def test_witnesses_without_the_log_are_not_enough() -> None:
    policy = Policy.parse(EXAMPLE)
    with pytest.raises(NoteError, match=f"No trusted log key signed this checkpoint of {ORIGIN}"):
        policy.check(_signed(*KEYS.values()))
    with pytest.raises(NoteError, match="not signed by any trusted key"):
        policy.check(_signed(SigningKey.generate(ORIGIN)))


def test_a_log_key_counts_only_for_its_own_origin() -> None:
    other = SigningKey.generate("other.example", LOG)
    policy = Policy.parse(f"log {LOG_KEY.vkey}\nlog {other.vkey}\nquorum none\n")
    with pytest.raises(NoteError, match="No trusted log key signed"):
        policy.check(_signed(other))
    assert policy.check(_signed(other, LOG_KEY)).log == LOG_KEY.verifier


@given(
    st.binary()
    | st.text().map(lambda more: f"{W1}group {more}\nquorum none\n".encode("utf-8", "surrogatepass"))
)
def test_any_bytes_are_a_policy_or_refused(data: bytes) -> None:
    try:
        policy = Policy.parse(data)
    except PolicyError:
        return
    assert policy.met_by(policy.witnesses) is True


def test_a_log_key_may_also_have_the_name_of_its_next_epoch() -> None:
    both = f"log {LOG_KEY.vkey}\nlog {LOG_KEY.named(f'{LOG_KEY.name}/2').vkey}\nquorum none\n"
    assert [party.key.name for party in Policy.parse(both).logs] == [LOG_KEY.name, f"{LOG_KEY.name}/2"]
