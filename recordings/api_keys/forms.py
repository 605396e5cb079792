"""The form for a new CommBox API key."""

from django import forms
from django.utils.translation import gettext, gettext_lazy

from recordings.commbox.keys import PRINTABLE
from recordings.stepup import ConfirmedForm


class KeyForm(ConfirmedForm):
    """A new CommBox API key."""

    key = forms.CharField(
        label=gettext_lazy("New API key"),
        max_length=4096,
        error_messages={"required": gettext_lazy("Enter the key.")},
        help_text=gettext_lazy(
            "The portal tests the key, stores it encrypted, and shows only its last four characters."
        ),
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
    )

    field_order = ("key", "password")

    def clean_key(self) -> str:
        """Raise ValidationError for a text that cannot be a key. The message does not repeat it."""
        key = str(self.cleaned_data["key"])
        if not PRINTABLE.fullmatch(key):
            raise forms.ValidationError(
                gettext("This is not an API key: it contains spaces or is too short.")
            )
        return key
