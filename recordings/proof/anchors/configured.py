"""Who stands outside, as the settings and the policy file say it."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial

from django.conf import settings

from recordings.proof.anchors import bucket, mail, timestamp
from recordings.proof.anchors.bucket import Anchoring
from recordings.proof.anchors.destination import Errand, Trouble, Visit
from recordings.proof.anchors.ledger import Connection
from recordings.proof.anchors.mail import Mailing
from recordings.proof.anchors.pace import COUNTED, pace_of, quorum_of
from recordings.proof.anchors.timestamp import TimeStamping
from recordings.proof.anchors.witness import Witnessing
from recordings.tlog.policy import Policy, PolicyError


def errands() -> list[Errand]:
    """One for every party that is to be served; where the settings make no sense, one that says so."""
    return [_built(*party) for party in (*_witnesses(), *_anchors())]


Planned = tuple[str, timedelta, Callable[[], Errand]]


def _witnesses() -> Iterator[Planned]:
    path, hurried = settings.AUDIT_POLICY_FILE, settings.AUDIT_RELEASE == "witnessed"
    try:
        policy = Policy.parse(path.read_bytes()) if path else Policy()
    except (OSError, PolicyError) as error:
        yield "policy", COUNTED, partial(_refuse, f"AUDIT_POLICY_FILE cannot be used: {error}")
        return
    followed = quorum_of(policy) or None
    for name, party in policy.witnesses.items():
        if party.url:
            every = pace_of(policy, name)
            build = partial(Witnessing, name, party, hurried=hurried, every=every, followed=followed)
            yield f"witness {name}", every, build


def _anchors() -> Iterator[Planned]:
    if settings.AUDIT_ANCHOR_BUCKET:
        yield bucket.NAME, bucket.EVERY, _bucket
    if settings.AUDIT_TSA_URL:
        stamping = partial(TimeStamping, settings.AUDIT_TSA_URL, settings.AUDIT_TSA_CERTIFICATES)
        yield timestamp.NAME, timestamp.EVERY, stamping
    if settings.AUDIT_MAIL_TO:
        yield mail.NAME, mail.EVERY, _mail


def _bucket() -> Errand:
    return Anchoring(
        bucket.configured(), settings.AUDIT_ANCHOR_BUCKET.rstrip("/"), settings.AUDIT_ANCHOR_DAYS
    )


def _mail() -> Errand:
    return Mailing(settings.SMTP_URL, settings.AUDIT_MAIL_FROM, settings.AUDIT_MAIL_TO, settings.PUBLIC_URL)


def _refuse(sentence: str) -> Errand:
    raise ValueError(sentence)


def _built(name: str, every: timedelta, build: Callable[[], Errand]) -> Errand:
    try:
        return build()
    except ValueError as error:
        return Misconfigured(name, every, str(error))


class Misconfigured(Errand):
    """A party that cannot be served as the settings stand: it has its row, and its trouble says why."""

    def __init__(self, name: str, every: timedelta, sentence: str) -> None:
        self.name, self.every, self._sentence = name, every, sentence

    def due(self, connection: Connection) -> bool:
        return True

    def visit(self, connection: Connection) -> Visit:
        """Raises Trouble, always."""
        raise Trouble(self._sentence)
