"""What an event says in words: "watched 0:00–3:10 at 1.5×", "was refused: no right to play recordings".

One presenter per kind, each given only the event; the actor's name goes in front. Kinds of a newer
version, and details that are missing, still read sensibly.
"""

from collections.abc import Callable, Mapping

import structlog

from recordings.audit.kinds import Kind, Outcome
from recordings.audit.opened import Opened
from recordings.permissions import Permission
from recordings.trail import log_sentences, phrases
from recordings.trail.filter_words import filters_of
from recordings.trail.phrases import Part, Words, thing
from recordings.wording import clock

logger = structlog.get_logger("portal.audit")

Presenter = Callable[[Opened], Words]

RIGHTS: Mapping[str, str] = {
    Permission.SEARCH_OBJECTS: "search objects",
    Permission.OPEN_OBJECTS: "open objects",
    Permission.PLAY_RECORDINGS: "play recordings",
    Permission.READ_TRAIL: "read the audit trail",
    Permission.VIEW_ASSURANCE: "look at the assurance pages",
    Permission.EXPORT_REPORTS: "export reports",
    Permission.REFRESH_CATALOG: "refresh the catalog",
    Permission.VIEW_OPERATIONS: "look at operations",
    Permission.MANAGE_PEOPLE: "manage people",
    Permission.ERASE_SUBJECTS: "have personal values erased",
}
# What reports other than those of events are about, and what one of their rows is.
REPORTS: Mapping[str, str] = {"viewings": "viewings", "access": "access by person"}
ROWS: Mapping[str, str] = {"viewings": "viewing", "access": "row"}
FORMATS: Mapping[str, str] = {
    "csv": "CSV",
    "xlsx": "Excel",
    "jsonl": "JSON Lines",
    "json": "JSON",
    "pdf": "PDF",
    "bundle": "an evidence bundle",
}
_ALARMS = frozenset({Kind.SEALER_INCIDENT})
_WARNINGS = frozenset(
    {
        Kind.WATCH_EXCESS,
        Kind.RECORDING_CHANGED,
        Kind.RECORDING_VANISHED,
        Kind.RECORDING_UNPLAYABLE,
        Kind.LOGGING_STOPPED,
        Kind.KEY_ROTATED,
        Kind.BACKUP_RESTORED,
        Kind.SUBJECT_ERASED,
    }
)
_GOOD = frozenset(
    {
        Kind.RECORDING_REAPPEARED,
        Kind.REPORT_BUILT,
        Kind.REPORT_DOWNLOADED,
        Kind.LOGGING_STARTED,
        Kind.LOG_OPENED,
        Kind.TRAIL_VERIFIED,
        Kind.ASSURANCE_STATED,
    }
)


def sentence(event: Opened) -> tuple[Part, ...]:
    """The words after the actor's name."""
    try:
        pieces = PRESENTERS.get(event.kind, _unknown)(event)
        parts = [piece if isinstance(piece, Part) else Part(str(piece)) for piece in pieces]
    except Exception:  # whatever somebody put into an event must not keep a page of others from being shown
        logger.warning("an event has details that its kind does not have", kind=event.kind[:100])
        parts = [Part("did something that cannot be put into words: its details are not those of its kind")]
    return tuple(part for part in parts if part.text)


def plain_sentence(event: Opened) -> str:
    """The whole sentence as text, the actor's name in front."""
    return f"{event.actor_name} {plain_words(event)}"


def plain_words(event: Opened) -> str:
    """The words after the actor's name, as text."""
    pieces = PRESENTERS.get(event.kind, _unknown)(event)
    return "".join([piece.text if isinstance(piece, Part) else piece for piece in pieces])


def tone(kind: str, outcome: str) -> str:
    """The class of an event's dot: bad for refusals and errors, warn where somebody should look, ok, else info."""
    if kind in _ALARMS or outcome in (Outcome.DENIED, Outcome.ERROR):
        return "bad"
    return "warn" if kind in _WARNINGS else "ok" if kind in _GOOD else "info"


