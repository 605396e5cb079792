"""Bundles that are true."""

from datetime import timedelta

from tests.forge import Log, pack
from tests.forge_parts import START, Sealed
from tests.forge_stamps import Stamper
from tests.forge_tools import story
from tests.forgeries.base import SELF_SIGNED, SEVEN, WITNESSED, Case, files_of, forged, good, log, mine


@forged
def _everybody() -> Case:
    return good(files_of("all"))


@forged
def _one_recording() -> Case:
    return good(files_of(*SEVEN))


@forged
def _one_person() -> Case:
    return good(files_of("actor", "user:1"))


@forged
def _nobody_viewed_it() -> Case:
    return good(files_of("target", "recording:99"))


@forged
def _somebody_who_did_nothing() -> Case:
    return good(files_of("actor", "user:99"))


def _nobody(tag: str) -> Case:
    """An absence at one end of the sorted heads: the reference is searched for."""
    heads = [head["tag"] for head in log().heads("obj", len(log().leaves) - 1)]
    for number in range(10_000):
        mine = log().tag("obj", f"recording:n{number}")
        if (tag == "first" and mine < heads[0]) or (tag == "last" and mine > heads[-1]):
            return good(log().bundle("target", f"recording:n{number}"))
    raise AssertionError(tag)


@forged
def _absence_before_all_others() -> Case:
    return _nobody("first")


@forged
def _absence_after_all_others() -> Case:
    return _nobody("last")


@forged
def _absence_in_an_empty_manifest() -> Case:
    empty = Log()
    empty.close()
    return good(empty.bundle("target", "recording:7"))


@forged
def _a_period() -> Case:
    long = Log()
    for _ in range(8):
        long.add(about="recording:7", after=50)
    long.close()
    since, until = START + timedelta(seconds=170), START + timedelta(seconds=260)
    return good(long.bundle(since=since, until=until))


@forged
def _a_period_of_one_recording() -> Case:
    return good(log().bundle(*SEVEN, since=START, until=START + timedelta(minutes=1)))


@forged
def _with_the_portals_own_policy() -> Case:
    return Case(pack(files_of("all")).getvalue(), "", SELF_SIGNED)


@forged
def _with_a_policy_without_witnesses() -> Case:
    return good(files_of("all"), SELF_SIGNED, policy_text=log().policy("quorum none\n"))


@forged
def _with_all_witnesses_in_nested_groups() -> Case:
    rule = "group a all w0\ngroup b 1 w1\ngroup both 2 a b\nquorum both # enough\n".replace(" # enough", "")
    return good(files_of("all"), policy_text=log().policy(rule))


@forged
def _with_one_witness_asked_for() -> Case:
    return good(files_of("all"), "WITNESSED by w1", policy_text=log().policy("quorum w1\n"))


@forged
def _with_a_time_stamp() -> Case:
    verdict = "ANCHORED (time-stamped 2026-11-20 09:00:09Z, leaves below 7)"
    policy = log().policy("quorum none\n")
    return good(files_of("all"), verdict, policy_text=policy, tsa_pem=log().stamper.pem)


@forged
def _with_a_certificate_of_another_authority() -> Case:
    policy = log().policy("quorum none\n")
    return good(files_of("all"), SELF_SIGNED, policy_text=policy, tsa_pem=Stamper("Another TSA").pem)


@forged
def _with_an_older_checkpoint() -> Case:
    return good(files_of("all"), older=log().note(4), proof=log().request(4))


@forged
def _with_the_same_checkpoint() -> Case:
    return good(files_of("all"), older=log().note())


@forged
def _with_a_newer_checkpoint() -> Case:
    longer = story(anchors=True)
    old = longer.bundle()
    size = len(longer.leaves)
    longer.add(after=7200)
    return good(old, older=longer.note(), proof=longer.request(size))


@forged
def _a_new_epoch() -> Case:
    goes_on = Log(origin="portal.example/audit/2", opens=False)
    goes_on.leaves = [Sealed(leaf.body, leaf.reveal, leaf.entry) for leaf in story().leaves[:4]]
    goes_on.reckon()
    goes_on.open(
        previous_origin="portal.example/audit", previous_size=4, previous_root="00", reason="restored"
    )
    goes_on.add(about="recording:7")
    goes_on.close()
    return good(goes_on.bundle(*SEVEN, opening=4), policy_text=goes_on.policy())


@forged
def _one_proof() -> Case:
    return Case(log().proof(3, log().note()), "", WITNESSED, mine())
