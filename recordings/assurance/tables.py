"""Show expected recordings as a table: the columns of every list of recordings, and the findings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext, pgettext

from recordings.assurance.findings import FINDINGS, Finding
from recordings.assurance.heatmap import Names, name_of
from recordings.assurance.listing import Item
from recordings.catalog.queries import stale_before
from recordings.catalog.tables import (
    Column,
    channel_and_agent,
    confirmed,
    length_of,
    object_number,
    object_url,
    opener,
    recording_url,
    size_of,
    state_tag,
)
from recordings.wording import utc_minute


@dataclass(frozen=True)
class ExpectedRecordings:
    """The columns of the list, and what they need besides its items. Times are UTC, as the days of the map are."""

    agents: Names
    channels: Names
    reasons: Mapping[UUID, Mapping[Finding, str]]
    refreshed_at: Mapping[int, datetime | None]
    may_open: bool

    @property
    def columns(self) -> Sequence[Column[Item]]:
        return (
            Column(gettext("Recorded (UTC)"), self._recorded, opens=True),
            Column(gettext("Findings"), self._findings, cell_classes="full"),
            Column(gettext("Channel · agent"), self._channel),
            Column(gettext("Object"), lambda item: object_number(item.object_id, linked=self.may_open)),
            Column(gettext("Length"), lambda item: length_of(item.seconds, known=item.recorded), "r", "num"),
            Column(gettext("Size"), lambda item: size_of(item.bytes, known=item.recorded), "r", "num"),
            Column(pgettext("column", "State"), lambda item: state_tag(item.state)),
            Column(pgettext("column", "As of"), self._as_of, "r"),
        )

    def _recorded(self, item: Item) -> SafeString:
        when = utc_minute(item.at)
        if self.may_open:
            when = opener(recording_url(item.id) if item.recorded else object_url(item.object_id), when)
        if item.recorded:
            return SafeString(when)  # markup: a time, maybe in a link that `opener` escaped
        return format_html('{}<span class="sub">{}</span>', when, pgettext("conversation", "began"))

    def _findings(self, item: Item) -> SafeString:
        reasons = self.reasons.get(item.id, {})
        findings = [FINDINGS[code] for code in item.findings]
        tags = [(_tag(finding, reasons.get(finding, "")),) for finding in findings]
        if not tags:
            return format_html('<span class="dim">{}</span>', gettext("no findings"))
        return format_html_join("", "{}", tags)

    def _channel(self, item: Item) -> SafeString:
        agent = name_of("agent", item.agent_id or 0, self.agents)
        return channel_and_agent(name_of("channel", item.stream_id, self.channels), agent)

    def _as_of(self, item: Item) -> SafeString:
        moment = self.refreshed_at.get(item.object_id)
        return confirmed(moment, stale=moment is None or moment < stale_before())


def _tag(finding: Finding, reason: str) -> SafeString:
    note = format_html('<span class="sub">{}</span>', reason) if reason else ""
    return format_html('<div><span class="tag {}">{}</span>{}</div>', finding.tone, finding.label, note)
