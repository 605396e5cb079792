"""The page of one channel. It names no person, so opening it is not an event."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext, pgettext
from django.views.decorators.http import require_safe

from recordings.catalog.class_views import class_of_channel
from recordings.exceptions import UnknownChannel
from recordings.http import Request
from recordings.operations.channel import ChannelStatus, channel_status
from recordings.permissions import Permission
from recordings.policies import any_person, can, check, reach
from recordings.refresh import runs
from recordings.refresh.source_health import LATE_TURNS
from recordings.wording import how_long_ago


@require_safe
@any_person
def channel_page(request: Request, stream_id: int) -> HttpResponse:
    """Show why a channel may be late, to people with the right to operations, or to assurance for the whole channel."""
    may_operate = can(request.user, Permission.VIEW_OPERATIONS)
    if not may_operate:
        check(request, Permission.VIEW_ASSURANCE)
        if not reach(request.user, Permission.VIEW_ASSURANCE).has_channel(stream_id):
            raise UnknownChannel
    channel = channel_status(stream_id)
    if channel is None:
        raise UnknownChannel
    context = {
        "channel": channel,
        "may_operate": may_operate,
        "class_rule": class_of_channel(stream_id),
        "may_classify": reach(request.user, Permission.CLASSIFY_RECORDINGS).is_everything,
        "may_assure": can(request.user, Permission.VIEW_ASSURANCE),
        **_figures(channel),
    }
    return render(request, "operations/channel.html", context)


def _figures(channel: ChannelStatus) -> dict[str, Any]:
    now, stream = timezone.now(), channel.stream
    is_late = stream.list_due_at is not None and now - stream.list_due_at > LATE_TURNS * runs.EVERY[runs.LIST]
    return {
        "usual": f"{channel.usual:.1f}",
        "by_now": gettext("usual by this time of day: %(number)s")
        % {"number": f"{channel.usual_by_now:.1f}"},
        "last_recording": how_long_ago(channel.newest_recording_at, now)
        if channel.newest_recording_at
        else pgettext("recording", "none"),
        "last_object": gettext("last conversation: %(age)s")
        % {"age": how_long_ago(channel.newest_object_at, now)}
        if channel.newest_object_at
        else gettext("no conversation yet"),
        "listed": how_long_ago(stream.listed_at, now) if stream.listed_at else gettext("never"),
        "listed_level": "warn" if stream.list_error or is_late else "ok" if stream.listed_at else "",
        "listed_note": gettext("overdue") if is_late else gettext("when CommBox last listed its objects"),
    }
