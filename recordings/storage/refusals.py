"""Reasons why a recording's URL is not played."""

from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from recordings.worded import Worded


class Reason(Worded):
    """Why a recording's URL is not played. `sentence` explains it to a person."""

    sentence: str | Promise

    NO_URL = "no_url", _("CommBox gave no link to the file.")
    NOT_A_URL = "not_a_url", _("The link from CommBox is not a web address.")
    SCHEME = "scheme", _("The link does not use HTTPS.")
    USER_INFO = "user_info", _("The link contains a user name. Links to storage never do.")
    PORT = "port", _("The link uses a port that is not on the list of recording buckets.")
    HOST_NOT_LISTED = (
        "host_not_listed",
        _("The file is on a host that is not on the list of recording buckets."),
    )
    BUCKET_NOT_LISTED = (
        "bucket_not_listed",
        _("The file is in a bucket that is not on the list of recording buckets."),
    )
    PRIVATE_ADDRESS = "private_address", _("The link points into a private network.")
    INTERNATIONAL_NAME = (
        "international_name",
        _("The host name in the link contains letters that can imitate other letters."),
    )
    ADDRESS_FORM = "address_form", _("The link hides its network address in an unusual notation.")
    CHARACTER = (
        "character",
        _(
            "The link contains a character that is not allowed in links, such as a line break. It is not "
            "certain which file it names."
        ),
    )
    BLANK_AT_END = (
        "blank_at_end",
        _("The link ends with a space, so it is not certain which file it names."),
    )
    BACKSLASH = (
        "backslash",
        _(
            "The link contains a backslash. Browsers read it as a slash, so the link could lead to another file."
        ),
    )
    DOT_STEPS = (
        "dot_steps",
        _(
            "The path of the link contains “.” or “..”. Browsers remove such parts, so the link could lead "
            "to another file."
        ),
    )
    ESCAPE = (
        "escape",
        _("The link contains a percent sign that is not followed by two hexadecimal digits."),
    )
    ENCODING = "encoding", _("The file name in the link is not valid UTF-8.")
    KEY_TOO_LONG = (
        "key_too_long",
        _("The file name is longer than 1,024 bytes, the most that S3 allows."),
    )
    EMPTY_KEY = "empty_key", _("The link names a bucket or a folder, not a file.")
    QUERY = (
        "query",
        _(
            "The link contains a question mark that may belong to the file name, so it is not certain which "
            "file it names. In a file name, a question mark is written as %3F."
        ),
    )
    FRAGMENT = "fragment", _("The link has a part after a number sign. Links to storage never do.")
    VERSION_ID = (
        "version_id",
        _("The link names a version of the file in a form that storage does not use."),
    )


class NotPlayable(Exception):
    """A URL that the portal does not fetch. It holds the reason, never the URL: that may be a secret."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        with translation.override("en"):
            return str(self.reason.sentence)
