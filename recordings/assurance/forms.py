"""Read the query strings of the pages of assurance; what cannot be read becomes a sentence."""

from datetime import date
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.core.exceptions import ValidationError

from recordings.assurance.board import AXES
from recordings.assurance.findings import FINDINGS, Finding
from recordings.assurance.listing import Selection
from recordings.assurance.window import Window, last_month
from recordings.days import today
from recordings.db import BIGGEST_ID
from recordings.filter_form import DayField, FilterForm

EARLIEST = date(2000, 1, 1)


class _WindowForm(FilterForm):
    until = DayField(label="Last day")
    by = forms.ChoiceField(label="Lines", choices=[(axis, axis) for axis in AXES], required=False)
    kind = forms.ChoiceField(
        label="Finding", choices=[(finding.value, finding.label) for finding in Finding], required=False
    )
    channel = forms.IntegerField(label="Channel", min_value=0, max_value=BIGGEST_ID, required=False)

    def clean_until(self) -> date:
        """A day that is over or is today; without one, today."""
        last: date = self.cleaned_data["until"] or today()
        if last > today() or last < EARLIEST:
            raise ValidationError("Choose a day between 2000 and today.")
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
    """Which days, whose lines, which finding."""

    @property
    def axis(self) -> str:
        return str(self.cleaned_data["by"] or "channel")

    def url(self, **other: Any) -> str:
        """The address of this map with other parameters; "" removes one."""
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
    """Which days, and what of them: a day, a channel, an agent, a finding, or everything that was expected."""

    day = DayField(label="Day")
    agent = forms.IntegerField(label="Agent", min_value=0, max_value=BIGGEST_ID, required=False)
    all = forms.BooleanField(label="Everything", required=False)

    def selection(self) -> Selection:
        given = self.cleaned_data
        return Selection(given["day"], given["channel"], given["agent"], self.finding, given["all"])

    def url(self, **other: Any) -> str:
        """The address of this list with other parameters; "" removes one."""
        names = ("until", "day", "channel", "agent", "kind", "all")
        current = {name: self.data.get(name, "") for name in names}
        given = {name: value for name, value in {**current, **other}.items() if value not in ("", None)}
        return f"?{urlencode(given)}"


class StatementForm(forms.Form):
    """A month that is over."""

    month = forms.CharField(
        label="Month",
        max_length=7,
        help_text="A month that is over, such as 2026-10",
        widget=forms.DateInput(attrs={"type": "month"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["month"].initial = f"{last_month(today()):%Y-%m}"

    def clean_month(self) -> date:
        """Its first day."""
        try:
            first = date.fromisoformat(f"{self.cleaned_data['month']}-01")
        except ValueError:
            raise ValidationError("Write the month as year and month, such as 2026-10.") from None
        if not EARLIEST <= first <= last_month(today()):
            raise ValidationError("A month can be stated once it is over.")
        return first
