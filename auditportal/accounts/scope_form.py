"""The fields of a form with which administrators say how much a role allows, and where."""

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from auditportal.accounts.actions import ADMINISTRATOR
from auditportal.accounts.scopes import DIMENSIONS, Limits, Reached, choices, reached, scope_of
from recordings.reach import Level

LEVELS = (
    (Level.LIST, _("List: find recordings and read what the lists show")),
    (Level.VIEW, _("View: also open objects and watch recordings")),
    (Level.DOWNLOAD, _("Download: also download files and export reports")),
    (Level.MANAGE, _("Manage: everything that the role carries")),
)


NO_SCOPE = _("The role of an administrator has the level “Manage” and no scope: it shows no recording.")


class ScopeForm(forms.Form):
    """Level and scope of a role. A dimension in which nothing is chosen is not limited.

    The form's other fields are those of what receives the role; `role` is among them.
    """

    level = forms.ChoiceField(label=_("Level"), choices=LEVELS, initial=Level.VIEW)
    channels = forms.TypedMultipleChoiceField(label=DIMENSIONS["channels"], coerce=int, required=False)
    teams = forms.TypedMultipleChoiceField(label=DIMENSIONS["teams"], coerce=int, required=False)
    agents = forms.TypedMultipleChoiceField(label=DIMENSIONS["agents"], coerce=int, required=False)
    classes = forms.MultipleChoiceField(label=DIMENSIONS["classes"], required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for dimension in DIMENSIONS:
            field: Any = self.fields[dimension]
            field.widget = forms.CheckboxSelectMultiple()
            field.choices = choices(dimension)
        self.reached: Reached | None = None
        # Said before it is done; whoever means it says so.
        self.warning = ""
        self.fields["anyway"] = forms.BooleanField(label=_("Grant it all the same"), required=False)
        # A count is asked for before the form is complete.
        self.only_counts = "count" in self.data
        if self.only_counts:
            for name in self.fields.keys() - {"role", "level"}:
                self.fields[name].required = False

    @property
    def scope_fields(self) -> list[forms.BoundField]:
        """The fields of the scope, for a list of check boxes each."""
        return [self[dimension] for dimension in DIMENSIONS]

    @property
    def fields_before(self) -> list[forms.BoundField]:
        """The fields before the level, in their order."""
        return self._others[0]

    @property
    def fields_after(self) -> list[forms.BoundField]:
        """The fields behind the scope, in their order."""
        return self._others[1]

    @property
    def limits(self) -> Limits:
        """The scope of a valid form."""
        return {name: self.cleaned_data[name] for name in DIMENSIONS}

    def clean(self) -> dict[str, Any]:
        """Count what the scope reaches, and warn when that is nothing."""
        if not self.errors or self.only_counts:
            self._clean_scope(self.cleaned_data)
        return self.cleaned_data if self.only_counts else super().clean() or {}

    def warn(self, sentence: str) -> None:
        """Refuse the form with a warning, unless it was answered."""
        if sentence and not self.cleaned_data.get("anyway"):
            self.warning = sentence
            self.add_error(None, sentence)

    def _clean_scope(self, values: dict[str, Any]) -> None:
        limits = {name: values.get(name, []) for name in DIMENSIONS}
        if values.get("role") == ADMINISTRATOR:
            if any(limits.values()) or values.get("level") != Level.MANAGE:
                self.add_error("role", str(NO_SCOPE))
            return
        if not self.only_counts and not any(limits.values()):
            return
        self.reached = reached(scope_of(limits))
        if not self.only_counts and not self.reached.recordings:
            self.warn(gettext("This scope matches no recording now."))

    @property
    def _others(self) -> tuple[list[forms.BoundField], list[forms.BoundField]]:
        names = [name for name in self.fields if name not in {*DIMENSIONS, "anyway"}]
        level = names.index("level")
        return [self[name] for name in names[:level]], [self[name] for name in names[level + 1 :]]
