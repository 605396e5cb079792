"""What the tests of the sealed log's pages share: a log to fill and seal, what its trail and its pages say."""

import json
import re
from typing import Any
from uuid import UUID

from auditportal.accounts.models import User
from auditportal.embedded import Services
from recordings.audit import Kind, Outcome, Target, record
from recordings.models import AuditEvent
from tests.integration.trail.helpers import acting
from tests.sealing import Signer, seal_all


class Log:
    """A log of this test: events go in, `seal` seals, signs and – with witnesses – cosigns them."""

    def __init__(self, services: Services, signer: Signer, by: User) -> None:
        self.services, self.signer, self.by = services, signer, by

    def write(self, count: int = 1) -> UUID:
        """Events; the id of the last."""
        for number in range(count):
            target = Target("object", f"object:{number}", "Dana Marlowe", subject=f"customer:{number}")
            event = record(Kind.OBJECT_OPENED, by=acting(self.by), target=target, outcome=Outcome.GRANTED)
        return event

    def seal(self, **more: Any) -> int:
        return seal_all(self.services, signer=self.signer, **more)


def settle(services: Services, signer: Signer, reason: str) -> int:
    """Close every open incident, as an operator does; how many there were."""
    from recordings.proof.sealing.service import Sealer

    return Sealer(services.sealer_url, signer.origin, signer, keys=[signer.key.verifier]).close_incidents(
        reason
    )


def trail(prefix: str = "audit.") -> list[tuple[str, str | None, dict[str, Any]]]:
    """What the trail says of its own reading: kind, target and detail, oldest first."""
    bodies = [
        json.loads(bytes(event.body))
        for event in AuditEvent.objects.filter(kind__startswith=prefix).order_by("id")
    ]
    return [
        (body["type"], body.get("object", {}).get("ref"), body.get("action_detail", {})) for body in bodies
    ]


def text_of(response: Any) -> str:
    """The words of a page, tags and runs of space taken out."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))
