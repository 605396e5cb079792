"""Show the witnesses, and what a new witness needs."""

import math
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256

from django.conf import settings
from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from recordings.audit import Actor, Kind, Target
from recordings.audit.reading import log_reading
from recordings.http import Request, page
from recordings.models import AuditEvent, Checkpoint
from recordings.permissions import Permission
from recordings.policies import permission_required
from recordings.proof.anchors.pace import OTHERS, pace_of, quorum_of
from recordings.proof.anchors.state import Party, outside_parties
from recordings.proof.evidence.pages.log_status import log_status
from recordings.proof.evidence.trust import LogKey, log_keys, policy
from recordings.tlog.policy import PolicyError

_DAY = timedelta(days=1)
_LOOKED_BACK = timedelta(days=7)


@dataclass(frozen=True)
class Witness:
    """A witness of the policy. `counted`: whether the quorum includes it. `party`: its state, once it was contacted."""

    name: str
    vkey: str
    url: str
    counted: bool
    pace: timedelta
    party: Party | None


@dataclass(frozen=True)
class Invitation:
    """What a new witness, or a public witness network, needs to know about this log."""

    key: LogKey

    @property
    def origin(self) -> str:
        return self.key.origin

    @property
    def origin_hash(self) -> str:
        """Return the path under a witness's address at which its newest checkpoint is published (C2SP tlog-witness)."""
        return sha256(self.origin.encode()).hexdigest()

    @property
    def commands(self) -> str:
        start = "python -m recordings.tlog.witness --state ./witness \\\n  --name witness.example.com/audit"
        return f"{start} --print-vkey\n{start} \\\n  --listen 127.0.0.1:7380 \\\n  --log '{self.key.vkey}'"

    @property
    def requests_a_day(self) -> int:
        """Return the expected requests a day: one an hour, and one for each checkpoint that ends with a manifest."""
        since = timezone.now() - _LOOKED_BACK
        manifests = AuditEvent.objects.filter(kind=Kind.HEADS_MANIFEST, recorded_at__gte=since).count()
        return _DAY // OTHERS + math.ceil(manifests / (_LOOKED_BACK / _DAY))

    @property
    def for_a_network(self) -> str:
        """Return the entry for the log list of a public witness network (`logs/v0`)."""
        return (
            f"vkey {self.key.vkey}\norigin none\nbastion none\nqpd {self.requests_a_day}\n"
            "contact <your contact address>"
        )


@require_safe
@permission_required(Permission.READ_TRAIL)
def witnesses(request: Request) -> HttpResponse:
    """List the witnesses with their state, and show what a new witness needs."""
    log_reading(by=Actor.from_request(request), target=Target("log", "log:witnesses"))
    context = {
        "log": log_status(),
        "witnesses": listed_witnesses(),
        "invitation": _invitation(),
        "portal": settings.PUBLIC_URL.rstrip("/") or request.build_absolute_uri("/").rstrip("/"),
        "public": settings.AUDIT_LOG_PUBLIC,
        "others": OTHERS,
    }
    return page(request, "evidence/witnesses.html", context)


def listed_witnesses() -> list[Witness]:
    """Return the witnesses of the policy, those of the quorum first."""
    try:
        trusted = policy()
    except (PolicyError, OSError):
        return []
    if trusted is None:
        return []
    counted = quorum_of(trusted)
    parties = {party.name: party for party in outside_parties()}
    listed = [
        Witness(
            name,
            witness.key.vkey,
            witness.url,
            name in counted,
            pace_of(trusted, name),
            parties.get(f"witness {name}"),
        )
        for name, witness in trusted.witnesses.items()
    ]
    return sorted(listed, key=lambda witness: (not witness.counted, witness.name))


def _invitation() -> Invitation | None:
    """Return the invitation for the key of the current log, else for the first key of the policy."""
    origin = Checkpoint.objects.order_by("-size").values_list("origin", flat=True).first()
    keys = log_keys()
    key = next((key for key in keys if key.origin == origin), keys[0] if keys else None)
    return Invitation(key) if key else None
