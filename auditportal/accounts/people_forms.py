"""The forms with which administrators manage people."""

from datetime import time, timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy

from auditportal.accounts.actions import is_mail_taken
from auditportal.accounts.invitations import NewPerson
from auditportal.accounts.models import User
from auditportal.accounts.roles import ROLES
from auditportal.accounts.scopes import Limits
from recordings.days import moment_of
from recordings.filter_form import DayField
from recordings.reach import Level
from recordings.stepup import ConfirmedForm

LONGEST_REASON = 300
_EDITED = ("full_name", "email")


def reason_field() -> forms.CharField:
    return forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=LONGEST_REASON,
        help_text=gettext_lazy("Auditors read it, for example: joins the claims team."),
    )


class NameField(forms.CharField):
    """A person's name in one line."""

    def __init__(self) -> None:
        super().__init__(label=gettext_lazy("Full name"), max_length=160)

    def to_python(self, value: Any) -> str:
        return " ".join(str(super().to_python(value)).split())


def _email() -> forms.EmailField:
    return forms.EmailField(label=gettext_lazy("Mail address"), required=False, max_length=254)


def free_email(email: str, besides: User | None = None) -> str:
    if is_mail_taken(email, besides=besides):
        raise forms.ValidationError(gettext("Another active person has this mail address."))
    return email


class RoleFields(forms.Form):
    """A role: from a day on, until a day or for good, with a reason."""

    role = forms.ChoiceField(
        label=gettext_lazy("Role"), choices=[(role.code, role.label) for role in ROLES.values()]
    )
    since = DayField(label=gettext_lazy("From"))
    until = DayField(label=gettext_lazy("Until the end of"))
    reason = reason_field()

    def check_period(self) -> None:
        """Compute `starts_at` and `ends_at`, and refuse a period that is over or ends before it begins."""
        values = self.cleaned_data
        zone, now = timezone.get_current_timezone(), timezone.now()
        since, until = values.get("since"), values.get("until")
        values["starts_at"] = max(moment_of(since, time.min, zone), now) if since else None
        values["ends_at"] = moment_of(until + timedelta(days=1), time.min, zone) if until else None
        if since and until and until < since:
            self.add_error("until", gettext("The last day is before the first."))
        elif values["ends_at"] and values["ends_at"] <= now:
            self.add_error("until", gettext("This day is over. Choose today or a later day."))
        role = ROLES.get(values.get("role", ""))
        if role and role.needs_end and not until and "until" not in self.errors:
            self.add_error("until", gettext("This role is granted until a day. Choose the last day."))


class PersonFields(RoleFields):
    """A new person with their first role."""

    full_name = NameField()
    username = forms.RegexField(
        label=gettext_lazy("User name"),
        max_length=80,
        regex=r"^[a-z0-9][a-z0-9._@-]*$",
        help_text=gettext_lazy("Small letters, digits, dots, hyphens, underscores and @."),
        error_messages={
            "invalid": gettext_lazy("Use small letters, digits, dots, hyphens, underscores and @ only.")
        },
    )
    email = _email()
    language = forms.ChoiceField(
        label=gettext_lazy("Language"),
        choices=settings.LANGUAGES,
        widget=forms.Select({"translate": "no"}),
        help_text=gettext_lazy("Of the invitation and of the portal. The person can change it."),
    )

    def new_person(self, *, level: Level, limits: Limits) -> NewPerson:
        """Return who is invited with a role of this level and scope, from a valid form."""
        values = self.cleaned_data
        return NewPerson(
            full_name=values["full_name"],
            username=values["username"],
            email=values["email"],
            language=values["language"],
            role=values["role"],
            starts_at=values["starts_at"],
            until=values["ends_at"],
            reason=values["reason"],
            level=level,
            limits=limits,
        )


class ReasonForm(ConfirmedForm):
    """Why something is done to a person's account."""

    reason = reason_field()


class PersonForm(ConfirmedForm):
    """Name and mail address of a person, beside those that the page showed."""

    full_name = NameField()
    email = _email()
    seen_full_name = forms.CharField(required=False, strip=False, widget=forms.HiddenInput)
    seen_email = forms.CharField(required=False, strip=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, person: User, **kwargs: Any) -> None:
        self._person = person
        shown = {name: getattr(person, name) for name in _EDITED}
        super().__init__(
            *args, initial=shown | {f"seen_{name}": value for name, value in shown.items()}, **kwargs
        )

    @property
    def values(self) -> dict[str, str]:
        """Return name and mail address of a valid form."""
        return {name: self.cleaned_data[name] for name in _EDITED}

    def clean_email(self) -> str:
        """Refuse an address that another active person has."""
        return free_email(self.cleaned_data["email"], besides=self._person)

    def clean(self) -> dict[str, Any]:
        """Refuse to overwrite what somebody else has changed since the page was opened."""
        if any(self.cleaned_data.get(f"seen_{name}") != getattr(self._person, name) for name in _EDITED):
            self.add_error(None, gettext("Somebody else has changed this meanwhile. Load the page again."))
        return super().clean()


class NewPasswordForm(forms.Form):
    """A password that somebody chooses for themselves."""

    password = forms.CharField(
        label=gettext_lazy("New password"),
        max_length=128,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=gettext_lazy("15 characters or more. Several words are easy to remember."),
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._user = user

    def clean_password(self) -> str:
        """Apply the rules for passwords."""
        password: str = self.cleaned_data["password"]
        validate_password(password, self._user)
        return password


class ChangePasswordForm(ConfirmedForm):
    """A new password for the person who is signed in."""

    new_password = forms.CharField(
        label=gettext_lazy("New password"),
        max_length=128,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=gettext_lazy("15 characters or more. Several words are easy to remember."),
    )
    field_order = ("password", "new_password")

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._user = user

    def clean_new_password(self) -> str:
        """Apply the rules for passwords."""
        password: str = self.cleaned_data["new_password"]
        validate_password(password, self._user)
        return password
