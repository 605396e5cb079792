"""What exists while the matrix is compared: one thing of each kind that a URL names."""

import hashlib
from base64 import b64encode
from collections.abc import Mapping
from datetime import date, timedelta
from io import BytesIO
from typing import Any
from uuid import UUID, uuid4

import psycopg
from allauth.mfa.models import Authenticator
from django.utils import timezone

from auditportal.accounts.invitations import invite
from auditportal.accounts.models import AccessRequest, AgentLink, Grant, Recertification, User
from auditportal.accounts.provisioning.models import GroupRole, Token
from auditportal.accounts.sign_in_rows import BreakGlassUse, PersonSession
from auditportal.embedded import Services
from recordings.assurance.statements import state_month
from recordings.audit import Actor, Kind, Outcome, Target, record
from recordings.models import (
    ApiKey,
    AssignedViewing,
    Assignment,
    Basis,
    Calibration,
    ClassRule,
    CoachingSession,
    CommBoxObject,
    Disposition,
    Dispute,
    Evaluation,
    EvaluationRelease,
    EvaluationScore,
    Exemplar,
    ItemSource,
    PopulationPiece,
    Recording,
    Report,
    ReportState,
    Sample,
    SamplePick,
    SamplingPlan,
    SpotCheck,
    SpotDraw,
    SupervisionItem,
)
from recordings.permissions import Permission
from recordings.reports import files
from recordings.reports.actions import request_report
from recordings.reviews import scorecards
from recordings.reviews.coaching.exemplars import Demand, Passport, add_exemplar
from recordings.reviews.coaching.sessions import Moment, open_session
from recordings.reviews.plans.freezing import filters_of
from recordings.reviews.supervision.items import Decision, add_to_queue, dispose
from recordings.sampling.draw import draw
from recordings.trail.filters import TrailFilters
from tests import factories
from tests.sealing import seal_all, signer_of
from tests.unit.scorecards.forms import EXAMPLE, as_bytes

Ids = Mapping[str, Any]
SYSTEM = Actor.system("tests")
WEBHOOK_TOKEN = "only-for-tests-only-for-tests"


