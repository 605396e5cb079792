"""Compare a checkpoint that a person kept with today's log: does the log still begin with it?"""

import os
import zlib
from dataclasses import dataclass, replace
from enum import StrEnum
from hmac import compare_digest
from struct import Struct
from typing import IO

from django.db import connection
from django.utils.translation import gettext, gettext_lazy

from recordings.exceptions import PortalError
from recordings.models import Checkpoint as Kept
from recordings.models import LogHead
from recordings.proof.evidence.check.pasted import as_typed, first_difference, left_out, visible
from recordings.proof.evidence.leaves import tiles
from recordings.proof.evidence.trust import policy
from recordings.tlog.checkpoint import Checkpoint, parse
from recordings.tlog.notes import Note, NoteError
from recordings.tlog.policy import PolicyError
from recordings.tlog.texts import encode64
from recordings.wording import filled

LONGEST = 64 * 1024
MOST_ENTRIES = 250
# A local header of a zip: flags, method, packed size, size, lengths of name and extra field.
_HEADER = Struct("<6xHH8xIIHH")
_STORED, _DEFLATED = 0, 8
_UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")  # some editors save UTF-16


class NotACheckpoint(PortalError):
    """The pasted or uploaded text is not a checkpoint; the sentence says why."""

    status = 400


class ComparisonVerdict(StrEnum):
    """The result of a comparison; events store the value."""

    SAME = "same_log"
    CONSISTENT = "consistent"
    INCONSISTENT = "inconsistent"
    NEWER = "newer_than_ours"
    UNPROVEN = "differs_but_unsigned"
    OTHER_ORIGIN = "other_log"
    BAD_SIGNATURE = "bad_signature"

    @property
    def alarms(self) -> bool:
        """Whether the log has two histories: it signed this checkpoint but does not begin with it."""
        return self in (ComparisonVerdict.INCONSISTENT, ComparisonVerdict.NEWER)


@dataclass(frozen=True)
class Comparison:
    """The result of a comparison. `given` and `note`: the checkpoint that was brought. `ours`: our newest checkpoint.

    `signed`: whether a log key of the policy signed the given checkpoint. `our_root`: our root at its size.
    `left_out`: names of the characters that were ignored in the given text.
    """

    verdict: ComparisonVerdict
    given: Checkpoint
    note: str
    signed: bool
    ours: Kept | None
    our_root: bytes = b""
    left_out: tuple[str, ...] = ()

    @property
    def root_given(self) -> str:
        return encode64(self.given.root)

    @property
    def root_ours(self) -> str:
        return encode64(self.our_root) if self.our_root else ""

    @property
    def given_origin(self) -> str:
        """Return the origin of the given checkpoint, with the codes of its invisible characters."""
        return visible(self.given.origin)

    @property
    def origins_differ(self) -> str:
        """Return a sentence on where the two origins first differ; empty when they are equal."""
        found = first_difference(self.ours.origin, self.given.origin) if self.ours else None
        if found is None:
            return ""
        position, our_character, your_character = found
        return gettext("They differ at character %(position)s: ours has %(ours)s, yours has %(yours)s.") % {
            "position": position,
            "ours": our_character,
            "yours": your_character,
        }

    @property
    def provable(self) -> bool:
        """Whether there is a consistency proof from the given checkpoint to our newest one."""
        fits = self.verdict in (ComparisonVerdict.SAME, ComparisonVerdict.CONSISTENT)
        return fits and self.ours is not None and 0 < self.given.size <= self.ours.size


def checkpoint_in(upload: IO[bytes]) -> str:
    """Return the text of an uploaded checkpoint, or of the checkpoint.txt in a bundle. Raises NotACheckpoint."""
    head = upload.read(4)
    upload.seek(0)
    data = _from_bundle(upload) if head.startswith(b"PK") else upload.read(LONGEST + 1)
    if len(data) > LONGEST:
        raise NotACheckpoint(
            gettext_lazy("A checkpoint is a short text, but this file is longer than 64 KiB.")
        )
    try:
        return data.decode("utf-16" if data.startswith(_UTF_16_MARKS) else "utf-8")
    except UnicodeDecodeError:
        raise NotACheckpoint(gettext_lazy("This file is neither a checkpoint nor a bundle.")) from None


