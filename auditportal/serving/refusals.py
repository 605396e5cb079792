"""Requests that are answered without the application.

Refused
├── LengthMissing  400
├── BodyTooSlow    408
├── BodyTooLarge   413
├── AddressTooLong 414
├── HeadTooLarge   431
├── Failed         500: an error that no part of the portal expected
├── DatabaseAway   503
├── UploadUnderWay 503: another large file is being received or checked
└── Overloaded     503: every thread is busy, and as many requests wait as may
"""


class Refused(Exception):
    """A request that the application does not see: its status, its sentence, its name in the metrics."""

    status = 400
    sentence = ""
    reason = ""
    retry_after_seconds = 0


class LengthMissing(Refused):
    """Chunks in place of a Content-Length, or both: only a webhook delivery may come so.

    The server's parser drops the Content-Length of a request that has both, so that the two cannot be told apart here.
    """

    sentence = "The request does not say how long it is."
    reason = "length missing"


class BodyTooSlow(Refused):
    """The body did not arrive at the least rate."""

    status = 408
    sentence = "The request arrived too slowly."
    reason = "slow"


class BodyTooLarge(Refused):
    """The body has more bytes than this request may bring."""

    status = 413
    sentence = "The request is larger than the portal accepts here."
    reason = "large"


class AddressTooLong(Refused):
    """Path and query have more bytes than any address of the portal."""

    status = 414
    sentence = "The address is longer than the portal accepts."
    reason = "address"


class HeadTooLarge(Refused):
    """The headers have more bytes than a browser sends."""

    status = 431
    sentence = "The headers of the request are larger than the portal accepts."
    reason = "head"


class Failed(Refused):
    """The last resort."""

    status = 500
    sentence = "Something went wrong on our side."
    reason = "failed"


class DatabaseAway(Refused):
    """Whether somebody is signed in cannot be looked up."""

    status = 503
    sentence = "The database cannot be reached. Nothing was changed; please try again."
    reason = "database"
    retry_after_seconds = 2


class UploadUnderWay(Refused):
    """One large file at a time is received and checked by each process."""

    status = 503
    sentence = "Another large file is being checked. Nothing of yours was kept. Try again in a minute."
    reason = "upload"
    retry_after_seconds = 60


class Overloaded(Refused):
    """More requests at once than this process answers in time."""

    status = 503
    sentence = "The portal is answering as many requests as it can. Try again in a few seconds."
    reason = "overloaded"
    retry_after_seconds = 2


class ClientGone(Exception):
    """The client closed the connection; there is nobody to answer."""
