"""What a bundle says of itself to people: its verdict, its README, the command that checks it."""

import re
from collections.abc import Sequence
from pathlib import Path

from django.conf import settings

from recordings.proof.evidence.bundle.final_checkpoint import FinalCheckpoint, portal_policy
from recordings.proof.evidence.bundle.statement import Sentence


def command(file_name: str) -> str:
    """What to type to check a bundle."""
    return f"python3 verify_audit.py {file_name} --policy your-policy.txt"


def verdict(checkpoint: FinalCheckpoint) -> str:
    """Who signed the checkpoint, as the portal sees it: the weakest statement that is true."""
    if not checkpoint.witnesses:
        signed = "Self-signed only: no witness has cosigned this checkpoint."
    else:
        *names, last = checkpoint.witnesses
        signed = f"Witnessed by {', '.join(names)} and {last}." if names else f"Witnessed by {last}."
    if not checkpoint.checked.quorum_met:
        signed += (
            " The portal's own policy asks for more witnesses: its quorum was not met when this was built."
        )
    return signed


def policy_file(checkpoint: FinalCheckpoint) -> bytes:
    """The portal's own policy as its file has it – without a quorum when that was not met, and then it says so."""
    path: Path | None = settings.AUDIT_POLICY_FILE
    if path and checkpoint.checked.quorum_met:
        return path.read_bytes()
    trusted = portal_policy()
    lines = [
        f"# The portal's policy has the quorum {trusted.quorum!r}. It was not met when this bundle was built.",
        *(f"log {party.key.vkey}" for party in trusted.logs),
        *(f"witness {name} {party.key.vkey}" for name, party in trusted.witnesses.items()),
        "quorum none",
    ]
    return "".join(f"{line}\n" for line in lines).encode("utf-8", "surrogateescape")


def readme(sentences: Sequence[Sentence], checkpoint: FinalCheckpoint, file_name: str) -> str:
    """README.txt: what this is, what is claimed, and how to check it without us."""
    return f"""\
Audit trail certificate

{statement_lines(sentences)}

{verdict(checkpoint)} These sentences are the portal's. A verifier prints the same ones when they hold.

To check it, on any machine with Python 3.9 or later, without a network and without the portal:

    unzip -p {file_name} verify_audit.py > verify_audit.py
    {command(file_name)}

or open verify.html in a browser and give it the file. Both come from the maker of this bundle: take them, and
policy.txt, from whoever you trust rather than from here. A policy names the keys of the log and of the witnesses
that you believe; without one of your own the best verdict is "self-signed only". Check the file as you received it:
one that was unpacked and packed again is not checked. Keep checkpoint.txt: whoever holds it will notice if the log's
past is ever changed.

  bundle.json       what is claimed
  checkpoint.txt    the signed tree head that everything leads to
  policy.txt        the portal's own trust policy
  events.jsonl      the leaves of the log, their events, and the proof of all of them together
  report.csv        the table; a verifier makes it again from the events and compares
  report.xlsx       copies by the portal for reading. bundle.json holds their hashes, no proof covers what they say;
  report.pdf        neither does one cover this file
  anchors/          older checkpoints with RFC 3161 time stamps
  SHA256SUMS        sha256sum --check SHA256SUMS

Any change of bundle.json, checkpoint.txt, events.jsonl, report.csv or of how the files lie in the zip is found by a
verifier. Whoever makes the hashes anew can change README.txt, policy.txt, report.pdf, report.xlsx and the verifiers.

A name, an address, a note or a label that reads "erased" was deleted for good at a person's request, or is not opened
here. The proofs hold all the same.
"""


_STATEMENT = "  {name}: {text}"
_STATEMENT_LINE = re.compile(r"  ([A-Z][A-Za-z ]+): (.+)")


def statement_lines(sentences: Sequence[Sentence]) -> str:
    """The statement as README.txt has it."""
    return "\n".join(_STATEMENT.format(name=name, text=text) for name, text in sentences)


def statement_in(readme_text: str) -> list[Sentence]:
    """Read back what `statement_lines` wrote, from the whole README.txt."""
    paragraph = readme_text.split("\n\n")[1:2]
    lines = paragraph[0].split("\n") if paragraph else []
    return [Sentence(*match.groups()) for line in lines if (match := _STATEMENT_LINE.fullmatch(line))]
