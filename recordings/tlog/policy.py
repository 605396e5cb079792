"""C2SP tlog-policy: which logs are known, which witnesses, and how many of them must have cosigned."""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Self

from recordings.tlog.checkpoint import Checkpoint, parse_note
from recordings.tlog.notes import LOG, WITNESS, NoteError, Signed, VerifierKey
from recordings.tlog.texts import decimal

_FORBIDDEN = re.compile(rb"[\x00-\x08\x0b-\x1f\x7f]")
_NONE = "none"
_MOST_LINES = 300  # the specification wants at least 32 logs, witnesses and groups each


class PolicyError(ValueError):
    """A policy that is not as the specification has it; the text names the line."""


@dataclass(frozen=True)
class Party:
    """A log's or a witness's key, and where it is reached (empty when the policy does not say)."""

    key: VerifierKey
    url: str = ""


@dataclass(frozen=True)
class CheckedCheckpoint:
    """A checkpoint under a policy: signed by a known log for sure, cosigned by these, enough of them or not."""

    checkpoint: Checkpoint
    log: VerifierKey
    witnesses: dict[str, Signed]
    quorum_met: bool


@dataclass
class Policy:
    """A trust policy. `groups` are name → (how many, of whom); `quorum` names a witness, a group or `none`."""

    logs: list[Party] = field(default_factory=list)
    witnesses: dict[str, Party] = field(default_factory=dict)
    groups: dict[str, tuple[int, tuple[str, ...]]] = field(default_factory=dict)
    quorum: str = ""

    @classmethod
    def parse(cls, text: str | bytes) -> Self:
        """Parse a policy from its file. PolicyError names the first line that is wrong."""
        data = text.encode("utf-8", "surrogateescape") if isinstance(text, str) else text
        policy, lines = cls(), data.split(b"\n")
        if len(lines) > _MOST_LINES:
            raise PolicyError(f"A policy has at most {_MOST_LINES} lines here.")
        for number, line in enumerate(lines, 1):
            try:
                policy._parse_line(line)
            except ValueError as wrong:
                raise PolicyError(f"Line {number} of the policy: {wrong}") from wrong
        if not policy.quorum:
            raise PolicyError("The policy has no quorum line.")
        return policy

    def met_by(self, names: Collection[str]) -> bool:
        """Whether these witnesses are enough."""
        return self.quorum == _NONE or self._witnessed(self.quorum, names)

    def check(self, note: str | bytes) -> CheckedCheckpoint:
        """Check a checkpoint's signatures. NoteError when no known log signed it under its origin, or one is bad."""
        keys = [party.key for party in (*self.logs, *self.witnesses.values())]
        checkpoint, signed = parse_note(note, keys)
        signers = [signature.key for signature in signed]
        logs = [key for key in signers if key.kind == LOG and key.name == checkpoint.origin]
        if not logs:
            raise NoteError(f"No known log signed this checkpoint of {checkpoint.origin}.")
        by_key = {signature.key: signature for signature in signed}
        cosigned = {name: by_key[party.key] for name, party in self.witnesses.items() if party.key in by_key}
        return CheckedCheckpoint(checkpoint, logs[0], cosigned, self.met_by(cosigned))

    def _witnessed(self, name: str, names: Collection[str]) -> bool:
        if name in self.witnesses:
            return name in names
        enough, members = self.groups[name]
        return sum(self._witnessed(member, names) for member in members) >= enough

    def _parse_line(self, line: bytes) -> None:
        if _FORBIDDEN.search(line):
            raise ValueError("only tab and newline are allowed as control characters.")
        words = [word for word in re.split("[ \t]+", line.decode("utf-8", "surrogateescape")) if word]
        if not words or words[0].startswith("#"):
            return
        readers = {"log": self._log, "witness": self._witness, "group": self._group, "quorum": self._quorum}
        if words[0] not in readers:
            raise ValueError("it begins with neither log, witness, group nor quorum.")
        readers[words[0]](words[1:])

    def _log(self, words: list[str]) -> None:
        party = _party(words, LOG)
        # The key of a log goes on under the name of its next epoch.
        _refuse_duplicate(party, [other for other in self.logs if other.key.name == party.key.name])
        self.logs.append(party)

    def _witness(self, words: list[str]) -> None:
        if not words:
            raise ValueError("a witness has a name.")
        party = _party(words[1:], WITNESS)
        _refuse_duplicate(party, self.witnesses.values())
        self.witnesses[self._new_name(words[0])] = party

    def _group(self, words: list[str]) -> None:
        if len(words) < 3:
            raise ValueError("a group has a name, how many, and at least one member.")
        name, many, *members = words
        taken = {member for _, group in self.groups.values() for member in group}
        for member in members:
            if not self._defined(member):
                raise ValueError(f"{member} is not defined before it.")
            if member in taken or members.count(member) > 1:
                raise ValueError(f"{member} is a member twice.")
        self.groups[self._new_name(name)] = _threshold(many, len(members)), tuple(members)

    def _quorum(self, words: list[str]) -> None:
        if self.quorum or len(words) != 1:
            raise ValueError("there is one quorum line, and one name in it.")
        if words[0] != _NONE and not self._defined(words[0]):
            raise ValueError(f"{words[0]} is not defined before it.")
        self.quorum = words[0]

    def _defined(self, name: str) -> bool:
        return name in self.witnesses or name in self.groups

    def _new_name(self, name: str) -> str:
        if name == _NONE or self._defined(name):
            raise ValueError(f"the name {name} is taken.")
        return name


def _party(words: list[str], kind: int) -> Party:
    if len(words) not in (1, 2):
        raise ValueError("there is a key, and at most a URL after it.")
    key = VerifierKey.parse(words[0])
    if key.kind != kind:
        raise ValueError(f"this needs a key of type 0x{kind:02x}.")
    return Party(key, *words[1:])


def _refuse_duplicate(party: Party, others: Iterable[Party]) -> None:
    if any(party.key.public == other.key.public for other in others):
        raise ValueError("this key stands in the policy twice.")


def _threshold(word: str, members: int) -> int:
    enough = {"any": 1, "all": members}.get(word) or decimal(word)
    if not 1 <= enough <= members:
        raise ValueError(f"{word} of {members} is never or always met.")
    return enough
