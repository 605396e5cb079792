"""The forms with which administrators set up provisioning."""

from datetime import time, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy

from auditportal.accounts.provisioning.models import GroupRole, Scope
from auditportal.accounts.provisioning.tokens import LONGEST_LIFE
from auditportal.accounts.roles import ROLES, contradiction
from auditportal.accounts.scope_form import ScopeForm
from auditportal.accounts.scopes import DIMENSIONS
from recordings.days import moment_of
from recordings.filter_form import DayField
from recordings.stepup import ConfirmedForm


class TokenForm(ConfirmedForm):
    """A new token: its name, what it may do, its last day."""

    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=80,
        help_text=gettext_lazy("The audit trail shows it, for example: Okta."),
    )
    scope = forms.ChoiceField(
        label=gettext_lazy("It may manage"), choices=Scope.choices, initial=Scope.USERS_AND_GROUPS
    )
    until = DayField(label=gettext_lazy("Until the end of"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"auto_id": "token_%s", **kwargs})
        self.fields["until"].required = True
        self.fields["until"].help_text = gettext("At most a year from today.")

    def clean(self) -> dict[str, Any]:
        """Check the last day."""
        until, now = self.cleaned_data.get("until"), timezone.now()
        if until:
            ends_at = moment_of(until + timedelta(days=1), time.min, timezone.get_current_timezone())
            if ends_at <= now:
                self.add_error("until", gettext("This day is over. Choose today or a later day."))
            elif ends_at > now + LONGEST_LIFE:
                self.add_error("until", gettext("Choose a day within a year from today."))
            self.cleaned_data["expires_at"] = ends_at
        return super().clean()


class GroupRoleForm(ScopeForm, ConfirmedForm):
    """A role for the members of a group, with its level and scope."""

    group = forms.CharField(
        label=gettext_lazy("Group"),
        max_length=255,
        help_text=gettext_lazy("The exact name at the identity provider."),
    )
    role = forms.ChoiceField(label=gettext_lazy("Role"))
    field_order = ("group", "role", "level", *DIMENSIONS, "anyway", "password")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"auto_id": "role_%s", **kwargs})
        role: Any = self.fields["role"]
        # A group gives its role for as long as somebody is in it: without an end.
        role.choices = [(each.code, each.label) for each in ROLES.values() if not each.needs_end]

    def clean(self) -> dict[str, Any]:
        """Check that the group's roles suit each other."""
        group, role = self.cleaned_data.get("group"), self.cleaned_data.get("role")
        if group and role and not self.only_counts:
            others = GroupRole.objects.filter(group=group, ended_at=None).values_list("role", flat=True)
            if text := contradiction([*others, role]):
                self.add_error(None, text)
        return super().clean()
