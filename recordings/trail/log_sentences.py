"""Sentences about the trail itself: who read, proved, compared or erased, and the sealed log's own events."""

from collections.abc import Callable, Mapping

from recordings.audit.kinds import Kind, Outcome
from recordings.audit.opened import Opened
from recordings.trail import phrases
from recordings.trail.filter_words import filters_of
from recordings.trail.phrases import Words, thing


def _trail_viewed(event: Opened) -> Words:
    if not event.target_ref:
        return ["read the audit trail"]
    itself = event.target_kind in ("event", "checkpoint", "log")
    return ["read " if itself else "read the trail of ", thing(event)]


def _trail_searched(event: Opened) -> Words:
    words = event.private("action_detail.q")
    return [
        "searched the audit trail",
        f" for {phrases.quoted(words)}" if words else "",
        *filters_of(event),
    ]


def _trail_verified(event: Opened) -> Words:
    if event.outcome == Outcome.ERROR:
        return ["verified the whole log and found it broken", phrases.because(event)]
    leaves = phrases.optional_count(event, "leaves", "leaf", "leaves")
    return ["verified the whole log", phrases.listed(": ", leaves, phrases.took(event))]


def _proof_taken(event: Opened) -> Words:
    start = event.detail.get("old_size")
    since = f" from size {phrases.figure(start)} on" if isinstance(start, int) else ""
    return ["took the proof that leads to " if since else "took the proof of ", thing(event), since]


def _bundle_checked(event: Opened) -> Words:
    digest = event.text("sha256")[:12]
    return ["checked a bundle", phrases.verdict(event), f" (SHA-256 {digest}…)" if digest else ""]


def _checkpoint_compared(event: Opened) -> Words:
    size = event.detail.get("size")
    what = f" of size {phrases.figure(size)}" if isinstance(size, int | str) and size != "" else ""
    return [f"compared a checkpoint{what} with the log", phrases.verdict(event)]


def _erasure_asked(event: Opened) -> Words:
    return ["asked that the personal values of ", thing(event), " be erased", phrases.because(event)]


def _erased(event: Opened) -> Words:
    values = phrases.optional_count(event, "values", "value", "values")
    return ["erased the personal values of ", thing(event), f": {values}" if values else ""]


# --- the sealed log


def _log_opened(event: Opened) -> Words:
    origin = event.text("origin")
    again = "previous_size" in event.detail
    name = f" {phrases.quoted(origin)}" if origin else ""
    why = phrases.because(event) if again else ""
    return [f"began a new epoch of the log{name}" if again else f"opened the log{name}", why]


def _heads_manifest(event: Opened) -> Words:
    things = phrases.optional_count(event, "objects_n", "thing", "things")
    people = phrases.optional_count(event, "actors_n", "actor", "actors")
    upto = event.detail.get("upto")
    end = f", up to leaf {phrases.figure(upto)}" if isinstance(upto, int) else ""
    return ["counted the events of everything in the log", phrases.listed(": ", things, people), end]


def _incident(event: Opened) -> Words:
    return [
        "reported an incident: ",
        phrases.reason(event, event.text("code").replace("_", " ") or "no reason was given"),
    ]


def _key_rotated(event: Opened) -> Words:
    key = event.text("vkey") or event.text("key")
    return [
        "changed the key that signs the log",
        f" to {phrases.quoted(key)}" if key else phrases.because(event),
    ]


def _backup_restored(event: Opened) -> Words:
    return ["took up the log from a backup or a copy", phrases.because(event)]


PRESENTERS: Mapping[str, Callable[[Opened], Words]] = {
    Kind.TRAIL_VIEWED: _trail_viewed,
    Kind.TRAIL_SEARCHED: _trail_searched,
    Kind.TRAIL_VERIFIED: _trail_verified,
    Kind.PROOF_TAKEN: _proof_taken,
    Kind.BUNDLE_CHECKED: _bundle_checked,
    Kind.CHECKPOINT_COMPARED: _checkpoint_compared,
    Kind.SUBJECT_ERASURE_ASKED: _erasure_asked,
    Kind.SUBJECT_ERASED: _erased,
    Kind.LOG_OPENED: _log_opened,
    Kind.HEADS_MANIFEST: _heads_manifest,
    Kind.SEALER_INCIDENT: _incident,
    Kind.KEY_ROTATED: _key_rotated,
    Kind.BACKUP_RESTORED: _backup_restored,
}
