"""Forms about CommBox's API keys: a new key, and the password that is asked again."""

from django import forms

from recordings.commbox.keys import PRINTABLE


class PasswordForm(forms.Form):
    """The person's own password, asked again."""

    password = forms.CharField(
        label="Your password",
        max_length=128,
        strip=False,
        error_messages={"required": "Your password is asked again for this."},
        help_text="Asked again, so that nobody does this from a browser that was left open.",
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


class KeyForm(PasswordForm):
    """A CommBox API key, as CommBox showed it."""

    key = forms.CharField(
        label="New API key",
        max_length=4096,
        error_messages={"required": "Which key?"},
        help_text="Tested before it is taken; kept encrypted; only its last four characters are shown again.",
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
    )

    field_order = ("key", "password")

    def clean_key(self) -> str:
        """Raises ValidationError for what cannot be a key, without repeating it."""
        key = str(self.cleaned_data["key"])
        if not PRINTABLE.fullmatch(key):
            raise forms.ValidationError("That is not an API key: it holds blanks, or is too short.")
        return key
