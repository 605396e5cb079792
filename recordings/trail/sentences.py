"""The sentence of each kind of event: "Noa Levi watched 0:00–3:10 · at 1.5× speed".

One presenter a kind: its first phrase is the sentence, the others are details. Kinds of a newer version, and details
that are missing, can still be read.
"""

from collections.abc import Callable, Iterator, Mapping

import structlog
from django.utils.translation import gettext_noop as _

from recordings.audit.kinds import Kind, Outcome
from recordings.audit.opened import Opened
from recordings.trail import (
    access_sentences,
    account_sentences,
    class_sentences,
    labels,
    log_sentences,
    phrases,
    provisioning_sentences,
    review_sentences,
    scope_sentences,
)
from recordings.trail.compose import SEPARATOR, Language, Part, Phrase, figure, joined, plain
from recordings.trail.filter_words import filters_of
from recordings.trail.phrases import EventText, PlainEventText
from recordings.wording import clock

logger = structlog.get_logger("portal.audit")

Presenter = Callable[[EventText], Iterator[Phrase]]

_ASSURANCE_PAGES = {
    "map": _("%(actor)s viewed the assurance map"),
    "list": _("%(actor)s viewed the assurance list"),
}
_ALARMS = frozenset({Kind.SEALER_INCIDENT, Kind.BREAK_GLASS_USED})
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
        Kind.SCORECARD_ACTIVATED,
    }
)


def sentence(event: Opened, language: Language) -> tuple[Part, ...]:
    """Put an event into words, its details after it. Details that its kind does not have are never an error."""
    return joined(_phrases(EventText(event, language)))


def plain_sentence(event: Opened, language: Language | None = None) -> str:
    """Put an event into words, as text; in the active language unless another is given."""
    text = PlainEventText(event, language or Language.current())
    return SEPARATOR.join([plain(phrase) for phrase in _phrases(text)])


def _phrases(text: EventText) -> list[Phrase]:
    try:
        return list(PRESENTERS.get(text.event.kind, _unknown)(text))
    except Exception:  # whatever somebody put into an event must not keep a page of others from being shown
        logger.warning("an event has details that its kind does not have", kind=text.event.kind[:100])
        return [text.gettext("%(actor)s: event whose details do not fit its type")]


def tone(kind: str, outcome: str) -> str:
    """Return the class of an event's dot: bad for refusals and errors, warn where somebody should look, ok or info."""
    if kind in _ALARMS or outcome in (Outcome.DENIED, Outcome.ERROR):
        return "bad"
    return "warn" if kind in _WARNINGS else "ok" if kind in _GOOD else "info"


# --- people


def _sign_in_failed(text: EventText) -> Iterator[Phrase]:
    if name := text.private("object.label"):
        yield text.gettext("%(actor)s failed to sign in as “%(name)s”", name=phrases.isolated(name))
    else:
        yield text.gettext("%(actor)s failed to sign in")
    yield from phrases.reason(text)


