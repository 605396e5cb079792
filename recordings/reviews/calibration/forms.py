"""The forms of a calibration: what is scored, by whom and until when; and a comment."""

import re
from collections.abc import Iterable
from datetime import date, time
from typing import Any
from uuid import UUID

from django import forms
from django.utils import timezone
from django.utils.translation import get_language, gettext, gettext_lazy

from recordings.days import moment_of
from recordings.filter_form import DayField
from recordings.models import Recording, ScorecardState, ScorecardVersion
from recordings.permissions import Permission
from recordings.policies import can_use, is_own_call
from recordings.reviews.calibration.queries import people_who_evaluate
from recordings.reviews.evaluations import title_of
from recordings.wording import local_day

MOST_RECORDINGS = 10
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_END_OF_DAY = time(23, 59)
_CHOOSE_TWO = gettext_lazy("Choose at least two people. One person alone has nobody to compare with.")


class NewCalibrationForm(forms.Form):
    """What is scored, by whom and until when. `found` has the recordings, `people` the participants."""

    version = forms.ChoiceField(
        label=gettext_lazy("Scorecard"),
        widget=forms.RadioSelect,
        error_messages={
            "required": gettext_lazy("Choose a scorecard."),
            "invalid_choice": gettext_lazy("This scorecard is not active. Choose another one."),
        },
    )
    recordings = forms.CharField(
        label=gettext_lazy("Recordings"),
        max_length=4000,
        widget=forms.Textarea({"rows": 3, "spellcheck": "false", "dir": "ltr", "translate": "no"}),
        help_text=gettext_lazy("Addresses or ids of recordings, one on each line, at most 10."),
        error_messages={"required": gettext_lazy("Name at least one recording.")},
    )
    participants = forms.MultipleChoiceField(
        label=gettext_lazy("Participants"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={
            "required": _CHOOSE_TWO,
            "invalid_choice": gettext_lazy("One of these people may not evaluate. Load the page again."),
        },
    )
    due_on = forms.DateField(
        label=gettext_lazy("Submit until"),
        input_formats=["%Y-%m-%d"],
        widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"),
        validators=DayField.default_validators,
        error_messages={
            "required": gettext_lazy("Choose a day."),
            "invalid": gettext_lazy("A date is expected, such as 2026-11-30."),
        },
    )

    def __init__(self, *args: Any, manager: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.manager, self.found, self.people = manager, list[Recording](), list[Any]()
        self.candidates = {str(person.pk): person for person in people_who_evaluate()}
        language = get_language() or "en"
        active = ScorecardVersion.objects.defer("document").filter(state=ScorecardState.ACTIVE).order_by("pk")
        self.fields["version"].choices = [  # type: ignore[attr-defined]
            (str(version.pk), title_of(version, language)) for version in active
        ]
        self.fields["participants"].choices = [  # type: ignore[attr-defined]
            (key, person.display_name) for key, person in self.candidates.items()
        ]

    def clean_recordings(self) -> str:
        """Find the recordings; one outside the manager's reach is answered as one that does not exist."""
        text: str = self.cleaned_data["recordings"]
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        for line in lines:
            match = _UUID.search(line)
            recording = _usable(UUID(match[0]), self.manager) if match else None
            if recording is None:
                message = gettext("There is no recording with this address or id: %(line)s")
                raise forms.ValidationError(message % {"line": line[:80]})
            if not recording.may_be_tried:
                message = gettext("This recording cannot be played, so it cannot be scored: %(line)s")
                raise forms.ValidationError(message % {"line": line[:80]})
            if is_own_call(self.manager, recording.object):
                message = gettext(
                    "You are the agent of this recording. Somebody else must calibrate on it: %(line)s"
                )
                raise forms.ValidationError(message % {"line": line[:80]})
            if recording not in self.found:
                self.found.append(recording)
        if len(self.found) > MOST_RECORDINGS:
            message = gettext("At most %(number)s recordings can be scored in one calibration.")
            raise forms.ValidationError(message % {"number": MOST_RECORDINGS})
        return text

    def clean_participants(self) -> list[str]:
        """Require two people or more."""
        keys: list[str] = self.cleaned_data["participants"]
        if len(set(keys)) < 2:
            raise forms.ValidationError(_CHOOSE_TWO)
        self.people = [self.candidates[key] for key in dict.fromkeys(keys)]
        return keys

    def clean_due_on(self) -> date:
        """Require today or a later day, as the manager's zone has it."""
        day: date = self.cleaned_data["due_on"]
        if day < timezone.localdate():
            raise forms.ValidationError(gettext("Choose today or a later day."))
        return day

    def clean(self) -> dict[str, Any]:
        """Say for each person why they cannot take part; make `due_at`, the end of the day."""
        values: dict[str, Any] = super().clean() or {}
        for person in self.people:
            if problem := why_not(person, self.found):
                self.add_error("participants", problem)
        if "due_on" in values:
            values["due_at"] = moment_of(values["due_on"], _END_OF_DAY, timezone.get_current_timezone())
        return values


class CommentForm(forms.Form):
    """A comment on a question of a recording."""

    recording = forms.UUIDField()
    question = forms.CharField(max_length=64)
    comment = forms.CharField(max_length=2000)


def why_not(person: Any, recordings: Iterable[Recording]) -> str:
    """Say why a person cannot score these recordings blind; empty when they can."""
    name = {"name": person.display_name}
    if person.has_permission(Permission.READ_TRAIL):
        return (
            gettext("%(name)s reads the audit trail, where scores can be read, and so cannot score blind.")
            % name
        )
    for recording in recordings:
        day = {**name, "day": local_day(recording.shown_at)}
        if is_own_call(person, recording.object):
            return (
                gettext(
                    "%(name)s is the agent of the recording of %(day)s, and nobody scores their own call."
                )
                % day
            )
        if not can_use(person, Permission.EVALUATE, recording.object):
            return gettext("%(name)s cannot see the recording of %(day)s, and so cannot be invited.") % day
    return ""


def _usable(pk: UUID, manager: Any) -> Recording | None:
    recording = Recording.objects.select_related("object").filter(pk=pk).first()
    if recording is None:
        return None
    may = all(
        can_use(manager, permission, recording.object)
        for permission in (Permission.EVALUATE, Permission.MANAGE_CALIBRATION)
    )
    return recording if may else None
