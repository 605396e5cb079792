"""The forms of coaching and training. Bad input gets a sentence at its field, and what was typed is kept."""

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.contrib.auth import get_user_model
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from recordings.days import moment_of
from recordings.filter_form import DayField
from recordings.models import Basis, Recording
from recordings.permissions import Permission
from recordings.playback.queries import find_recording
from recordings.policies import can_use, is_own_call
from recordings.reviews.coaching.moments import NotAMoment, read_moment
from recordings.reviews.coaching.people import concerns, evaluations_about
from recordings.reviews.coaching.quiz import MOST_QUESTIONS, Typed, build_quiz
from recordings.reviews.coaching.sessions import EmptySession, Moment
from recordings.reviews.coaching.training import INACTIVE
from recordings.scorecards.texts import localized

MOMENTS = 5
LONGEST_GOALS, LONGEST_NOTE = 2000, 500
_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
NO_SUCH_RECORDING = _("There is no such recording among those that you may use for coaching.")
OWN_CALL = _("You are the agent of this conversation. Choose another recording.")
NOT_THEIRS = _("It is neither a call of this person nor one that they may evaluate.")


class Text(forms.CharField):
    """A text of several lines in any language."""

    def __init__(self, *, rows: int = 3, **options: Any) -> None:
        super().__init__(widget=forms.Textarea({"rows": rows, "dir": "auto"}), **options)


class LastDay(DayField):
    """A day that is needed, and not over."""

    def __init__(self, *, label: Any) -> None:
        super().__init__(label=label)
        self.required = True

    def validate(self, value: Any) -> None:
        """Refuse a day that is over."""
        super().validate(value)
        if value < timezone.localdate():
            raise forms.ValidationError(gettext("This day is over. Choose today or a later day."))


class _Due(forms.Form):
    """A last day."""

    due = LastDay(label=_("Due"))

    @property
    def due_at(self) -> datetime:
        """The end of the last day."""
        return end_of(self.cleaned_data["due"])


