"""Warnings that every page shows while something is wrong with CommBox or storage."""

from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy, ngettext

from recordings.api_keys import keys
from recordings.audit.owed import overdue
from recordings.models import OwedEvent, SourceStatus
from recordings.operations.storage_banners import storage_banners
from recordings.operations.times import moment
from recordings.refresh import absence, runs
from recordings.wording import local_day

# Channels are listed every half minute. After so long without an answer, nothing calls CommBox.
SILENCE = timedelta(minutes=10)
LAST_CONFIRMED = gettext_lazy("Lists show what was last confirmed.")
FAILURES = {
    "unreachable": gettext_lazy("CommBox has not been reachable since %(time)s."),
    "server_error": gettext_lazy("CommBox has been failing since %(time)s."),
    "throttled": gettext_lazy("CommBox has been limiting our calls since %(time)s."),
    "bad_response": gettext_lazy("CommBox has been sending unreadable responses since %(time)s."),
    "unauthorized": gettext_lazy("CommBox has been rejecting our API key since %(time)s."),
    "forbidden": gettext_lazy("CommBox has been rejecting this server since %(time)s."),
}
OTHER_FAILURE = gettext_lazy("Calls to CommBox have been failing since %(time)s.")
REMEDIES = {
    "unauthorized": gettext_lazy(
        "Nothing is refreshed until a valid API key is added on the Operations page."
    ),
    "forbidden": gettext_lazy("Check that this server's address is on the CommBox account's allow-list."),
}

# Written out, because every page reads it: composing the query takes longer than running it.
_STATUS = "SELECT * FROM recordings_sourcestatus WHERE id = 1"

Banner = dict[str, str]


def banners(*, operations: bool = False) -> list[Banner]:
    """List the warnings about CommBox and storage; empty while all is well.

    With `operations` they include problems that only an administrator can fix: access to storage, and API keys.
    """
    return (storage_banners() if operations else []) + source_banners(operations=operations)


def source_banners(*, operations: bool) -> list[Banner]:
    """List what is wrong with CommBox: one query while all is well.

    For `operations` also events that are missing in the trail, which is a second query.
    """
    status = next(iter(SourceStatus.objects.raw(_STATUS)), None)
    if status is None:
        return []
    if operations and OwedEvent.objects.filter(overdue()).exists():
        title = gettext("The audit trail is missing events about ended sessions.")
        text = gettext("They will be recorded when the trail can be written again and a worker is running.")
        return [_banner("bad", title, text)]
    if status.mass_absence_since is not None:
        return [_missing(status.mass_absence_since)]
    if status.failing_since is not None:
        return _failing(status, status.failing_since, operations)
    if operations and (key := keys.ending_soon()):
        return [_key_ends(key)]
    if operations and runs.missed(runs.LIST):
        title = gettext("Scheduled listings have been missed.")
        text = gettext(
            "Channels are listed every 30 seconds. Check that the scheduler (celery beat) and a worker are running."
        )
        return [_banner("warn", title, text)]
    answered_at = status.last_success_at
    if answered_at is None or timezone.now() - answered_at < SILENCE:
        return []
    title = gettext("No response from CommBox since %(time)s.") % {"time": moment(answered_at)}
    cause = (
        gettext("The scheduler (celery beat) may not be running.")
        if runs.missed(runs.LIST)
        else gettext("The refresh worker may not be running.")
    )
    return [_banner("warn", title, f"{cause} {LAST_CONFIRMED}")]


def _key_ends(key: keys.KeyLine) -> Banner:
    day = {"day": local_day(key.expires_at) if key.expires_at else ""}
    text = gettext("Add a new key on the Operations page. Both keys work until the old one expires.")
    if key.has_ended:
        return _banner("bad", gettext("The last CommBox API key expired on %(day)s.") % day, text)
    return _banner("warn", gettext("The last CommBox API key expires on %(day)s.") % day, text)


def _missing(since: datetime) -> Banner:
    number = absence.in_question()
    title = ngettext(
        "CommBox stopped reporting %(number)s recording at %(time)s.",
        "CommBox stopped reporting %(number)s recordings at %(time)s.",
        number,
    )
    text = gettext("They are not marked as missing at source until an administrator confirms it.")
    return _banner("bad", title % {"number": f"{number:,}", "time": moment(since)}, text)


def _failing(status: SourceStatus, since: datetime, operations: bool) -> list[Banner]:
    remedy = REMEDIES.get(status.error_class, "")
    if remedy and not operations:
        return []
    title = FAILURES.get(status.error_class, OTHER_FAILURE) % {"time": moment(since)}
    return [_banner("bad" if remedy else "warn", title, f"{remedy} {LAST_CONFIRMED}".strip())]


def _banner(level: str, title: str, text: str) -> Banner:
    return {"level": level, "title": title, "text": text}
