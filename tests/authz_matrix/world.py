"""What exists while the matrix is compared: one thing of each kind that a URL names."""

import hashlib
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import psycopg
from django.utils import timezone

from auditportal.accounts.invitations import invite
from auditportal.accounts.models import AccessRequest, AgentLink, Recertification, User
from auditportal.accounts.provisioning.models import GroupRole, Token
from auditportal.embedded import Services
from recordings.assurance.statements import state_month
from recordings.audit import Actor, Kind, Outcome, Target, record
from recordings.models import ApiKey, ClassRule, CommBoxObject, Recording, Report, ReportState
from recordings.permissions import Permission
from recordings.reports import files
from recordings.reports.actions import request_report
from recordings.trail.filters import TrailFilters
from tests import factories
from tests.sealing import seal_all, signer_of

Ids = Mapping[str, Any]
SYSTEM = Actor.system("tests")
WEBHOOK_TOKEN = "only-for-tests-only-for-tests"


class World:
    """Rows that `who` may see, and rows of others that look the same."""

    def __init__(self, who: User | None, services: Services) -> None:
        self.who = who
        self.other = factories.person("compliance_officer")
        self.object, self.recording = self._recorded()
        self.viewing = factories.viewing(self.recording, who or self.other)
        self.theirs = factories.viewing(self.recording, self.other)
        self.report = self._report(who or self.other)
        self.key = ApiKey.objects.create(sealed=b"-", key_id="1", last_four="wxyz", added_by=self.other)
        later = timezone.now() + timedelta(days=1)
        self.scim_token = Token.objects.create(
            name="x", token_sha256="0" * 64, scope="read", expires_at=later, created_by=self.other
        )
        self.group_role = GroupRole.objects.create(group="x", role="qa_manager", created_by=self.other)
        self.asked = AccessRequest.objects.create(asked_by=self.other, thing="x", level="view", reason="x")
        self.recertification = Recertification.objects.create(opened_by=self.other, due_at=later)
        self.statement = state_month(month=date(2026, 10, 1), by=SYSTEM)
        self.rule = ClassRule.objects.create(
            recording_type="audio", sensitivity="restricted", reason="known", set_by=self.other
        )
        self.link = AgentLink.objects.create(user=self.other, agent=factories.agent(), reason="known")
        self.token = invite(user=who or factories.person(), by=SYSTEM, created_by=None)
        target = Target("object", f"object:{self.object.pk}")
        self.event = record(Kind.OBJECT_OPENED, by=SYSTEM, target=target, outcome=Outcome.GRANTED)
        self.size = seal_all(services, signer=signer_of(services))
        self.anchor = _anchor(services, self.size)

    def own(self) -> dict[str, Ids]:
        """Return, for each URL name that takes ids, ids that exist and that the person may see."""
        person, event = {"pk": self.other.pk}, {"event_id": self.event}
        report, statement = {"report_id": self.report.pk}, {"statement_id": self.statement.pk}
        recording, viewing = {"pk": self.recording.pk}, {"pk": self.viewing.pk}
        channel, of = {"stream_id": self.object.stream_id}, {"object_id": self.object.pk}
        names: dict[Any, Ids] = {
            ("people", "person grant link deactivate reactivate new_link single_sign_on unlock"): person,
            ("people", "unlink"): {**person, "link_pk": self.link.pk},
            ("people", "end_grant"): {**person, "grant_pk": self.other.grants.get().pk},
            ("provisioning", "revoke_token"): {"pk": self.scim_token.pk},
            ("provisioning", "end_role"): {"pk": self.group_role.pk},
            ("single_sign_on", "accept"): {"token": self.token},
            ("scim", "endpoint"): {"path": f"Users/{self.other.pk}"},
            ("access", "who save_who why"): recording,
            ("access", "answer"): {"pk": self.asked.pk},
            ("access", "recertification close save"): {"pk": self.recertification.pk},
            ("catalog", "object phone classify unmask"): of,
            ("catalog", "end_class_rule"): {"rule_id": self.rule.pk},
            ("refresh", "object freshness"): of,
            ("playback", "recording trail start"): recording,
            ("playback", "url watched finish problem"): viewing,
            ("operations", "channel list_stream"): channel,
            ("operations", "retire_key"): {"key_id": self.key.pk},
            ("assurance", "statement"): statement,
            ("assurance", "download"): {**statement, "format": "json"},
            ("trail", "event_body"): event,
            ("trail", "person"): {"person_id": (self.who or self.other).pk},
            ("evidence", "event proof"): event,
            ("evidence", "checkpoint checkpoint_note"): {"size": self.size},
            ("evidence", "consistency"): {"size": self.size, "old": 1},
            ("evidence", "anchor"): {"pk": self.anchor},
            ("evidence", "log_entries"): {"path": f"000.p/{self.size}"},
            ("evidence", "log_tile"): {"path": f"0/000.p/{self.size}"},
            ("reports", "report progress again download checksum"): report,
            ("webhooks", "webhook"): {"token": WEBHOOK_TOKEN},
        }
        named = {f"{space}:{name}": ids for (space, listed), ids in names.items() for name in listed.split()}
        return {**named, "invitation": {"token": self.token}, "script_words": {"language": "he"}}

    def foreign(self) -> dict[str, Ids]:
        """Return ids that exist and that the person may not see. Each is answered as one that does not exist."""
        if self.who is None:
            return {}
        theirs = {
            f"playback:{name}": {"pk": self.theirs.pk} for name in ("url", "watched", "finish", "problem")
        }
        if self.who.has_permission(Permission.READ_TRAIL):
            return theirs
        return {**theirs, "trail:person": {"person_id": self.other.pk}}

    def _recorded(self) -> tuple[CommBoxObject, Recording]:
        conversation = factories.conversation(agent=factories.agent(), recordings=1)
        return conversation, conversation.recordings.get()

    def _report(self, person: User) -> Report:
        by = Actor(f"user:{person.pk}", "person", person.full_name)
        report = request_report(filters=TrailFilters(), format="csv", requested_by=person, by=by)
        content = b"event_no\r\n"
        Report.objects.filter(pk=report.pk).update(
            state=ReportState.READY,
            attempts=1,
            file_name="audit-trail.csv",
            size_bytes=len(content),
            sha256=hashlib.sha256(content).hexdigest(),
        )
        report.refresh_from_db()
        files.folder()
        files.file_of(report).write_bytes(content)
        return report


def _anchor(services: Services, size: int) -> int:
    with psycopg.connect(services.admin_url, autocommit=True) as connection:
        row = connection.execute(
            "INSERT INTO audit.anchor (kind, size, place, evidence, time)"
            " VALUES ('mail', %s, 'x', 'x', now()) RETURNING id",
            [size],
        ).fetchone()
    assert row
    return int(row[0])
