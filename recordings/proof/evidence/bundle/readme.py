"""Write the README of a bundle, its verdict, its policy file and the command that verifies it. All are in English."""

import re
from collections.abc import Sequence
from pathlib import Path

from django.conf import settings

from recordings.proof.evidence.bundle.final_checkpoint import FinalCheckpoint, portal_policy
from recordings.proof.evidence.bundle.statement import Sentence


def command(file_name: str) -> str:
    """Return the command that verifies a bundle."""
    return f"python3 verify_audit.py {file_name} --policy your-policy.txt"


def verdict(checkpoint: FinalCheckpoint) -> str:
    """State who signed the checkpoint, as the portal's own policy sees it, in English (verifier_wording.py)."""
    signed = "Self-signed only: no witness has cosigned this checkpoint."
    if checkpoint.witnesses:
        signed = f"Witnessed by {', '.join(checkpoint.witnesses)}."
    if checkpoint.checked.quorum_met:
        return signed
    missing = (
        "The portal's own policy requires more witnesses: its quorum was not met when this bundle was built."
    )
    return f"{signed} {missing}"


def policy_file(checkpoint: FinalCheckpoint) -> bytes:
    """Return the portal's policy file; if its quorum was not met, the same policy without a quorum and a comment."""
    path: Path | None = settings.AUDIT_POLICY_FILE
    if path and checkpoint.checked.quorum_met:
        return path.read_bytes()
    trusted = portal_policy()
    lines = [
        f"# The portal's policy has the quorum {trusted.quorum!r}, which was not met when this bundle was built.",
        *(f"log {party.key.vkey}" for party in trusted.logs),
        *(f"witness {name} {party.key.vkey}" for name, party in trusted.witnesses.items()),
        "quorum none",
    ]
    return "".join(f"{line}\n" for line in lines).encode("utf-8", "surrogateescape")


def readme(sentences: Sequence[Sentence], checkpoint: FinalCheckpoint, file_name: str) -> str:
    """Return README.txt: what the bundle states, and how to verify it without the portal."""
    return f"""\
Audit trail certificate

{statement_lines(sentences)}

{verdict(checkpoint)} These sentences are the portal's. A verifier prints the same sentences if they are true.

To verify it on any computer with Python 3.9 or later, without a network and without the portal:

    unzip -p {file_name} verify_audit.py > verify_audit.py
    {command(file_name)}

or open verify.html in a browser and choose the file. Both come from the maker of this bundle: get them, and
policy.txt, from someone you trust instead. A policy names the keys of the log and of the witnesses that you trust;
without your own policy the best verdict is "self-signed only". Verify the file exactly as you received it: a bundle
that was unpacked and zipped again is not checked. Keep checkpoint.txt: with it you can detect any later change of the
log's past.

  bundle.json       the claims of this bundle
  checkpoint.txt    the signed checkpoint that all proofs lead to
  policy.txt        the portal's own trust policy
  events.jsonl      the leaves of the log, their events, and one proof for all of them
  report.csv        the table; a verifier recomputes it from the events
  report.xlsx       copies made by the portal for reading; bundle.json contains their hashes, but no proof covers their
  report.pdf        content, and none covers this file
  anchors/          earlier checkpoints with RFC 3161 time stamps
  SHA256SUMS        sha256sum --check SHA256SUMS

A verifier finds any change of bundle.json, checkpoint.txt, events.jsonl, report.csv and the layout of the zip. Someone
who recomputes the hashes can change README.txt, policy.txt, report.pdf, report.xlsx and the verifiers unnoticed.

A name, an address, a note or a label shown as "erased" was permanently deleted at a person's request, or is not
disclosed here. The proofs remain valid.
"""


_STATEMENT = "  {name}: {text}"
_STATEMENT_LINE = re.compile(r"  ([A-Z][A-Za-z ]+): (.+)")


def statement_lines(sentences: Sequence[Sentence]) -> str:
    """Write the statement for README.txt, one line for each sentence."""
    return "\n".join(_STATEMENT.format(name=name, text=text) for name, text in sentences)


def statement_in(readme_text: str) -> list[Sentence]:
    """Read the statement from a README.txt."""
    paragraph = readme_text.split("\n\n")[1:2]
    lines = paragraph[0].split("\n") if paragraph else []
    return [Sentence(*match.groups()) for line in lines if (match := _STATEMENT_LINE.fullmatch(line))]
