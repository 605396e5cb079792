"""Forms with which people prove and manage their second factors."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from auditportal.accounts.factors import totp
from auditportal.accounts.factors.passkeys import LONGEST_NAME


class AnswerForm(forms.Form):
    """What the browser answers for a passkey; a script fills it in."""

    credential = forms.JSONField(widget=forms.HiddenInput)


class PasskeyForm(AnswerForm):
    """A new passkey and its name."""

    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=LONGEST_NAME,
        help_text=gettext_lazy("So that you recognize it in your list, for example: office laptop."),
    )


class CodeForm(forms.Form):
    """A code of an authenticator app, or a recovery code."""

    code = forms.CharField(
        label=gettext_lazy("Code"),
        max_length=20,
        widget=forms.TextInput(
            attrs={
                "autocomplete": "one-time-code",
                "autocapitalize": "none",
                "spellcheck": "false",
                "dir": "ltr",
            }
        ),
    )


class AppForm(forms.Form):
    """The first code of an authenticator app, which proves that it has the secret."""

    code = forms.CharField(
        label=gettext_lazy("Code shown by the app"),
        max_length=12,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "dir": "ltr"}),
    )

    def __init__(self, *args: Any, secret: bytes, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._secret = secret

    def clean_code(self) -> int:
        """Return the time step of the code. Raises ValidationError for a wrong one."""
        step = totp.step_of(self._secret, self.cleaned_data["code"].replace(" ", ""))
        if step is None:
            raise forms.ValidationError(
                gettext_lazy("This is not the code of the last minute. Enter the one that the app shows now.")
            )
        return step
