"""C2SP tlog-policy: the known logs and witnesses, and how many witnesses must have cosigned."""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Self

from recordings.tlog.checkpoint import Checkpoint, parse_note
from recordings.tlog.notes import LOG, WITNESS, NoteError, Signed, VerifierKey
from recordings.tlog.texts import decimal

_FORBIDDEN = re.compile(rb"[\x00-\x08\x0b-\x1f\x7f]")
_NONE = "none"
_MOST_LINES = 300  # the specification requires at least 32 each of logs, witnesses and groups


class PolicyError(ValueError):
    """The policy does not follow the specification; the text names the line."""


@dataclass(frozen=True)
class Party:
    """A log's or a witness's key, and its URL (empty when the policy has none)."""

    key: VerifierKey
    url: str = ""


@dataclass(frozen=True)
class CheckedCheckpoint:
    """A checkpoint that a known log signed, with its valid cosignatures and whether they meet the quorum."""

    checkpoint: Checkpoint
    log: VerifierKey
    witnesses: dict[str, Signed]
    quorum_met: bool


@dataclass
class Policy:
    """A trust policy. `groups` maps a name to (threshold, members). `quorum` names a witness, a group or `none`."""

    logs: list[Party] = field(default_factory=list)
    witnesses: dict[str, Party] = field(default_factory=dict)
    groups: dict[str, tuple[int, tuple[str, ...]]] = field(default_factory=dict)
    quorum: str = ""

    @classmethod
    def parse(cls, text: str | bytes) -> Self:
        """Parse a policy file. Raises PolicyError, which names the first invalid line."""
        data = text.encode("utf-8", "surrogateescape") if isinstance(text, str) else text
        policy, lines = cls(), data.split(b"\n")
        if len(lines) > _MOST_LINES:
            raise PolicyError(f"The policy has more than {_MOST_LINES} lines.")
        for number, line in enumerate(lines, 1):
            try:
                policy._parse_line(line)
            except ValueError as error:
                raise PolicyError(f"Line {number} of the policy: {error}") from error
        if not policy.quorum:
            raise PolicyError("The policy has no quorum line.")
        return policy

    def met_by(self, names: Collection[str]) -> bool:
        """Tell whether these witnesses meet the quorum."""
        return self.quorum == _NONE or self._witnessed(self.quorum, names)

    def check(self, note: str | bytes) -> CheckedCheckpoint:
        """Verify a checkpoint's signatures. Raises NoteError if no known log signed it or a signature is invalid."""
        keys = [party.key for party in (*self.logs, *self.witnesses.values())]
        checkpoint, signed = parse_note(note, keys)
        signers = [signature.key for signature in signed]
        logs = [key for key in signers if key.kind == LOG and key.name == checkpoint.origin]
        if not logs:
            raise NoteError(f"No trusted log key signed this checkpoint of {checkpoint.origin}.")
        by_key = {signature.key: signature for signature in signed}
        cosigned = {name: by_key[party.key] for name, party in self.witnesses.items() if party.key in by_key}
        return CheckedCheckpoint(checkpoint, logs[0], cosigned, self.met_by(cosigned))

    def _witnessed(self, name: str, names: Collection[str]) -> bool:
        if name in self.witnesses:
            return name in names
        threshold, members = self.groups[name]
        return sum(self._witnessed(member, names) for member in members) >= threshold

    def _parse_line(self, line: bytes) -> None:
        if _FORBIDDEN.search(line):
            raise ValueError("the only control characters allowed are tab and newline.")
        words = [word for word in re.split("[ \t]+", line.decode("utf-8", "surrogateescape")) if word]
        if not words or words[0].startswith("#"):
            return
        readers = {"log": self._log, "witness": self._witness, "group": self._group, "quorum": self._quorum}
        if words[0] not in readers:
            raise ValueError("it must begin with log, witness, group or quorum.")
        readers[words[0]](words[1:])

    def _log(self, words: list[str]) -> None:
        party = _party(words, LOG)
        # The next epoch of a log has the same key under another name.
        _refuse_duplicate(party, [other for other in self.logs if other.key.name == party.key.name])
        self.logs.append(party)

    def _witness(self, words: list[str]) -> None:
        if not words:
            raise ValueError("a witness must have a name.")
        party = _party(words[1:], WITNESS)
        _refuse_duplicate(party, self.witnesses.values())
        self.witnesses[self._new_name(words[0])] = party

    def _group(self, words: list[str]) -> None:
        if len(words) < 3:
            raise ValueError("a group must have a name, a threshold and at least one member.")
        name, threshold, *members = words
        grouped = {member for _, group in self.groups.values() for member in group}
        for member in members:
            if not self._defined(member):
                raise ValueError(f"{member} is not defined before this line.")
            if member in grouped or members.count(member) > 1:
                raise ValueError(f"{member} is already a member of a group.")
        self.groups[self._new_name(name)] = _threshold(threshold, len(members)), tuple(members)

    def _quorum(self, words: list[str]) -> None:
        if self.quorum or len(words) != 1:
            raise ValueError("a policy has exactly one quorum line with one name.")
        if words[0] != _NONE and not self._defined(words[0]):
            raise ValueError(f"{words[0]} is not defined before this line.")
        self.quorum = words[0]

    def _defined(self, name: str) -> bool:
        return name in self.witnesses or name in self.groups

    def _new_name(self, name: str) -> str:
        if name == _NONE or self._defined(name):
            raise ValueError(f"the name {name} is already used.")
        return name


def _party(words: list[str], kind: int) -> Party:
    if len(words) not in (1, 2):
        raise ValueError("it must have a key and may have a URL.")
    key = VerifierKey.parse(words[0])
    if key.kind != kind:
        raise ValueError(f"its key must be of type 0x{kind:02x}.")
    return Party(key, *words[1:])


def _refuse_duplicate(party: Party, others: Iterable[Party]) -> None:
    if any(party.key.public == other.key.public for other in others):
        raise ValueError("its key is already in the policy.")


def _threshold(word: str, members: int) -> int:
    threshold = {"any": 1, "all": members}.get(word) or decimal(word)
    if not 1 <= threshold <= members:
        raise ValueError(f"a threshold of {word} out of {members} is always or never met.")
    return threshold