# --- people


def _signed_in(event: Opened) -> Words:
    return ["signed in"]


def _sign_in_failed(event: Opened) -> Words:
    name = event.private("object.label")
    return ["failed to sign in", f" as {phrases.quoted(name)}" if name else "", phrases.because(event)]


def _account_locked(event: Opened) -> Words:
    waits = phrases.count(event.detail.get("seconds"), "second")
    return ["failed to sign in too often: ", thing(event), f" has to wait {waits} for the next attempt"]


def _account_unlocked(event: Opened) -> Words:
    return ["let ", thing(event), " sign in again at once"]


def _confirmation_failed(event: Opened) -> Words:
    return ["confirmed with a wrong password"]


def _signed_out(event: Opened) -> Words:
    return ["signed out", _later(event)]


def _session_ended(event: Opened) -> Words:
    return ["was signed out", phrases.because(event, "the session had reached its end"), _later(event)]


def _later(event: Opened) -> str:
    """When it was, of an event that the trail did not take at once."""
    at = event.text("happened_at")[11:16]
    return f" at {at} UTC, when the trail could not be written" if at else ""


def _role_granted(event: Opened) -> Words:
    return ["gave ", thing(event), f" the role {_role(event)}"]


def _role_revoked(event: Opened) -> Words:
    return [f"took the role {_role(event)} from ", thing(event)]


def _role(event: Opened) -> str:
    return phrases.role_label(event.text("role")) or "not named"


def _access_denied(event: Opened) -> Words:
    if more := event.detail.get("more"):
        return [
            f"was refused {phrases.count(more, 'more time')} in the minute from {event.text('minute')[11:16]} UTC"
        ]
    right = str(event.part("authz").get("rule", ""))
    why = f"no right to {RIGHTS.get(right, right.replace('_', ' '))}" if right else "not allowed"
    where: list[str | Part] = [" (", thing(event), ")"] if event.target_ref else []
    return [f"was refused: {why}", *where]


# --- catalog


def _searched(event: Opened) -> Words:
    words = event.private("action_detail.q")
    area = event.text("area") or "objects"
    return [
        f"searched {area}",
        f" for {phrases.quoted(words)}" if words else "",
        *filters_of(event),
        phrases.found(event),
    ]


def _opened(event: Opened) -> Words:
    return ["opened ", thing(event)]


def _phone_shown(event: Opened) -> Words:
    return ["looked at the phone number of the customer of ", thing(event)]


# --- viewing


def _viewing_requested(event: Opened) -> Words:
    return ["asked to watch ", thing(event)]


def _viewing_denied(event: Opened) -> Words:
    return ["was refused: ", phrases.reason(event, "this recording may not be played")]


def _url_issued(event: Opened) -> Words:
    return ["was given a URL", phrases.life(event)]


def _url_renewed(event: Opened) -> Words:
    return ["was given a fresh URL", phrases.life(event)]


def _url_refused(event: Opened) -> Words:
    return ["was given no URL: ", phrases.reason(event, "neither the storage nor CommBox gave one")]


def _watched(event: Opened) -> Words:
    told = event.detail.get("reported_length_seconds")
    beyond = f", beyond the length of {clock(told)} that CommBox reports" if isinstance(told, int) else ""
    return ["watched ", phrases.spans(event) or "part of the recording", phrases.speed(event), beyond]