class World:
    """Rows that `who` may see, and rows of others that look the same.

    `scoped_role` is granted for the channel of these rows only; the rows of another channel are then foreign.
    """

    def __init__(self, who: User | None, services: Services, scoped_role: str = "") -> None:
        self.who, self.is_scoped = who, bool(scoped_role)
        self.other = factories.person("compliance_officer")
        self.scorer = factories.person("qa_manager")
        self.object, self.recording = self._recorded()
        self.their_object, self.their_recording = self._recorded()
        if who is not None and scoped_role:
            Grant.objects.create(user=who, role=scoped_role, channels=[self.object.stream_id])
        self.viewing = factories.viewing(self.recording, who or self.other)
        self.theirs = factories.viewing(self.recording, self.other)
        self.report = self._report(who or self.other)
        self.their_report = self._report(self.other)
        self.factor = Authenticator.objects.create(user=who or self.other, type="totp", data={})
        self.their_factor = Authenticator.objects.create(user=self.other, type="webauthn", data={})
        self.scorecard = scorecards.create_scorecard(
            document=as_bytes(EXAMPLE), imported=False, person=self.other, by=SYSTEM
        )
        self.evaluation = Evaluation.objects.create(
            recording=self.recording, version=self.scorecard, scorer=who or self.other
        )
        self.result, self.dispute = self._disputed(self.recording)
        self.their_result, self.their_dispute = self._disputed(self.their_recording)
        self.calibration = self._calibrated(self.recording, who or self.other)
        self.their_calibration = self._calibrated(self.their_recording, self.other)
        self.item, self.their_item = (
            add_to_queue(recording=recording, source=ItemSource.PLAN, by=SYSTEM)[0]
            for recording in (self.recording, self.their_recording)
        )
        self.check = _check(self.item, self.other, who or self.other)
        self.their_check = _check(self.their_item, self.other, self.other)
        self.plan = self._plan({"channels": [self.object.stream_id]} if scoped_role else {})
        self.their_plan = self._plan({})
        self.pick = _drawn(self.plan, self.recording)
        self.assignment = Assignment.objects.create(
            pick=self.pick, scorer=who or self.other, assigned_at=timezone.now(), due_at=timezone.now()
        )
        self.their_pick = _drawn(self.their_plan, self.their_recording)
        self.coached, self.their_coached = self._coached(self.recording), self._coached(self.their_recording)
        self.exemplar, self.their_exemplar = (
            self._exemplar(self.recording),
            self._exemplar(self.their_recording),
        )
        self.my_coached = self._coached(self.recording, who)
        self.assigned = self._assigned(factories.recording(self.object), who or self.other)
        self.emergency = BreakGlassUse.objects.create(user=self.other)
        self.session, self.their_session = _session(who or self.other, "1"), _session(self.other, "2")
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
        self.event, self.their_event = self._opened(self.object), self._opened(self.their_object)
        self.size = seal_all(services, signer=signer_of(services))
        self.anchor = _anchor(services, self.size)

    def own(self) -> dict[str, Ids]:
        """Return, for each URL name that takes ids, ids that exist and that the person may see."""
        person, event = {"pk": self.other.pk}, {"event_id": self.event}
        report, statement = {"report_id": self.report.pk}, {"statement_id": self.statement.pk}
        recording, viewing = {"pk": self.recording.pk}, {"pk": self.viewing.pk}
        channel, of = {"stream_id": self.object.stream_id}, {"object_id": self.object.pk}
        names: dict[Any, Ids] = {
            ("people", "person grant link deactivate reactivate new_link unlock single_sign_on"): person,
            ("people", "security end_sessions ask_reset confirm_reset withdraw_reset break_glass"): person,
            ("people", "acknowledge"): {"pk": self.emergency.pk},
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
            ("playback", "recording trail start download"): recording,
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
            ("reviews", "scorecard activate retire edit builder check form_file"): {"pk": self.scorecard.pk},
            ("reviews", "evaluate"): recording,
            ("reviews", "evaluation save other submit"): {"pk": self.evaluation.pk},
            ("disputes", "result release sign dispute decide"): {"pk": self.result.pk},
            ("disputes", "decision"): {"pk": self.dispute.pk},
            ("calibration", "calibration score close comment agree"): {"pk": self.calibration.pk},
            ("supervision", "add"): recording,
            ("supervision", "item dispose"): {"pk": self.item.pk},
            ("supervision", "verdict"): {"pk": self.check.pk},
            ("supervision", "draw_file"): {"pk": self.check.draw_id, "name": "population.tsv"},
            ("plans", "plan edit draw give end"): {"pk": self.plan.pk},
            ("plans", "sample again export"): {"pk": self.pick.sample_id},
            ("plans", "skip_pick assign"): {"pk": self.pick.sample_id, "pick_pk": self.pick.pk},
            ("plans", "begin skip"): {"pk": self.assignment.pk},
            ("coaching", "session close"): {"pk": self.coached.pk},
            ("coaching", "add"): recording,
            ("coaching", "exemplar assign withdraw"): {"pk": self.exemplar.pk},
            ("coaching", "cancel"): {
                "pk": self.assigned.exemplar_id,
                "viewing_pk": self.assigned.pk,
            },
            ("coaching", "my_session"): {"pk": self.my_coached.pk},
            ("coaching", "viewing play attempt"): {"pk": self.assigned.pk},
            ("webhooks", "webhook"): {"token": WEBHOOK_TOKEN},
        }
        named = {f"{space}:{name}": ids for (space, listed), ids in names.items() for name in listed.split()}
        return {
            **named,
            "invitation": {"token": self.token},
            "remove_factor": {"pk": self.factor.pk},
            "end_session": {"pk": self.session.pk},
            "script_words": {"language": "he"},
        }

    def foreign(self) -> dict[str, Ids]:
        """Return ids that exist and that the person may not see. Each is answered as one that does not exist."""
        if self.who is None:
            return {}
        foreign: dict[str, Ids] = {
            "remove_factor": {"pk": self.their_factor.pk},
            "end_session": {"pk": self.their_session.pk},
            **_each("playback", "url watched finish problem", {"pk": self.theirs.pk}),
            **_each("coaching", "my_session", {"pk": self.their_coached.pk}),
        }
        if not self.who.has_permission(Permission.READ_TRAIL):
            foreign |= {"trail:person": {"person_id": self.other.pk}}
        if self.is_scoped:
            of, event = {"object_id": self.their_object.pk}, {"event_id": self.their_event}
            report = {"report_id": self.their_report.pk}
            foreign |= {
                **_each("catalog", "object phone classify unmask", of),
                **_each("refresh", "object freshness", of),
                **_each("playback", "recording trail start", {"pk": self.their_recording.pk}),
                **_each("access", "who save_who why", {"pk": self.their_recording.pk}),
                **_each("reviews", "evaluate", {"pk": self.their_recording.pk}),
                **_each("disputes", "result release sign dispute decide", {"pk": self.their_result.pk}),
                **_each("disputes", "decision", {"pk": self.their_dispute.pk}),
                **_each(
                    "calibration", "calibration score close comment agree", {"pk": self.their_calibration.pk}
                ),
                **_each("supervision", "add", {"pk": self.their_recording.pk}),
                **_each("supervision", "item dispose", {"pk": self.their_item.pk}),
                "supervision:verdict": {"pk": self.their_check.pk},
                "supervision:draw_file": {"pk": self.their_check.draw_id, "name": "population.tsv"},
                **_each("plans", "plan edit draw give end", {"pk": self.their_plan.pk}),
                **_each("plans", "sample again export", {"pk": self.their_pick.sample_id}),
                **_each(
                    "plans",
                    "skip_pick assign",
                    {"pk": self.their_pick.sample_id, "pick_pk": self.their_pick.pk},
                ),
                **_each("coaching", "session close", {"pk": self.their_coached.pk}),
                **_each("coaching", "add", {"pk": self.their_recording.pk}),
                **_each("coaching", "exemplar assign withdraw", {"pk": self.their_exemplar.pk}),
                **_each("operations", "channel list_stream", {"stream_id": self.their_object.stream_id}),
                **_each("trail", "event_body", event),
                **_each("evidence", "event proof", event),
                **_each("reports", "report progress again download checksum", report),
            }
        return foreign

    def _plan(self, scope: dict[str, list[int]]) -> SamplingPlan:
        return SamplingPlan.objects.create(
            scorecard=self.scorecard.scorecard, name="x", number=1, created_by=self.other, scopes=[scope]
        )

    def _recorded(self) -> tuple[CommBoxObject, Recording]:
        stream, agent = factories.stream(), factories.agent()
        conversation = factories.conversation(stream=stream, agent=agent, recordings=1)
        return conversation, conversation.recordings.get()

    def _disputed(self, recording: Recording) -> tuple[Evaluation, Dispute]:
        """An evaluation by somebody else that was submitted, released and disputed."""
        now, event = timezone.now(), UUID(int=0)
        evaluation = Evaluation.objects.create(
            recording=recording, version=self.scorecard, scorer=self.scorer, submitted_at=now
        )
        facts = {"answers": b'{"answers":{"greeting":{"option":"yes"}}}', "answers_hash": "-", "watched": []}
        result = {"score": "100.00", "na_share": "0.00", "sections": [], "failed": []}
        score = EvaluationScore.objects.create(
            evaluation=evaluation, number=1, scored_at=now, result=result, event_id=event, **facts
        )
        EvaluationRelease.objects.create(
            evaluation=evaluation, released_by=self.other, released_at=now, event_id=event
        )
        dispute = Dispute.objects.create(
            evaluation=evaluation,
            question="greeting",
            score=score,
            opened_by=self.scorer,
            opened_at=now,
            is_for_agent=True,
            opened_event=event,
        )
        return evaluation, dispute

    def _calibrated(self, recording: Recording, participant: User) -> Calibration:
        row = Calibration.objects.create(version=self.scorecard, due_at=timezone.now(), created_by=self.other)
        row.recordings.create(recording=recording, place=0)
        for person in (participant, factories.person()):
            row.participants.create(person=person)
        return row

    def _coached(self, recording: Recording, who: User | None = None) -> CoachingSession:
        return open_session(
            person=who or self.other,
            evaluations=[],
            moments=[Moment(recording, 0, 0, "")],
            goals="x",
            due_at=timezone.now(),
            coach=self.other,
            by=SYSTEM,
        )

    def _exemplar(self, recording: Recording) -> Exemplar:
        passport = Passport(Basis.CONSENT, "x", self.other, timezone.now() + timedelta(days=1))
        return add_exemplar(
            recording=recording,
            title="x",
            range_ms=(0, 1000),
            passport=passport,
            demand=Demand(90, None, None),
            by=SYSTEM,
        )

    def _assigned(self, recording: Recording, who: User) -> AssignedViewing:
        return AssignedViewing.objects.create(
            exemplar=self._exemplar(recording), person=who, assigned_by=self.other, due_at=timezone.now()
        )

    def _opened(self, thing: CommBoxObject) -> UUID:
        target = Target("object", f"object:{thing.pk}")
        return record(Kind.OBJECT_OPENED, by=SYSTEM, target=target, outcome=Outcome.GRANTED)

    def _report(self, person: User) -> Report:
        by = Actor(f"user:{person.pk}", "person", person.full_name)
        report = request_report(
            filters=TrailFilters(groups=("viewing",)), format="csv", requested_by=person, by=by
        )
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


