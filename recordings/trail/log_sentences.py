"""Sentences about the trail itself: who read, proved, compared or erased, and the sealed log's own events."""

from collections.abc import Callable, Iterator, Mapping

from django.utils.translation import gettext_noop as _

from recordings.audit.kinds import Kind, Outcome
from recordings.trail import labels, phrases
from recordings.trail.compose import Part, Phrase, figure
from recordings.trail.filter_words import filters_of
from recordings.trail.phrases import EventText


def _trail_viewed(text: EventText) -> Iterator[Phrase]:
    if not text.event.target_ref:
        yield text.gettext("%(actor)s read the audit trail")
    elif text.event.target_kind in ("event", "checkpoint", "log"):
        yield text.gettext("%(actor)s read %(thing)s")
    else:
        yield text.gettext("%(actor)s read the audit trail of %(thing)s")


def _trail_searched(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s searched the audit trail")
    yield from phrases.typed(text)
    yield from filters_of(text)


def _trail_verified(text: EventText) -> Iterator[Phrase]:
    if text.event.outcome == Outcome.ERROR:
        yield text.gettext("%(actor)s verified the whole log and found a problem")
        yield from phrases.reason(text)
        return
    yield text.gettext("%(actor)s verified the whole log")
    if (leaves := text.number("leaves")) is not None:
        yield text.ngettext("%(number)s leaf", "%(number)s leaves", leaves)
    yield from phrases.took(text)


def _proof_taken(text: EventText) -> Iterator[Phrase]:
    start = text.number("old_size")
    if start is None:
        yield text.gettext("%(actor)s downloaded the proof of %(thing)s")
    else:
        yield text.gettext(
            "%(actor)s downloaded the consistency proof from size %(size)s to %(thing)s", size=start
        )


def _bundle_checked(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s checked a bundle")
    yield from phrases.verdict(text)
    if digest := text.event.text("sha256")[:12]:
        yield text.gettext("SHA-256 %(digest)s…", digest=digest)


def _checkpoint_compared(text: EventText) -> Iterator[Phrase]:
    size = figure(text.event.detail.get("size"))
    if size:
        yield text.gettext("%(actor)s compared a checkpoint of size %(size)s with the log", size=size)
    else:
        yield text.gettext("%(actor)s compared a checkpoint with the log")
    yield from phrases.verdict(text)


def _erasure_asked(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s requested the erasure of the personal values of %(thing)s")
    yield from phrases.reason(text)


def _erased(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s erased the personal values of %(thing)s")
    if (values := text.number("values")) is not None:
        yield text.ngettext("%(number)s value", "%(number)s values", values)


# --- the sealed log


def _log_opened(text: EventText) -> Iterator[Phrase]:
    is_new_epoch = "previous_size" in text.event.detail
    if is_new_epoch:
        yield text.gettext("%(actor)s started a new epoch of the log")
    else:
        yield text.gettext("%(actor)s opened the log")
    if origin := text.event.text("origin"):
        yield (Part(origin, is_value=True),)
    if is_new_epoch:
        yield from phrases.reason(text)


def _heads_manifest(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s counted all events in the log")
    if (things := text.number("objects_n")) is not None:
        yield text.ngettext("%(number)s object or recording", "%(number)s objects and recordings", things)
    if (actors := text.number("actors_n")) is not None:
        yield text.ngettext("%(number)s actor", "%(number)s actors", actors)
    if (last := text.number("upto")) is not None:
        yield text.gettext("up to leaf %(leaf)s", leaf=last)


def _incident(text: EventText) -> Iterator[Phrase]:
    if settled := text.event.text("settled"):
        yield text.gettext("%(actor)s closed an incident")
        yield (Part(settled, is_value=True),)
    else:
        yield text.gettext("%(actor)s reported an incident")
    code = text.event.text("code")
    yield from phrases.reason(
        text, labels.REASONS.get(code) or labels.readable(code) or _("no reason was given")
    )


def _key_rotated(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s changed the key that signs the log")
    if key := text.event.text("vkey") or text.event.text("key"):
        yield text.gettext("new key %(key)s", key=key)
    else:
        yield from phrases.reason(text)


def _backup_restored(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s restored the log from a backup or a copy")
    yield from phrases.reason(text)


PRESENTERS: Mapping[str, Callable[[EventText], Iterator[Phrase]]] = {
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
