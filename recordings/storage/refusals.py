"""Why a recording's URL is not played."""

from recordings.worded import Worded


class Reason(Worded):
    """Why a recording's URL is not played; `sentence` says it to a person."""

    sentence: str

    NO_URL = "no_url", "CommBox gave no link to the file."
    NOT_A_URL = "not_a_url", "What CommBox gave as a link is not a web address."
    SCHEME = "scheme", "The link does not use HTTPS."
    USER_INFO = "user_info", "The link carries a user name, which a link to storage never does."
    PORT = "port", "The link names a port that is not on the list of recording buckets."
    HOST_NOT_LISTED = "host_not_listed", "The file is on a host that is not on the list of recording buckets."
    BUCKET_NOT_LISTED = "bucket_not_listed", "The file is in a bucket that is not on the list."
    PRIVATE_ADDRESS = "private_address", "The link points into a private network."
    INTERNATIONAL_NAME = (
        "international_name",
        "The link's host uses letters that can imitate others.",
    )
    ADDRESS_FORM = "address_form", "The link writes its network address in a disguised form."
    CHARACTER = (
        "character",
        "The link holds a character that no link can have, such as a line end, a NUL or half a character, "
        "so it is not certain which file it names.",
    )
    BLANK_AT_END = "blank_at_end", "The link ends with a blank, so it is not certain which file it names."
    BACKSLASH = (
        "backslash",
        "The link holds a backslash. Browsers read it as a slash, so it could lead to another file.",
    )
    DOT_STEPS = (
        "dot_steps",
        "The link's path has a part that is “.” or “..”. Browsers remove such parts, so it could lead to "
        "another file.",
    )
    ESCAPE = "escape", "The link has a percent sign that is not followed by two hexadecimal digits."
    ENCODING = "encoding", "The file's name in the link is not valid UTF-8."
    KEY_TOO_LONG = "key_too_long", "The file's name is longer than 1,024 bytes, the most that S3 allows."
    EMPTY_KEY = "empty_key", "The link names a bucket or folder, not a file."
    QUERY = (
        "query",
        "The link has a question mark that begins no parameters of storage. It may belong to the file's name, "
        "so it is not certain which file the link names. A question mark in a name is written %3F.",
    )
    FRAGMENT = "fragment", "The link has a part after a number sign, which a link to storage never has."
    VERSION_ID = "version_id", "The link names a version of the file in a form that cannot be right."


class NotPlayable(Exception):
    """A URL we will not fetch from. Holds the reason and never the URL, which may be a secret."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.sentence)
        self.reason = reason