class PersonForm(forms.Form):
    """Whom to coach."""

    person = forms.ModelChoiceField(
        get_user_model().objects.none(), label=_("Person"), widget=forms.Select({"translate": "no"})
    )

    def __init__(self, *args: Any, people: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _offer(self, "person", people)


@dataclass(frozen=True)
class Offer:
    """The label of an evaluation that can be chosen. `row` is annotated with `newest_score`."""

    row: Any
    title: str

    @property
    def score(self) -> str:
        return (self.row.newest_score or "").removesuffix(".00")


class SessionForm(_Due):
    """A coaching session for a person: evaluations, moments, goals and a last day."""

    evaluations = forms.MultipleChoiceField(
        label=_("Evaluations"), required=False, widget=forms.CheckboxSelectMultiple
    )
    goals = Text(label=_("Goals"), max_length=LONGEST_GOALS)

    field_order = ("evaluations", "goals", "due")

    def __init__(self, *args: Any, person: Any, coach: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.person, self.coach = person, coach
        self.offered = {str(one.pk): one for one in evaluations_about(person, coach)}
        language = get_language() or "en"
        self.fields["evaluations"].choices = [  # type: ignore[attr-defined]
            (pk, Offer(one, localized(one.version.title, language))) for pk, one in self.offered.items()
        ]
        for place in range(MOMENTS):
            self.fields[f"recording_{place}"] = forms.CharField(
                label=_("Recording"), required=False, max_length=300
            )
            self.fields[f"at_{place}"] = forms.CharField(label=_("Moment"), required=False, max_length=30)
            self.fields[f"note_{place}"] = forms.CharField(
                label=_("Note"),
                required=False,
                max_length=LONGEST_NOTE,
                widget=forms.TextInput({"dir": "auto"}),
            )

    @property
    def moment_rows(self) -> list[tuple[Any, Any, Any]]:
        """The fields of each moment."""
        return [(self[f"recording_{at}"], self[f"at_{at}"], self[f"note_{at}"]) for at in range(MOMENTS)]

    def clean(self) -> dict[str, Any]:
        """Find the recordings, and read the moments: `cleaned_data["moments"]`."""
        values: dict[str, Any] = super().clean() or {}
        moments = [self._moment(place, values) for place in range(MOMENTS)]
        values["moments"] = [moment for moment in moments if moment]
        values["chosen"] = [self.offered[pk] for pk in values.get("evaluations", [])]
        if not self.errors and not values["moments"] and not values["chosen"]:
            self.add_error(None, str(EmptySession.sentence))
        return values

    def _moment(self, place: int, values: dict[str, Any]) -> Moment | None:
        typed, at, note = (values.get(f"{name}_{place}", "").strip() for name in ("recording", "at", "note"))
        if not (typed or at or note):
            return None
        recording = find_in(typed)
        if recording is None or not can_use(self.coach, Permission.COACH, recording.object):
            self.add_error(f"recording_{place}", str(NO_SUCH_RECORDING))
            return None
        problem: str | Promise = ""
        if is_own_call(self.coach, recording.object):
            problem = OWN_CALL
        elif not concerns(self.person, recording.object):
            problem = NOT_THEIRS
        if problem:
            self.add_error(f"recording_{place}", str(problem))
            return None
        try:
            return Moment(recording, *read_moment(at, recording), note)
        except NotAMoment as refusal:
            self.add_error(f"at_{place}", str(refusal.sentence))
            return None


class ExemplarForm(forms.Form):
    """A range of a recording with its passport, what completes a viewing, and a quiz."""

    title = forms.CharField(
        label=_("Title"),
        max_length=120,
        widget=forms.TextInput({"dir": "auto"}),
        help_text=_("What it is an example of. Name no customer and no agent."),
    )
    moment = forms.CharField(
        label=_("Range"),
        required=False,
        max_length=30,
        help_text=_("Such as 1:23-4:10. Empty: the whole recording."),
    )
    basis = forms.ChoiceField(label=_("Basis"), choices=Basis.choices)
    basis_text = Text(
        label=_("Where the basis is documented"),
        max_length=500,
        help_text=_("For example the number of the consent. It is kept as a personal value."),
    )
    owner = forms.ModelChoiceField(
        get_user_model().objects.none(),
        label=_("Owner"),
        help_text=_("Who answers for its use."),
        widget=forms.Select({"translate": "no"}),
    )
    expires = LastDay(label=_("Expires after"))
    share = forms.IntegerField(label=_("Share to watch, in per cent"), min_value=1, max_value=100, initial=90)
    pass_percent = forms.IntegerField(
        label=_("Pass mark of the quiz, in per cent"), min_value=1, max_value=100, initial=80
    )

    def __init__(self, *args: Any, recording: Recording, owners: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.recording = recording
        _offer(self, "owner", owners)
        for place in range(MOST_QUESTIONS):
            self.fields[f"question_{place}"] = forms.CharField(
                label=_("Question"), required=False, max_length=300, widget=forms.TextInput({"dir": "auto"})
            )
            self.fields[f"answers_{place}"] = Text(label=_("Answers"), required=False, max_length=3000)

    @property
    def question_rows(self) -> list[tuple[Any, Any]]:
        """The fields of each question."""
        return [(self[f"question_{place}"], self[f"answers_{place}"]) for place in range(MOST_QUESTIONS)]

    def clean_moment(self) -> str:
        """Read the range: `cleaned_data["range_ms"]`."""
        typed: str = self.cleaned_data["moment"].strip()
        seconds = self.recording.duration_seconds
        if not typed and not seconds:
            raise forms.ValidationError(gettext("The length of the recording is not known. Give a range."))
        try:
            start, end = read_moment(typed, self.recording) if typed else (0, (seconds or 0) * 1000)
        except NotAMoment as refusal:
            raise forms.ValidationError(str(refusal.sentence)) from None
        if start == end:
            raise forms.ValidationError(gettext("Give a range of at least one second, such as 1:23-1:40."))
        self.cleaned_data["range_ms"] = start, end
        return typed

    def clean(self) -> dict[str, Any]:
        """Build the quiz: `cleaned_data["quiz"]`, None without questions."""
        values: dict[str, Any] = super().clean() or {}
        typed = [
            Typed(values.get(f"question_{at}", "").strip(), values.get(f"answers_{at}", ""))
            for at in range(MOST_QUESTIONS)
        ]
        for place, question in enumerate(typed):
            if not question.is_empty and (problem := question.problem()):
                self.add_error(f"answers_{place}", str(problem))
        asked = [question for question in typed if not question.is_empty]
        values["quiz"] = build_quiz(values["title"], asked)[1] if asked and not self.errors else None
        return values


class AssignForm(_Due):
    """To whom an exemplar is assigned, and until when."""

    person = forms.ModelChoiceField(
        get_user_model().objects.none(),
        label=_("Person"),
        error_messages={"invalid_choice": INACTIVE},
        help_text=_("The person may play this recording until the viewing is done, and not download it."),
        widget=forms.Select({"translate": "no"}),
    )
    field_order = ("person", "due")

    def __init__(self, *args: Any, people: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _offer(self, "person", people)


class WithdrawForm(forms.Form):
    """Why an exemplar is withdrawn."""

    reason = forms.CharField(
        label=_("Reason"), max_length=LONGEST_NOTE, widget=forms.TextInput({"dir": "auto"})
    )


class CommentForm(forms.Form):
    """What the coached person answers."""

    comment = Text(label=_("Comment"), required=False, max_length=LONGEST_GOALS)


def find_in(text: str) -> Recording | None:
    """Return the recording whose id is in a text, such as the address of its page; None without one."""
    match = _UUID.search(text)
    return find_recording(UUID(match[0])) if match else None


def end_of(day: date) -> datetime:
    """Return the end of a day in the person's time zone."""
    return moment_of(day + timedelta(days=1), time.min, timezone.get_current_timezone())


def _offer(form: forms.Form, name: str, people: Any) -> None:
    field: Any = form.fields[name]
    field.queryset = people
    field.label_from_instance = lambda person: person.display_name
