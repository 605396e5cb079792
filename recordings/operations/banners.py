"""What every page says about the source while something is wrong."""

from datetime import datetime, timedelta

from django.db.models import Exists
from django.utils import timezone

from recordings.api_keys import keys
from recordings.audit.owed import overdue
from recordings.days import today
from recordings.models import OwedEvent, SourceStatus
from recordings.operations.storage_banners import storage_banners
from recordings.refresh import absence, runs

# Streams are listed every half minute: if nothing was heard for so long, nobody is asking.
SILENCE = timedelta(minutes=10)
MISSED = "Channels are listed every 30 seconds. Are the clock (celery beat) and a worker running?"
OWED = "The trail did not take their events. They follow once it can be written and a worker runs."
LAST_CONFIRMED = "Lists show what was last confirmed."
FAILURES = {
    "unreachable": "CommBox not reachable since {}.",
    "server_error": "CommBox has been failing since {}.",
    "throttled": "CommBox has asked us to wait since {}.",
    "bad_response": "CommBox has sent unreadable answers since {}.",
    "unauthorized": "CommBox has refused our API key since {}.",
    "forbidden": "CommBox has refused this server since {}.",
}
REMEDIES = {
    "unauthorized": "Nothing is refreshed until COMMBOX_API_KEY or COMMBOX_API_KEY_NEXT holds a valid key.",
    "forbidden": "Is this server's address on the account's list of allowed addresses?",
}

Banner = dict[str, str]


def banners(*, operations: bool = False) -> list[Banner]:
    """What every page says about CommBox and storage: nothing while all is well.

    What storage refuses, and a key that CommBox refuses, are for those who can put it right (`operations`); everybody
    else sees the age of each row.
    """
    return (storage_banners() if operations else []) + source_banners(operations=operations)


def source_banners(*, operations: bool) -> list[Banner]:
    """What is wrong with CommBox or owed to the trail: one query while all is well."""
    owed = Exists(OwedEvent.objects.filter(overdue()))
    status = SourceStatus.objects.filter(pk=1).annotate(trail_owed=owed).first()
    if status is None:
        return []
    if operations and status.trail_owed:
        return [_banner("bad", "Ends of sessions are missing in the audit trail.", OWED)]
    if status.mass_absence_since is not None:
        return [_missing(status.mass_absence_since)]
    if status.failing_since is not None:
        return _failing(status, status.failing_since, operations)
    if operations and (key := keys.ending_soon()):
        return [_key_ends(key)]
    if operations and runs.missed(runs.LIST):
        return [_banner("warn", "The clock has missed two turns.", MISSED)]
    heard_at = status.last_success_at
    if heard_at is None or timezone.now() - heard_at < SILENCE:
        return []
    title = f"Nothing new from CommBox since {moment(heard_at)}."
    who = "clock (celery beat)" if runs.missed(runs.LIST) else "refresh worker"
    return [_banner("warn", title, f"The {who} may not be running. {LAST_CONFIRMED}")]


def _key_ends(key: keys.KeyLine) -> Banner:
    when = f"{key.expires_at:%-d %b %Y}"
    verb = "ended" if key.has_ended else "ends"
    text = "Put the next one in on the operations page; both work meanwhile."
    return _banner("bad" if key.has_ended else "warn", f"The last CommBox API key {verb} on {when}.", text)


def _missing(since: datetime) -> Banner:
    count = absence.in_question()
    title = f"CommBox stopped reporting {count:,} recording{'s' * (count != 1)} at {moment(since)}."
    return _banner("bad", title, "None is marked as vanished until an administrator has looked.")


def _failing(status: SourceStatus, since: datetime, operations: bool) -> list[Banner]:
    remedy = REMEDIES.get(status.error_class, "")
    if remedy and not operations:
        return []
    title = FAILURES.get(status.error_class, "CommBox could not be asked since {}.").format(moment(since))
    return [_banner("bad" if remedy else "warn", title, f"{remedy} {LAST_CONFIRMED}".strip())]


def _banner(level: str, title: str, text: str) -> Banner:
    return {"level": level, "title": title, "text": text}


def moment(when: datetime) -> str:
    """14:02 UTC, with the date unless it is today's."""
    is_today = when.date() == today()
    return when.strftime("%H:%M UTC" if is_today else "%-d %b %Y, %H:%M UTC")