def _account_locked(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s failed to sign in too often as %(thing)s")
    if (seconds := text.number("seconds")) is not None:
        yield text.ngettext(
            "next attempt after %(number)s second", "next attempt after %(number)s seconds", seconds
        )


def _account_unlocked(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s allowed %(thing)s to sign in again immediately")


def _confirmation_failed(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s entered a wrong password to confirm an action")


def _signed_out(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s signed out")
    yield from _recorded_later(text)


def _session_ended(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s was signed out")
    yield from phrases.reason(text, _("the session expired"))
    yield from _recorded_later(text)


def _recorded_later(text: EventText) -> Iterator[Phrase]:
    """Say when it happened, of an event that could not be written at once."""
    if at := text.event.text("happened_at")[11:16]:
        yield text.gettext("at %(time)s UTC, recorded later because the audit trail was unavailable", time=at)


def _person_invited(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s invited %(thing)s")


def _invitation_mailed(text: EventText) -> Iterator[Phrase]:
    if text.event.outcome == Outcome.ERROR:
        yield text.gettext("%(actor)s could not send %(thing)s a mail with a link to choose a password")
    else:
        yield text.gettext("%(actor)s sent %(thing)s a mail with a link to choose a password")
    yield from phrases.reason(text)


def _invitation_used(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s chose a password for the account of %(thing)s")


def _invitation_refused(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s opened a link to choose a password that cannot be used")
    yield from phrases.reason(text)


def _person_changed(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s changed name or mail address of %(thing)s")
    for name in ("full_name", "email"):
        before, after = (text.private(f"action_detail.{side}_{name}") for side in ("old", "new"))
        if before or after:
            yield text.gettext(
                "%(fact)s: %(before)s → %(after)s",
                fact=text.label(labels.FACTS[name]),
                before=phrases.isolated(before or "–"),
                after=phrases.isolated(after or "–"),
            )


def _person_deactivated(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s deactivated the account of %(thing)s")


def _person_reactivated(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s reactivated the account of %(thing)s")


def _people_exported(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s exported the list of people")
    if (number := text.number("people")) is not None:
        yield text.ngettext("%(number)s person", "%(number)s people", number)
    yield from phrases.typed(text)


def _role_granted(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s granted %(thing)s the role %(role)s", role=phrases.role(text))
    yield from scope_sentences.scope(text)
    if day := text.event.text("starts_at")[:10]:
        yield text.gettext("from %(day)s", day=day)
    if day := text.event.text("until")[:10]:
        yield text.gettext("until %(day)s", day=day)


def _role_revoked(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s removed the role %(role)s from %(thing)s", role=phrases.role(text))
    yield from scope_sentences.scope(text)


def _access_denied(text: EventText) -> Iterator[Phrase]:
    event = text.event
    more = text.number("more")
    if more:
        yield text.ngettext(
            "%(actor)s was refused access %(number)s more time",
            "%(actor)s was refused access %(number)s more times",
            more,
        )
        if minute := event.text("minute")[11:16]:
            yield text.gettext("in the minute from %(time)s UTC", time=minute)
        return
    if event.target_ref:
        yield text.gettext("%(actor)s was refused access to %(thing)s")
    else:
        yield text.gettext("%(actor)s was refused access")
    if right := str(event.part("authz").get("rule", "")):
        yield (text.label(labels.MISSING_RIGHTS.get(right) or labels.readable(right)),)


# --- catalog


def _searched(text: EventText) -> Iterator[Phrase]:
    area = text.event.text("area") or "objects"
    if area == "objects":
        yield text.gettext("%(actor)s searched objects")
    elif area == "recordings":
        yield text.gettext("%(actor)s searched recordings")
    elif area == "newest recordings":
        yield text.gettext("%(actor)s viewed the newest recordings")
    else:
        yield text.gettext("%(actor)s searched %(area)s", area=labels.readable(area))
    yield from phrases.typed(text)
    yield from filters_of(text)
    yield from phrases.found(text)


def _opened(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s opened %(thing)s")


def _phone_shown(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s viewed the customer's phone number of %(thing)s")


# --- viewing


def _viewing_requested(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s requested to watch %(thing)s")


def _viewing_denied(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s was refused playback of %(thing)s")
    yield from phrases.reason(text, _("the recording cannot be played"))


def _url_issued(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s was issued a URL")
    yield from phrases.life(text)


def _url_renewed(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s was issued a renewed URL")
    yield from phrases.life(text)


def _url_refused(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s was refused a URL")
    yield from phrases.reason(text, _("neither storage nor CommBox provided one"))


def _download_requested(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s requested to download %(thing)s")


def _download_issued(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s was issued a download of %(thing)s")
    yield from phrases.life(text)


def _download_refused(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s was refused a download of %(thing)s")
    yield from phrases.reason(text, _("neither storage nor CommBox provided one"))


def _watched(text: EventText) -> Iterator[Phrase]:
    ranges, more = phrases.ranges(text)
    if ranges:
        yield text.gettext("%(actor)s watched %(ranges)s", ranges=ranges)
    else:
        yield text.gettext("%(actor)s watched part of the recording")
    if more:
        yield text.ngettext("and %(number)s more range", "and %(number)s more ranges", more)
    yield from phrases.speed(text)
    if (length := text.number("reported_length_seconds")) is not None:
        yield text.gettext("beyond the length of %(length)s that CommBox reports", length=clock(length))


def _watch_excess(text: EventText) -> Iterator[Phrase]:
    refused_ms = text.number("refused_ms")
    if refused_ms is None:
        yield text.gettext("The player of %(actor)s reported more watched time than can have passed")
    else:
        yield text.gettext(
            "The player of %(actor)s reported %(length)s more watched time than can have passed",
            length=clock(refused_ms // 1000),
        )
    yield text.gettext("not counted")


def _finished(text: EventText) -> Iterator[Phrase]:
    if text.event.actor.get("kind") == "system":
        yield text.gettext("%(actor)s ended a viewing of %(thing)s")
    else:
        yield text.gettext("%(actor)s finished watching")
    if (seconds := text.number("seconds")) is not None:
        yield text.gettext("%(length)s watched in total", length=clock(seconds))
    yield from phrases.reason(text)
    if (silent := text.number("unreported_seconds")) is not None:
        yield text.gettext("the player had not reported for %(length)s", length=clock(silent))


# --- custody


def _file_identified(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s saw the file of %(thing)s for the first time")
    yield from phrases.size(text)


def _file_differs(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s found that the file of %(thing)s is not the one first seen")
    yield from phrases.reason(text)


def _absence_accepted(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s confirmed that recordings missing at source no longer exist")
    number = text.event.text("recordings")
    if number.isdecimal():
        yield text.ngettext("%(number)s recording", "%(number)s recordings", int(number))


def _discovered(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s found %(thing)s at source for the first time")
    yield from phrases.size(text)


def _changed(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s found %(thing)s changed at source")
    yield from list(phrases.change(text)) or phrases.reason(text)


def _vanished(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s found %(thing)s missing at source")
    yield from phrases.reason(text)


def _reappeared(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s found %(thing)s at source again")


def _unplayable(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s marked %(thing)s as not playable")
    yield from phrases.reason(text, _("no reason was given"))


def _refresh_requested(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s requested a refresh of %(thing)s")
    yield from phrases.reason(text)


# --- assurance


def _media_failed(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s found a problem in the file of %(thing)s")
    yield from phrases.reason(text)


def _assurance_opened(text: EventText) -> Iterator[Phrase]:
    area = text.event.text("area")
    if area in _ASSURANCE_PAGES:
        yield text.gettext(_ASSURANCE_PAGES[area])
    elif area:
        yield text.gettext("%(actor)s viewed assurance: %(area)s", area=labels.readable(area))
    else:
        yield text.gettext("%(actor)s viewed assurance")
    yield from filters_of(text)


def _stated(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s created %(thing)s")
    if month := text.event.text("month"):
        yield text.gettext("for %(month)s", month=month)
    if version := text.event.text("version"):
        yield text.gettext("version %(version)s", version=version)
    if (expected := text.number("expected")) is not None:
        yield text.ngettext("%(number)s recording expected", "%(number)s recordings expected", expected)
    if (found := text.number("found")) is not None:
        yield text.ngettext("%(number)s found", "%(number)s found", found)
    if (exceptions := text.number("exceptions")) is not None:
        yield text.ngettext("%(number)s exception", "%(number)s exceptions", exceptions)


def _statement_downloaded(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s downloaded %(thing)s")
    yield from _format(text)


def _format(text: EventText) -> Iterator[Phrase]:
    if code := text.event.text("format"):
        yield (text.label(labels.FORMATS.get(code) or labels.readable(code)),)


# --- reports


def _report_requested(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s requested %(thing)s")
    if label := labels.REPORTS.get(text.event.text("kind")):
        yield (text.label(label),)
    yield from _format(text)
    yield from phrases.typed(text)
    yield from filters_of(text)


def _report_built(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s built %(thing)s")
    if (rows := text.number("rows")) is not None:
        kind = text.event.text("kind")
        if kind == "viewings":
            yield text.ngettext("%(number)s viewing", "%(number)s viewings", rows)
        elif kind == "access":
            yield text.ngettext("%(number)s person", "%(number)s people", rows)
        else:
            yield text.ngettext("%(number)s event", "%(number)s events", rows)
    if text.event.text("limited"):
        yield text.gettext("limited to the scope of the person")
    yield from phrases.size(text)


def _report_failed(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s could not build %(thing)s")
    yield from phrases.reason(text, _("no reason was given"))


def _report_downloaded(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s downloaded %(thing)s")
    if start := text.number("first_byte"):
        yield text.gettext("from byte %(number)s", number=start)
    yield from phrases.size(text)


# --- the portal


def _logging_started(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s started writing the audit trail")
    yield from _part_of_portal(text)


def _logging_stopped(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s stopped writing the audit trail")
    yield from _part_of_portal(text)


def _part_of_portal(text: EventText) -> Iterator[Phrase]:
    """Say which part of the portal it is, its version, and how long the URLs it issues are valid."""
    if part := text.event.text("part"):
        yield (Part(part, is_value=True),)
    if version := text.event.text("version"):
        yield text.gettext("version %(version)s", version=version)
    if life := text.event.text("playback_url_ttl"):
        yield text.gettext("URLs valid for %(seconds)s s", seconds=life)


def _config_changed(text: EventText) -> Iterator[Phrase]:
    """Say which key was added or retired, by its last four characters; any other setting with before and after."""
    before, after = (phrases.side(text.event, name) for name in ("before", "after"))
    if text.event.detail.get("setting") == "commbox_api_key":
        yield text.gettext("%(actor)s entered a CommBox API key that was refused")
        yield from phrases.reason(text)
        return
    match after.get("setting") or before.get("setting"):
        case "commbox_api_key" if after:
            end = figure(after.get("ends_in"))
            yield text.gettext("%(actor)s added the CommBox API key ending in %(end)s", end=end)
        case "commbox_api_key":
            end = figure(before.get("ends_in"))
            yield text.gettext("%(actor)s retired the CommBox API key ending in %(end)s", end=end)
        case "key_encryption_key":
            yield text.gettext(
                "%(actor)s re-encrypted the API keys under key %(new)s instead of key %(old)s",
                new=figure(after.get("key_id")),
                old=figure(before.get("key_id")),
            )
            if (keys := text.number("keys")) is not None:
                yield text.ngettext("%(number)s API key", "%(number)s API keys", keys)
        case _:
            yield text.gettext("%(actor)s changed the configuration")
            yield from list(phrases.change(text)) or phrases.reason(text)


def _unknown(text: EventText) -> Iterator[Phrase]:
    """Name a kind that this version does not know, and what it was about."""
    name = text.event.kind.replace(".", ": ").replace("_", " ")
    if text.event.target_ref:
        yield text.gettext("%(actor)s: event of type “%(type)s” on %(thing)s", type=name)
    else:
        yield text.gettext("%(actor)s: event of type “%(type)s”", type=name)


PRESENTERS: Mapping[str, Presenter] = {
    **log_sentences.PRESENTERS,
    **provisioning_sentences.PRESENTERS,
    **account_sentences.PRESENTERS,
    **class_sentences.PRESENTERS,
    **scope_sentences.PRESENTERS,
    **review_sentences.PRESENTERS,
    **access_sentences.PRESENTERS,
    Kind.SIGN_IN_FAILED: _sign_in_failed,
    Kind.ACCOUNT_LOCKED: _account_locked,
    Kind.ACCOUNT_UNLOCKED: _account_unlocked,
    Kind.CONFIRMATION_FAILED: _confirmation_failed,
    Kind.SIGNED_OUT: _signed_out,
    Kind.SESSION_ENDED: _session_ended,
    Kind.PERSON_INVITED: _person_invited,
    Kind.INVITATION_MAILED: _invitation_mailed,
    Kind.INVITATION_USED: _invitation_used,
    Kind.INVITATION_REFUSED: _invitation_refused,
    Kind.PERSON_CHANGED: _person_changed,
    Kind.PERSON_DEACTIVATED: _person_deactivated,
    Kind.PERSON_REACTIVATED: _person_reactivated,
    Kind.PEOPLE_EXPORTED: _people_exported,
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
    Kind.DOWNLOAD_REQUESTED: _download_requested,
    Kind.DOWNLOAD_ISSUED: _download_issued,
    Kind.DOWNLOAD_REFUSED: _download_refused,
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
