"""Why a sign-in through the identity provider is refused: a sentence for the person, a code for the trail."""

from allauth.socialaccount.providers.base import ProviderException
from django.utils.translation import gettext_lazy

from recordings.worded import Worded

_UNVERIFIED = gettext_lazy(
    "The answer of the identity provider could not be verified, so you were not signed in. Try again. If this "
    "happens again, tell an administrator."
)
_NOBODY = gettext_lazy("You have no account in this portal. Ask an administrator.")


class Reason(Worded):
    """What was wrong. The codes are stored in events; their words are in the trail's labels."""

    sentence: str

    ALGORITHM = "sso_algorithm", _UNVERIFIED
    HEADER = "sso_header", _UNVERIFIED
    KEY = "sso_key", _UNVERIFIED
    SIGNATURE = "sso_signature", _UNVERIFIED
    MALFORMED = "sso_malformed", _UNVERIFIED
    ISSUER = "sso_issuer", _UNVERIFIED
    AUDIENCE = "sso_audience", _UNVERIFIED
    EXPIRED = "sso_expired", _UNVERIFIED
    FUTURE = "sso_future", _UNVERIFIED
    NONCE = "sso_nonce", _UNVERIFIED
    STATE = "sso_state", _UNVERIFIED
    ANSWER = "sso_answer", gettext_lazy("The identity provider refused the sign-in. Try again.")
    UNREACHABLE = (
        "sso_unreachable",
        gettext_lazy("The identity provider cannot be reached. Try again in a minute."),
    )
    UNKNOWN_PERSON = "sso_unknown_person", _NOBODY
    INACTIVE = "sso_inactive", _NOBODY
    LINK = (
        "sso_link",
        gettext_lazy("This link cannot be used any more. Ask an administrator for a new one."),
    )
    LINKED = (
        "sso_linked",
        gettext_lazy("This identity belongs to another account. Nothing was changed. Ask an administrator."),
    )
    TOO_MANY = "sso_too_many", gettext_lazy("Too many sign-ins were begun. Wait a minute, then try again.")


class Refused(ProviderException):  # type: ignore[misc]  # allauth is not typed
    """A sign-in is refused. allauth hands it to the adapter."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.value)
        self.reason = reason
