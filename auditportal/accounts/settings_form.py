"""The form of My settings: what a person decides about how the portal looks to them."""

from itertools import groupby
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext, gettext_lazy

from auditportal.accounts.models import User
from auditportal.accounts.zones import ZONES


class SettingsForm(forms.ModelForm):  # type: ignore[type-arg]  # a subscript needs a patched Django
    """Language and time zone; each may be left to the browser."""

    language = forms.ChoiceField(
        label=gettext_lazy("Language"), required=False, widget=forms.Select({"translate": "no"})
    )
    time_zone = forms.ChoiceField(
        label=gettext_lazy("Time zone"),
        required=False,
        widget=forms.Select({"translate": "no"}),
        help_text=gettext_lazy("Times are stored and exported in UTC. Pages show them in this zone."),
    )

    class Meta:
        model = User
        fields = ("language", "time_zone")

    def __init__(self, *args: Any, browser_zone: str, **kwargs: Any) -> None:
        """`browser_zone`: what the browser named at sign-in, or empty."""
        super().__init__(*args, **kwargs)
        self.fields["language"].choices = [("", gettext("As my browser asks")), *settings.LANGUAGES]  # type: ignore[attr-defined]
        by_browser = gettext("As my browser says: %(zone)s") % {"zone": browser_zone or "UTC"}
        continents = groupby(ZONES, lambda name: name.partition("/")[0])
        self.fields["time_zone"].choices = [  # type: ignore[attr-defined]
            ("", by_browser),
            *(
                (continent, [(name, name.replace("_", " ")) for name in names])
                for continent, names in continents
            ),
        ]
