"""The forms on who has access."""

from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy

from auditportal.accounts.access_models import Decision
from auditportal.accounts.people_forms import reason_field
from recordings.days import moment_of
from recordings.filter_form import DayField
from recordings.reach import Level
from recordings.stepup import ConfirmedForm

DAYS_TO_DECIDE = 30


class DayForm(forms.Form):
    """A day to look at; today when it is empty."""

    day = DayField(label=gettext_lazy("Day"))

    def clean_day(self) -> date | None:
        """Refuse a day that has not begun."""
        day: date | None = self.cleaned_data["day"]
        if day and day > timezone.localdate():
            raise forms.ValidationError(gettext("This day has not begun. Choose today or an earlier day."))
        return day

    def period(self) -> tuple[datetime, datetime]:
        """Return begin and end of the whole local day; for today, of this very moment."""
        day = self.cleaned_data.get("day") if self.is_valid() else None
        if day is None or day == timezone.localdate():
            now = timezone.now()
            return now, now + timedelta(microseconds=1)
        zone = timezone.get_current_timezone()
        return moment_of(day, time.min, zone), moment_of(day + timedelta(days=1), time.min, zone)


class AskForm(forms.Form):
    """A request for access."""

    thing = forms.CharField(
        label=gettext_lazy("Recording or object"),
        max_length=60,
        help_text=gettext_lazy("Its number, as in the address of its page."),
    )
    level = forms.ChoiceField(
        label=gettext_lazy("What you need"),
        choices=[
            (Level.VIEW.value, gettext_lazy("Open and play it")),
            (Level.DOWNLOAD.value, gettext_lazy("Download and export it")),
        ],
    )
    reason = reason_field()


class AnswerForm(ConfirmedForm):
    """The answer to a request for access."""

    answer = forms.CharField(
        label=gettext_lazy("Answer"),
        max_length=300,
        help_text=gettext_lazy("The person who asked reads it, and auditors do."),
    )


class OpenForm(ConfirmedForm):
    """Open a recertification."""

    due = DayField(label=gettext_lazy("Decide until the end of"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        last = timezone.localdate() + timedelta(days=DAYS_TO_DECIDE)
        self.fields["due"].help_text = gettext("Empty: %(day)s.") % {"day": last.isoformat()}

    def due_at(self) -> datetime:
        """Return the end of the last day."""
        last = self.cleaned_data["due"] or timezone.localdate() + timedelta(days=DAYS_TO_DECIDE)
        return moment_of(last + timedelta(days=1), time.min, timezone.get_current_timezone())

    def clean_due(self) -> date | None:
        """Refuse a day that is over."""
        due: date | None = self.cleaned_data["due"]
        if due and due < timezone.localdate():
            raise forms.ValidationError(gettext("This day is over. Choose today or a later day."))
        return due


class DecideForm(ConfirmedForm):
    """Keep or remove the chosen grants."""

    decision = forms.ChoiceField(
        choices=[(Decision.KEEP.value, Decision.KEEP.label), (Decision.REMOVE.value, Decision.REMOVE.label)]
    )
    rows = forms.TypedMultipleChoiceField(
        coerce=int, error_messages={"required": gettext_lazy("Choose at least one grant.")}
    )
    reason = reason_field()

    def __init__(self, *args: Any, row_ids: list[int], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["rows"].choices = [(pk, pk) for pk in row_ids]  # type: ignore[attr-defined]
