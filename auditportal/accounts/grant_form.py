"""The forms with which administrators grant a role: to a person, or to somebody whom they invite."""

from typing import Any

from django import forms
from django.utils.translation import gettext

from auditportal.accounts.invitations import NewPerson
from auditportal.accounts.models import User
from auditportal.accounts.people_forms import PersonFields, RoleFields, free_email
from auditportal.accounts.roles import contradiction
from auditportal.accounts.scope_form import ScopeForm
from auditportal.accounts.scopes import DIMENSIONS
from recordings.reach import Level
from recordings.stepup import ConfirmedForm

_ROLE = ("role", "level", *DIMENSIONS, "since", "until", "reason", "anyway", "password")


class GrantForm(ScopeForm, RoleFields, ConfirmedForm):
    """A role for a person with its level, scope and period, confirmed by the administrator."""

    field_order = _ROLE

    def __init__(self, *args: Any, held: frozenset[str] = frozenset(), **kwargs: Any) -> None:
        """`held`: the roles that the person has or will have."""
        super().__init__(*args, **kwargs)
        self._held = held
        self.fields["since"].help_text = gettext("Empty: at once.")
        self.fields["until"].help_text = gettext("Empty: until an administrator ends it.")

    def clean(self) -> dict[str, Any]:
        """Check the period, and that the roles suit each other."""
        if not self.only_counts:
            self.check_period()
            if not self.errors:
                self.warn(contradiction(self._held | {self.cleaned_data["role"]}))
        return super().clean()


class InviteForm(PersonFields, GrantForm):
    """A new person with their first role, confirmed by the administrator."""

    field_order = ("full_name", "username", "email", "language", *_ROLE)

    @property
    def person(self) -> NewPerson:
        """Return who is invited, from a valid form."""
        return self.new_person(level=Level(self.cleaned_data["level"]), limits=self.limits)

    def clean_email(self) -> str:
        """Refuse an address that another active person has."""
        return free_email(self.cleaned_data["email"])

    def clean_username(self) -> str:
        """Refuse a name that somebody has, whatever its case."""
        username: str = self.cleaned_data["username"]
        if User.objects.filter(username__iexact=username).exists():
            raise forms.ValidationError(gettext("Somebody has this user name."))
        return username
