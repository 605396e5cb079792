"""Build the destinations that the settings and the trust policy name."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial

from django.conf import settings

from recordings.proof.anchors import bucket, mail, timestamp
from recordings.proof.anchors.destination import Destination, DestinationError, Published
from recordings.proof.anchors.ledger import Connection
from recordings.proof.anchors.mail import MailDestination
from recordings.proof.anchors.pace import COUNTED, pace_of, quorum_of
from recordings.proof.anchors.timestamp import TimestampDestination
from recordings.proof.anchors.witness import WitnessDestination
from recordings.tlog.policy import Policy, PolicyError


def destinations() -> list[Destination]:
    """Build a destination for every configured party. For settings that cannot be used, it only reports the reason."""
    built = []
    for name, every, build in (*_witnesses(), *_anchors()):
        try:
            built.append(build())
        except ValueError as error:
            built.append(MisconfiguredDestination(name, every, str(error)))
    return built


Planned = tuple[str, timedelta, Callable[[], Destination]]  # name, interval, and a function that builds it


def _witnesses() -> Iterator[Planned]:
    path, immediate = settings.AUDIT_POLICY_FILE, settings.AUDIT_RELEASE == "witnessed"
    try:
        policy = Policy.parse(path.read_bytes()) if path else Policy()
    except (OSError, PolicyError) as error:
        sentence = f"AUDIT_POLICY_FILE cannot be used: {error}"
        yield "policy", COUNTED, partial(MisconfiguredDestination, "policy", COUNTED, sentence)
        return
    following = quorum_of(policy) or None
    for name, party in policy.witnesses.items():
        if party.url:
            every = pace_of(policy, name)
            build = partial(
                WitnessDestination, name, party, immediate=immediate, every=every, following=following
            )
            yield f"witness {name}", every, build


def _anchors() -> Iterator[Planned]:
    if settings.AUDIT_ANCHOR_BUCKET:
        yield bucket.NAME, bucket.EVERY, bucket.configured_destination
    if settings.AUDIT_TSA_URL:
        stamping = partial(TimestampDestination, settings.AUDIT_TSA_URL, settings.AUDIT_TSA_CERTIFICATES)
        yield timestamp.NAME, timestamp.EVERY, stamping
    if settings.AUDIT_MAIL_TO:
        mailing = partial(
            MailDestination,
            settings.SMTP_URL,
            settings.AUDIT_MAIL_FROM,
            settings.AUDIT_MAIL_TO,
            settings.PUBLIC_URL,
        )
        yield mail.NAME, mail.EVERY, mailing


class MisconfiguredDestination(Destination):
    """A party whose settings cannot be used. It has its row in audit.outside, with the reason."""

    def __init__(self, name: str, every: timedelta, sentence: str) -> None:
        self.name, self.every, self._sentence = name, every, sentence

    def due(self, connection: Connection) -> bool:
        return True

    def publish(self, connection: Connection) -> Published:
        """Raise DestinationError, always."""
        raise DestinationError(self._sentence)