def _watch_excess(event: Opened) -> Words:
    refused = event.detail.get("refused_ms")
    more = clock(refused // 1000) if isinstance(refused, int) else "more"
    return [f"reported {more} as watched that cannot have been played in the time; it was not counted"]


def _finished(event: Opened) -> Words:
    silent = event.detail.get("unreported_seconds")
    lost = f"; the player had reported nothing for {clock(silent)} by then" if isinstance(silent, int) else ""
    if event.actor.get("kind") == "system":
        return ["ended a viewing of ", thing(event), phrases.total(event), phrases.because(event), lost]
    return ["finished watching", phrases.total(event), phrases.because(event), lost]


# --- custody


def _file_identified(event: Opened) -> Words:
    return ["saw the file of ", thing(event), " for the first time", phrases.size(event)]


def _file_differs(event: Opened) -> Words:
    why = event.text("sentence")
    return ["found that the file of ", thing(event), " is another one", f": {why}" if why else ""]


def _absence_accepted(event: Opened) -> Words:
    return [
        "said that ",
        event.text("recordings") or "the",
        " recordings missing at the source really are gone",
    ]


def _discovered(event: Opened) -> Words:
    return ["found ", thing(event), " at the source for the first time", phrases.size(event)]


def _changed(event: Opened) -> Words:
    change = phrases.change(event)
    return ["saw the file change at the source", f": {change}" if change else phrases.because(event)]


def _vanished(event: Opened) -> Words:
    return ["no longer found ", thing(event), " at the source", phrases.because(event)]


def _reappeared(event: Opened) -> Words:
    return ["found ", thing(event), " at the source again"]


def _unplayable(event: Opened) -> Words:
    return ["listed ", thing(event), " as not playable: ", phrases.reason(event, "no reason was given")]


def _refresh_requested(event: Opened) -> Words:
    return ["asked CommBox again about ", thing(event), phrases.because(event)]


# --- assurance


def _media_failed(event: Opened) -> Words:
    return ["looked into the file of ", thing(event), phrases.because(event)]


def _assurance_opened(event: Opened) -> Words:
    area = event.text("area")
    return [f"looked at the {area} of assurance" if area else "looked at assurance", *filters_of(event)]


def _stated(event: Opened) -> Words:
    figures = phrases.listed(
        ": ",
        phrases.optional_count(event, "expected", "recording expected", "recordings expected"),
        phrases.optional_count(event, "found", "found", "found"),
        phrases.optional_count(event, "exceptions", "exception", "exceptions"),
    )
    month, version = event.text("month"), event.text("version")
    which = f" for {month}, version {version}" if month and version else ""
    return ["gave ", thing(event), f" of completeness{which}", figures]


def _statement_downloaded(event: Opened) -> Words:
    kind = FORMATS.get(event.text("format"), event.text("format"))
    return ["downloaded ", thing(event), f" as {kind}" if kind else ""]


# --- reports


def _report_requested(event: Opened) -> Words:
    kind, words = FORMATS.get(event.text("format"), event.text("format")), event.private("action_detail.q")
    return [
        "asked for ",
        thing(event),
        f" of {REPORTS[event.text('kind')]}" if event.text("kind") in REPORTS else "",
        f" as {kind}" if kind else "",
        f" for {phrases.quoted(words)}" if words else "",
        *filters_of(event),
    ]


def _report_built(event: Opened) -> Words:
    return [
        "built ",
        thing(event),
        f": {phrases.count(event.detail.get('rows'), ROWS.get(event.text('kind'), 'event'))}",
        phrases.size(event),
    ]


def _report_failed(event: Opened) -> Words:
    return ["could not build ", thing(event), ": ", phrases.reason(event, "no reason was given")]


def _report_downloaded(event: Opened) -> Words:
    start = event.detail.get("first_byte", 0)
    return [
        "downloaded ",
        thing(event),
        f" from byte {phrases.figure(start)}" if start else "",
        phrases.size(event),
    ]


# --- the portal


def _logging_started(event: Opened) -> Words:
    return ["started writing the trail", _of_which_part(event)]


def _logging_stopped(event: Opened) -> Words:
    return ["stopped writing the trail", _of_which_part(event)]


def _of_which_part(event: Opened) -> str:
    """Which part of the portal, which version, and how long the URLs it gives out live."""
    life = event.text("playback_url_ttl")
    facts = [
        event.text("part"),
        f"version {event.text('version')}" if event.text("version") else "",
        f"URLs for {life} s" if life else "",
    ]
    words = ", ".join(filter(None, facts))
    return f" ({words})" if words else ""


def _config_changed(event: Opened) -> Words:
    """Which key came or went, by its last four characters; any other setting with before and after."""
    before, after = (phrases.side(event, name) for name in ("before", "after"))
    if event.detail.get("setting") == "commbox_api_key":
        return ["tried to put in a CommBox API key, which was refused", phrases.because(event)]
    match after.get("setting") or before.get("setting"):
        case "commbox_api_key" if after:
            return [
                f"put in the CommBox API key that ends in {phrases.quoted(str(after.get('ends_in', '')))}"
            ]
        case "commbox_api_key":
            return [
                f"retired the CommBox API key that ends in {phrases.quoted(str(before.get('ends_in', '')))}"
            ]
        case "key_encryption_key":
            many = phrases.count(event.detail.get("keys"), "API key")
            return [
                f"encrypted {many} anew, under key {after.get('key_id')} instead of {before.get('key_id')}"
            ]
    change = phrases.change(event)
    return ["changed the configuration", f": {change}" if change else phrases.because(event)]


def _unknown(event: Opened) -> Words:
    """A kind this version does not know: its name as words, and what it was about."""
    name = event.kind.replace(".", ": ").replace("_", " ")
    what: list[str | Part] = [" on ", thing(event)] if event.target_ref else []
    return [f"did {phrases.quoted(name)}", *what]


PRESENTERS: Mapping[str, Presenter] = {
    **log_sentences.PRESENTERS,
    Kind.SIGNED_IN: _signed_in,
    Kind.SIGN_IN_FAILED: _sign_in_failed,
    Kind.ACCOUNT_LOCKED: _account_locked,
    Kind.ACCOUNT_UNLOCKED: _account_unlocked,
    Kind.CONFIRMATION_FAILED: _confirmation_failed,
    Kind.SIGNED_OUT: _signed_out,
    Kind.SESSION_ENDED: _session_ended,
    Kind.ROLE_GRANTED: _role_granted,
    Kind.ROLE_REVOKED: _role_revoked,
    Kind.ACCESS_DENIED: _access_denied,
    Kind.SEARCHED: _searched,
    Kind.OBJECT_OPENED: _opened,
    Kind.RECORDING_OPENED: _opened,
    Kind.PHONE_SHOWN: _phone_shown,
    Kind.VIEWING_REQUESTED: _viewing_requested,
    Kind.VIEWING_DENIED: _viewing_denied,
    Kind.URL_ISSUED: _url_issued,
    Kind.URL_RENEWED: _url_renewed,
    Kind.URL_REFUSED: _url_refused,
    Kind.WATCHED: _watched,
    Kind.WATCH_EXCESS: _watch_excess,
    Kind.VIEWING_FINISHED: _finished,
    Kind.RECORDING_DISCOVERED: _discovered,
    Kind.RECORDING_CHANGED: _changed,
    Kind.RECORDING_VANISHED: _vanished,
    Kind.RECORDING_REAPPEARED: _reappeared,
    Kind.FILE_IDENTIFIED: _file_identified,
    Kind.FILE_DIFFERS: _file_differs,
    Kind.MASS_ABSENCE_ACCEPTED: _absence_accepted,
    Kind.RECORDING_UNPLAYABLE: _unplayable,
    Kind.MEDIA_FAILED: _media_failed,
    Kind.ASSURANCE_OPENED: _assurance_opened,
    Kind.ASSURANCE_STATED: _stated,
    Kind.STATEMENT_DOWNLOADED: _statement_downloaded,
    Kind.REFRESH_REQUESTED: _refresh_requested,
    Kind.REPORT_REQUESTED: _report_requested,
    Kind.REPORT_BUILT: _report_built,
    Kind.REPORT_FAILED: _report_failed,
    Kind.REPORT_DOWNLOADED: _report_downloaded,
    Kind.LOGGING_STARTED: _logging_started,
    Kind.LOGGING_STOPPED: _logging_stopped,
    Kind.CONFIG_CHANGED: _config_changed,
}
