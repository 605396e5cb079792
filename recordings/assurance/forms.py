"""Read the query strings of the assurance pages."""

from datetime import date
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext, gettext_lazy

from recordings.assurance.board import AXES
from recordings.assurance.findings import FINDINGS, Finding
from recordings.assurance.listing import Selection
from recordings.assurance.window import Window, last_month
from recordings.days import today
from recordings.db import BIGGEST_ID
from recordings.filter_form import DayField, FilterForm

EARLIEST = date(2000, 1, 1)


class _WindowForm(FilterForm):
    until = DayField(label=gettext_lazy("Last day"))
    by = forms.ChoiceField(
        label=gettext_lazy("Rows"), choices=[(axis, axis) for axis in AXES], required=False
    )
    kind = forms.ChoiceField(
        label=gettext_lazy("Finding"),
        choices=[(finding.value, finding.label) for finding in Finding],
        required=False,
    )
    channel = forms.IntegerField(
        label=gettext_lazy("Channel"), min_value=0, max_value=BIGGEST_ID, required=False
    )

    def clean_until(self) -> date:
        """Return the last day (UTC) of the window; today when none is given."""
        last: date = self.cleaned_data["until"] or today()
        if last > today() or last < EARLIEST:
            raise ValidationError(gettext("Choose a day from 2000 until today."))
        return last

    @property
    def window(self) -> Window:
        return Window.ending(self.cleaned_data["until"])

    @property
    def finding(self) -> Finding | None:
        kind = self.cleaned_data["kind"]
        return FINDINGS[kind] if kind else None

    @property
    def channel_id(self) -> int | None:
        channel: int | None = self.cleaned_data["channel"]
        return channel


class BoardForm(_WindowForm):
    """The query string of the map: its last day, its rows, and a finding."""

    @property
    def axis(self) -> str:
        return str(self.cleaned_data["by"] or "channel")

    def url(self, **other: Any) -> str:
        """Return the URL of this map with other parameters; "" removes one."""
        until = self.cleaned_data["until"]
        current = {
            "until": until if until != today() else "",
            "by": self.axis if self.axis != "channel" else "",
            "kind": self.cleaned_data["kind"],
            "channel": self.channel_id if self.channel_id is not None else "",
        }
        given = {name: value for name, value in {**current, **other}.items() if value not in ("", None)}
        return f"?{urlencode(given)}" if given else "?"


class ListForm(_WindowForm):
    """The query string of the list: the map's window, and a day, channel, agent or finding in it, or everything."""

    day = DayField(label=gettext_lazy("Day"))
    agent = forms.IntegerField(label=gettext_lazy("Agent"), min_value=0, max_value=BIGGEST_ID, required=False)
    all = forms.BooleanField(label=gettext_lazy("Everything"), required=False)

    def selection(self) -> Selection:
        given = self.cleaned_data
        return Selection(given["day"], given["channel"], given["agent"], self.finding, given["all"])

    def url(self, **other: Any) -> str:
        """Return the URL of this list with other parameters; "" removes one."""
        names = ("until", "day", "channel", "agent", "kind", "all")
        current = {name: self.data.get(name, "") for name in names}
        given = {name: value for name, value in {**current, **other}.items() if value not in ("", None)}
        return f"?{urlencode(given)}"


class StatementForm(forms.Form):
    """The month to state. It must be over."""

    month = forms.CharField(
        label=gettext_lazy("Month"),
        max_length=7,
        help_text=gettext_lazy("A month that is over, such as 2026-10"),
        widget=forms.DateInput(attrs={"type": "month"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["month"].initial = f"{last_month(today()):%Y-%m}"

    def clean_month(self) -> date:
        """Return the first day of the month."""
        try:
            first = date.fromisoformat(f"{self.cleaned_data['month']}-01")
        except ValueError:
            raise ValidationError(gettext("Enter a year and a month, such as 2026-10.")) from None
        if not EARLIEST <= first <= last_month(today()):
            raise ValidationError(gettext("A month can be stated once it is over."))
        return first
