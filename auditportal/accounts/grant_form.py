"""The form with which administrators grant a role: how much it allows, and where."""

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from auditportal.accounts.actions import ADMINISTRATOR
from auditportal.accounts.models import HeldGrant, teams_of_agents
from auditportal.accounts.people_forms import RoleForm
from auditportal.accounts.roles import ROLES
from auditportal.accounts.scopes import DIMENSIONS, Reached, choices, reached
from recordings.reach import Level

LEVELS = (
    (Level.LIST, _("List: find recordings and read what the lists show")),
    (Level.VIEW, _("View: also open objects and watch recordings")),
    (Level.DOWNLOAD, _("Download: also download files and export reports")),
    (Level.MANAGE, _("Manage: everything that the role carries")),
)


class GrantForm(RoleForm):
    """A role with its level and scope. A dimension in which nothing is chosen is not limited."""

    level = forms.ChoiceField(label=_("Level"), choices=LEVELS, initial=Level.VIEW)
    channels = forms.TypedMultipleChoiceField(label=DIMENSIONS["channels"], coerce=int, required=False)
    teams = forms.TypedMultipleChoiceField(label=DIMENSIONS["teams"], coerce=int, required=False)
    agents = forms.TypedMultipleChoiceField(label=DIMENSIONS["agents"], coerce=int, required=False)
    classes = forms.MultipleChoiceField(label=DIMENSIONS["classes"], required=False)
    field_order = ["role", "level", *DIMENSIONS, "since", "until", "reason", "anyway", "password"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for dimension in DIMENSIONS:
            field: Any = self.fields[dimension]
            field.widget = forms.CheckboxSelectMultiple()
            field.choices = choices(dimension)
        self.reached: Reached | None = None
        # A count is asked for before the form is complete.
        self.only_counts = "count" in self.data
        if self.only_counts:
            for name in {"since", "until", "reason", "password"} & self.fields.keys():
                self.fields[name].required = False

    @property
    def scope_fields(self) -> list[forms.BoundField]:
        """The fields of the scope, for a list of check boxes each."""
        return [self[dimension] for dimension in DIMENSIONS]

    def clean(self) -> dict[str, Any]:
        """Count what the scope reaches, and warn when that is nothing."""
        values = self.cleaned_data
        if not self.errors or self.only_counts:
            self._clean_scope(values)
        return values if self.only_counts else super().clean()

    def _clean_scope(self, values: dict[str, Any]) -> None:
        scope = {name: frozenset(values.get(name, ())) for name in DIMENSIONS}
        if values.get("role") == ADMINISTRATOR:
            if any(scope.values()) or values.get("level") != Level.MANAGE:
                self.add_error(
                    "role",
                    gettext(
                        "The role of an administrator has the level “Manage” and no scope: it shows no recording."
                    ),
                )
            return
        grant = HeldGrant(ROLES["compliance_officer"], Level.MANAGE, **scope)
        self.reached = reached(grant.scope(teams_of_agents(grant.teams)))
        if not self.only_counts and not self.reached.recordings and not values.get("anyway"):
            self.warning = gettext("This scope matches no recording now.")
            self.add_error(None, self.warning)