def _each(namespace: str, names: str, ids: Ids) -> dict[str, Ids]:
    """Return these ids for each of these URL names."""
    return {f"{namespace}:{name}": ids for name in names.split()}


def _check(item: SupervisionItem, closed_by: User, drawn_by: User) -> SpotCheck:
    """Close an item, and draw it for a spot check."""
    decision = Decision(disposition=Disposition.CLOSED, reason="resolved")
    closed = dispose(item=item, base=0, decision=decision, person=closed_by, by=SYSTEM)
    day = timezone.now().date()
    draw = SpotDraw.objects.create(
        frozen_by=drawn_by, since=day, until=day, draw_number=1, share=100, size=1, population=b"-",
        population_sha256="0" * 64, population_size=1, event_id=closed.event_id,
    )  # fmt: skip
    return SpotCheck.objects.create(draw=draw, item=item, disposition=closed)


def _drawn(plan: SamplingPlan, recording: Recording) -> SamplePick:
    """A sample of one recording, which can be drawn again."""
    now, line = timezone.now(), f"{b64encode(bytes(32)).decode()}\n"
    file = BytesIO(f"{recording.pk}/-/0-\t\n".encode())
    sample = Sample.objects.create(
        plan=plan,
        period_from=now,
        period_until=now + timedelta(days=1),
        draw=1,
        frozen_at=now,
        frozen_event=uuid4(),
        filters=filters_of(plan),
        exclusions={},
        number=1,
        units=1,
        population_hash=hashlib.sha256(file.getvalue()).hexdigest(),
        drawn_at=now,
        drawn_event=uuid4(),
        seed_lines=line,
        checkpoint_size=1,
        self_drawn=True,
    )
    PopulationPiece.objects.create(sample=sample, number=0, data=file.getvalue())
    (pick,) = draw(file, [line.encode()], 1)
    return SamplePick.objects.create(
        sample=sample, recording=recording, unit=pick.unit, rank=pick.rank, picked_at=now
    )


def _session(user: User, key: str) -> PersonSession:
    return PersonSession.objects.create(user=user, reference=key * 32, key_hash=key * 64, authn="password")


def _anchor(services: Services, size: int) -> int:
    with psycopg.connect(services.admin_url, autocommit=True) as connection:
        row = connection.execute(
            "INSERT INTO audit.anchor (kind, size, place, evidence, time)"
            " VALUES ('mail', %s, 'x', 'x', now()) RETURNING id",
            [size],
        ).fetchone()
    assert row
    return int(row[0])