def _from_bundle(upload: IO[bytes]) -> bytes:
    """Return checkpoint.txt, found by the local headers of the zip: nothing else of an untrusted zip is read."""
    for _ in range(MOST_ENTRIES):
        header = upload.read(_HEADER.size)
        if not header.startswith(b"PK\x03\x04") or len(header) < _HEADER.size:
            break
        flags, method, packed, _, name_length, extra_length = _HEADER.unpack(header)
        name = upload.read(name_length)
        upload.seek(extra_length, os.SEEK_CUR)
        if flags or method not in (_STORED, _DEFLATED):
            break
        if name == b"checkpoint.txt":
            return _unpack(upload.read(min(packed, LONGEST + 1)), method)
        upload.seek(packed, os.SEEK_CUR)
    raise NotACheckpoint(
        gettext_lazy("There is no checkpoint.txt in this file. Use the bundle exactly as it was downloaded.")
    )


def _unpack(data: bytes, method: int) -> bytes:
    if method == _STORED:
        return data
    try:
        return zlib.decompressobj(-zlib.MAX_WBITS).decompress(data, LONGEST + 1)
    except zlib.error:
        raise NotACheckpoint(gettext_lazy("The checkpoint.txt in this file is damaged.")) from None


def compare(text: str) -> Comparison:
    """Compare a checkpoint with the log. Raises NotACheckpoint for any other text.

    Invisible characters are ignored only if the text fails with them and succeeds without; the result names them.
    """
    typed = as_typed(text)
    try:
        comparison = _compare(text)
        if typed == text or comparison.verdict not in _MAYBE_ODD_CHARACTERS:
            return comparison
    except NotACheckpoint:
        if typed == text:
            raise
    try:
        without = _compare(typed)
    except NotACheckpoint:
        return _compare(text)
    if without.verdict in _MAYBE_ODD_CHARACTERS:
        return _compare(text)
    return replace(without, left_out=tuple(left_out(text)))


_MAYBE_ODD_CHARACTERS = (ComparisonVerdict.OTHER_ORIGIN, ComparisonVerdict.BAD_SIGNATURE)


def _compare(text: str) -> Comparison:
    try:
        # Pasted text may lack its last newline or have additional blank lines.
        note = Note.parse(text.replace("\r\n", "\n").strip("\n") + "\n")
        given = parse(note.text)
    except NoteError as error:
        raise NotACheckpoint(
            filled(gettext_lazy("This is not a checkpoint: %(problem)s"), problem=error)
        ) from error
    ours = Kept.objects.order_by("-size").first()
    head = LogHead.objects.first()
    if head is None or not (given.origin == head.origin or Kept.objects.filter(origin=given.origin).exists()):
        return Comparison(ComparisonVerdict.OTHER_ORIGIN, given, str(note), False, ours)
    try:
        signed = _signed(note, given)
    except NoteError:
        return Comparison(ComparisonVerdict.BAD_SIGNATURE, given, str(note), False, ours)
    if given.size > head.size:
        verdict = ComparisonVerdict.NEWER if signed else ComparisonVerdict.UNPROVEN
        return Comparison(verdict, given, str(note), signed, ours)
    root = tiles(connection, given.size).root()
    if not compare_digest(root, given.root):
        verdict = ComparisonVerdict.INCONSISTENT if signed else ComparisonVerdict.UNPROVEN
    elif ours is not None and given.size == ours.size:
        verdict = ComparisonVerdict.SAME
    else:
        verdict = ComparisonVerdict.CONSISTENT
    return Comparison(verdict, given, str(note), signed, ours, root)


def _signed(note: Note, given: Checkpoint) -> bool:
    """Return whether a log key of the policy signed the note; False if it names none. Raises NoteError if invalid."""
    try:
        trusted = policy()
    except (PolicyError, OSError):
        trusted = None
    keys = [party.key for party in trusted.logs if party.key.name == given.origin] if trusted else []
    known = {(key.name, key.key_id) for key in keys}
    if not known.intersection((line.name, line.key_id) for line in note.signatures):
        if keys:
            raise NoteError("No key of the log signed it.")
        return False
    return bool(note.verify(keys))
