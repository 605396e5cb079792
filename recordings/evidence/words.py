"""What a bundle says of itself to people: its verdict, its README, the command that checks it."""

from collections.abc import Mapping
from pathlib import Path

from django.conf import settings

from recordings.audit import Kind
from recordings.evidence.claims import Claims
from recordings.evidence.scope import ALL
from recordings.evidence.standing import Standing, portal_policy
from recordings.tlog.policy import Policy


def command(file_name: str) -> str:
    """What to type to check a bundle."""
    return f"python3 verify_audit.py {file_name} --policy your-policy.txt"


def verdict(standing: Standing) -> str:
    """How much stands behind the checkpoint, in the portal's own eyes: the weakest thing that is true."""
    if not standing.witnesses:
        said = "Self-signed only: no witness has cosigned this checkpoint."
    else:
        said = f"Witnessed by {_listed(standing.witnesses)}."
    if not standing.judged.quorum_met:
        said += (
            " The portal's own policy asks for more witnesses: its quorum was not met when this was built."
        )
    return said


def viewings(kinds: Mapping[str, int]) -> int:
    """How many of these events are viewings: somebody was given the address of a video."""
    return kinds.get(Kind.URL_ISSUED.value, 0)


def events(kinds: Mapping[str, int]) -> str:
    """How many events there are and of what kind: "none", or "3: 2 recording.opened, 1 viewing.url_issued"."""
    if not kinds:
        return "none"
    listed = ", ".join(f"{kinds[kind]:,} {kind}" for kind in sorted(kinds))
    return f"{sum(kinds.values()):,}: {listed}"


def complete(claims: Claims) -> str:
    """What is claimed of completeness, for the verifier to confirm."""
    count, size = len(claims.population.leaves), claims.standing.size
    if claims.order.scope.kind == ALL:
        return f"{count:,} leaves of {size:,} in the log, without a gap"
    if not count:
        return f"none of the log's {size:,} leaves is about {claims.order.scope.ref}"
    return f"all {count:,} leaves that the log of {size:,} counts for {claims.order.scope.ref}"


def policy_file(standing: Standing) -> bytes:
    """The portal's own policy as its file has it – without a quorum when that was not met, and then it says so."""
    path: Path | None = settings.AUDIT_POLICY_FILE
    if path and standing.judged.quorum_met:
        return path.read_bytes()
    return _without_quorum(portal_policy()).encode("utf-8", "surrogateescape")


def _without_quorum(trusted: Policy) -> str:
    lines = [
        f"# The portal's policy has the quorum {trusted.quorum!r}. It was not met when this bundle was built.",
        *(f"log {party.key.vkey}" for party in trusted.logs),
        *(f"witness {name} {party.key.vkey}" for name, party in trusted.witnesses.items()),
        "quorum none",
    ]
    return "\n".join(lines) + "\n"


def readme(claims: Claims, file_name: str, bundle_sha256: str) -> str:
    """README.txt: what this is, and how to check it without us."""
    checkpoint = claims.standing.checkpoint
    return f"""\
Audit trail report: {claims.order.scope.in_words()}
Generated {claims.at:%Y-%m-%d %H:%M:%S} UTC by {claims.order.name or claims.order.ref}

Events: {len(claims.population.rows):,}. Complete: {complete(claims)}.
Log: {checkpoint.origin}. {verdict(claims.standing)}
SHA-256 of bundle.json: {bundle_sha256}

To check it, on any machine with Python 3, without a network and without the portal:

    unzip -p {file_name} verify_audit.py > verify_audit.py
    {command(file_name)}

Take verify_audit.py from whoever you trust rather than from here, and bring a policy file of your own: it names the
keys of the log and of the witnesses that you believe. Without one the best verdict is "self-signed only". Keep
checkpoint.txt: whoever holds it will notice if the log's past is ever changed.

  report.csv report.xlsx report.pdf   the table. report.csv is made again from the proofs and compared; the other
                                      two are copies for reading, which SHA256SUMS covers and the proofs do not
  bundle.json                         what is claimed
  checkpoint.txt                      the signed tree head that every proof leads to
  policy.txt                          the portal's own trust policy
  events/                             one C2SP tlog-proof per leaf
  anchors/                            older checkpoints with RFC 3161 time stamps
  SHA256SUMS                          sha256sum --check SHA256SUMS

A name, an address, a note or a label that reads "erased" was deleted for good at a person's request.
The proofs hold all the same.
"""


def _listed(names: tuple[str, ...]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
