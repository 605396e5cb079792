"""The forms of supervision: the filters of the queue, a decision, a draw and a verdict."""

import re
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from recordings.days import moment_of
from recordings.filter_form import DayField, FilterForm, NamesSelect, check_period
from recordings.models import DONE, Disposition, DispositionReason, ItemSource
from recordings.models.fields import Spans
from recordings.reviews.answered import is_watched
from recordings.reviews.supervision import queue
from recordings.reviews.supervision.errors import NEEDS_MOMENT, NOT_WATCHED
from recordings.reviews.supervision.items import Decision, Moment
from recordings.reviews.supervision.rules import FITS, WAITING, WAITING_LABEL

LONGEST_NOTE = 4000
_PINNED = re.compile(r"([0-9]{1,9})(?:-([0-9]{1,9}))?")


class QueueForm(FilterForm):
    """The filters of the queue."""

    state = forms.ChoiceField(
        required=False,
        label=_("State"),
        choices=[
            ("", _("Open")),
            (WAITING, WAITING_LABEL),
            *[(value, label) for value, label in Disposition.choices if value not in DONE],
            ("done", _("Done")),
            *[(value, label) for value, label in Disposition.choices if value in DONE],
        ],
    )
    who = forms.ChoiceField(
        required=False,
        label=_("Who decides"),
        choices=[("", _("I may decide")), ("all", pgettext_lazy("who decides", "Anyone"))],
    )
    deadline = forms.ChoiceField(
        required=False,
        label=_("Deadline"),
        choices=[("", _("Any")), ("overdue", _("Overdue")), ("soon", _("Within two days"))],
    )
    source = forms.ChoiceField(
        required=False, label=_("Source"), choices=[("", _("Any")), *ItemSource.choices]
    )
    channel = forms.TypedChoiceField(
        required=False, label=_("Channel"), coerce=int, empty_value=None, widget=NamesSelect
    )
    agent = forms.TypedChoiceField(
        required=False, label=_("Agent"), coerce=int, empty_value=None, widget=NamesSelect
    )

    def __init__(self, *args: Any, person: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, listed in (("channel", queue.channels_of(person)), ("agent", queue.agents_of(person))):
            choices = [("", _("Any")), *((pk, label or str(pk)) for pk, label in listed)]
            self.fields[name].choices = choices  # type: ignore[attr-defined]

    def filters(self) -> queue.QueueFilters:
        """Return the filters of a valid form."""
        given = self.cleaned_data
        return queue.QueueFilters(
            state=given["state"] or "open",
            mine=given["who"] != "all",
            source=given["source"],
            channel=given["channel"],
            agent=given["agent"],
            deadline=given["deadline"],
        )

    def describe(self, name: str, value: str) -> str:
        """Describe a filter that is on."""
        choices = {str(key): str(label) for key, label in self.fields[name].choices}  # type: ignore[attr-defined]
        return choices.get(value, value)

    @property
    def choices_of_one(self) -> list[forms.BoundField]:
        return list(self)


class _Noted(forms.Form):
    """A note, and a moment that the person watched."""

    note = forms.CharField(
        label=_("Note"),
        required=False,
        max_length=LONGEST_NOTE,
        widget=forms.Textarea({"rows": 3, "dir": "auto"}),
    )
    at = forms.CharField(required=False, widget=forms.HiddenInput({"data-at": ""}))

    def __init__(self, *args: Any, watched: Spans, **kwargs: Any) -> None:
        """`watched`: what this person watched of the recording until now."""
        # The form of the viewing beside it has a note, too.
        super().__init__(*args, **{"auto_id": "decide_%s", **kwargs})
        self.watched = watched

    def clean_at(self) -> Moment | None:
        """Read the moment. Raises ValidationError for one that was not watched."""
        match = _PINNED.fullmatch(self.cleaned_data["at"])
        if match is None:
            return None
        start, end = sorted((int(match[1]), int(match[2] or match[1])))
        if not is_watched((start, end), self.watched):
            raise forms.ValidationError(NOT_WATCHED)
        return start, end


class DispositionForm(_Noted):
    """What a compliance officer decides. `to`: a person to whom it can be escalated."""

    disposition = forms.ChoiceField(
        label=_("Disposition"),
        choices=Disposition.choices,
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose a disposition.")},
    )
    reason = forms.ChoiceField(
        label=_("Reason"),
        choices=[
            ("", _("Choose a reason")),
            *(
                (Disposition(disposition).label, [(reason.value, reason.label) for reason in reasons])
                for disposition, reasons in FITS.items()
            ),
        ],
        error_messages={"required": _("Choose a reason.")},
    )
    to = forms.TypedChoiceField(
        label=_("Escalate to"), required=False, coerce=int, empty_value=None, widget=NamesSelect
    )
    due = DayField(label=_("Decide until the end of"))

    def __init__(self, *args: Any, people: list[Any], needs_moment: bool, **kwargs: Any) -> None:
        """`people`: to whom it can be escalated. `needs_moment`: the recording can be played."""
        super().__init__(*args, **kwargs)
        self.people = {person.pk: person for person in people}
        self.needs_moment = needs_moment
        choices = [("", _("Choose a person")), *((pk, who.display_name) for pk, who in self.people.items())]
        self.fields["to"].choices = choices  # type: ignore[attr-defined]
        self.fields["due"].help_text = gettext("Empty: the usual deadline.")

    def clean_due(self) -> date | None:
        """Refuse a day that is over."""
        due: date | None = self.cleaned_data["due"]
        if due and due < timezone.localdate():
            raise forms.ValidationError(gettext("This day is over. Choose today or a later day."))
        return due

    def clean(self) -> dict[str, Any]:
        """Check reason, note, person and moment against the disposition."""
        given: dict[str, Any] = super().clean() or {}
        disposition, reason = given.get("disposition"), given.get("reason")
        if disposition and reason and reason not in FITS[disposition]:
            self.add_error("reason", gettext("This reason does not fit the disposition. Choose another one."))
        if reason == DispositionReason.OTHER and not given.get("note"):
            self.add_error("note", gettext("Write the reason into the note."))
        if disposition == Disposition.ESCALATED and not given.get("to") and "to" not in self.errors:
            self.add_error("to", gettext("Choose to whom it is escalated."))
        points = disposition == Disposition.VIOLATION and self.needs_moment
        if points and not given.get("at") and "at" not in self.errors:
            self.add_error("at", str(NEEDS_MOMENT))
        return given

    def decision(self) -> Decision:
        """Return what a valid form decides."""
        given = self.cleaned_data
        return Decision(
            disposition=Disposition(given["disposition"]),
            reason=given["reason"],
            note=given["note"],
            moment=given["at"],
            to=self.people.get(given["to"]),
            due_at=end_of(given["due"]) if given["due"] else None,
        )


class VerdictForm(_Noted):
    """Whether a second compliance officer agrees."""

    agrees = forms.ChoiceField(
        label=_("Result"),
        choices=[("yes", _("I agree")), ("no", _("I disagree"))],
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose whether you agree.")},
    )
    field_order = ["agrees", "at", "note"]

    def clean(self) -> dict[str, Any]:
        """Ask who disagrees for the reason."""
        given: dict[str, Any] = super().clean() or {}
        if given.get("agrees") == "no" and not given.get("note"):
            self.add_error("note", gettext("Write why you disagree."))
        return given

    def facts(self) -> dict[str, Any]:
        """Return what a valid form says."""
        given = self.cleaned_data
        return {"agrees": given["agrees"] == "yes", "note": given["note"], "moment": given["at"]}


class DrawForm(forms.Form):
    """A draw of items that were closed in a period."""

    since = DayField(label=_("Closed from"))
    until = DayField(label=_("Closed until"))
    share = forms.IntegerField(label=_("Share to check, in percent"), min_value=1, max_value=100, initial=10)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["since"].required = self.fields["until"].required = True

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        check_period(self, given)
        return given


class EvidenceForm(forms.Form):
    """A period and a compliance officer, for the evidence of review."""

    since = DayField(label=_("First day (UTC)"))
    until = DayField(label=_("Last day (UTC)"))
    person = forms.TypedChoiceField(
        label=_("Reviewed by"), required=False, coerce=int, empty_value=None, widget=NamesSelect
    )

    def __init__(self, *args: Any, people: Iterable[Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [("", _("Everyone")), *((who.pk, who.display_name) for who in people)]
        self.fields["person"].choices = choices  # type: ignore[attr-defined]
        self.fields["since"].required = self.fields["until"].required = True

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        check_period(self, given)
        return given

    def chosen(self) -> dict[str, str]:
        """Return the filters of the form for reports."""
        given = self.cleaned_data
        person = f"user:{given['person']}" if given["person"] else ""
        return {"since": given["since"].isoformat(), "until": given["until"].isoformat(), "person": person}


def end_of(day: date) -> datetime:
    """Return the end of a local day."""
    return moment_of(day + timedelta(days=1), time.min, timezone.get_current_timezone())
