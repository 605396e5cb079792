"""The models, one concept per file. They import no other package of recordings."""

from recordings.models.api_key import ApiKey
from recordings.models.assurance import CompletenessStatement, MediaCheck, MediaOutcome
from recordings.models.audit_event import AuditEvent, AuditSecret, AuditSubjectKey
from recordings.models.calibration import (
    Calibration,
    CalibrationComment,
    CalibrationParticipant,
    CalibrationRecording,
)
from recordings.models.coaching import (
    AssignedViewing,
    Basis,
    CoachingItem,
    CoachingSession,
    Exemplar,
    ViewingAttempt,
    Withdrawal,
)
from recordings.models.commbox_object import CommBoxObject
from recordings.models.current_score import CurrentScore
from recordings.models.dispute import (
    BlindAnswer,
    Dispute,
    DisputeOutcome,
    EvaluationReading,
    EvaluationRelease,
    EvaluationReminder,
    EvaluationSignature,
)
from recordings.models.evaluation import Evaluation, EvaluationScore
from recordings.models.file_sighting import FileBadge, FileSighting
from recordings.models.owed_event import OwedEvent
from recordings.models.people import Agent, Team
from recordings.models.place import EarlierPlace, PlacesSince, TeamMembership
from recordings.models.recording import Recording, RecordingState
from recordings.models.refresh_run import RefreshRun
from recordings.models.report import Report, ReportKind, ReportState
from recordings.models.sample import Assignment, PopulationPiece, Sample, SamplePick, SampleSkip
from recordings.models.sampling_plan import PlanGroup, PlanPeriod, SamplingPlan
from recordings.models.scorecard import Scorecard, ScorecardState, ScorecardVersion
from recordings.models.sealed_log import (
    Anchor,
    Checkpoint,
    Cosignature,
    Incident,
    Leaf,
    LogHead,
    Outside,
    Tile,
)
from recordings.models.search_doc import SearchDoc
from recordings.models.sensitivity import ClassRule, ObjectClass, Sensitivity
from recordings.models.source import Delivery, ParseProblem, SourceStatus
from recordings.models.stream import Stream
from recordings.models.supervision import (
    DONE,
    Disposition,
    DispositionReason,
    ItemSource,
    SpotCheck,
    SpotDraw,
    SpotVerdict,
    SupervisionDisposition,
    SupervisionItem,
)
from recordings.models.trail_verification import TrailVerification
from recordings.models.trail_words import TrailWords
from recordings.models.viewing import Viewing

__all__ = [
    "DONE",
    "Agent",
    "Anchor",
    "ApiKey",
    "AssignedViewing",
    "Assignment",
    "AuditEvent",
    "AuditSecret",
    "AuditSubjectKey",
    "Basis",
    "BlindAnswer",
    "Calibration",
    "CalibrationComment",
    "CalibrationParticipant",
    "CalibrationRecording",
    "Checkpoint",
    "ClassRule",
    "CoachingItem",
    "CoachingSession",
    "CommBoxObject",
    "CompletenessStatement",
    "Cosignature",
    "CurrentScore",
    "Delivery",
    "Disposition",
    "DispositionReason",
    "Dispute",
    "DisputeOutcome",
    "EarlierPlace",
    "Evaluation",
    "EvaluationReading",
    "EvaluationRelease",
    "EvaluationReminder",
    "EvaluationScore",
    "EvaluationSignature",
    "Exemplar",
    "FileBadge",
    "FileSighting",
    "Incident",
    "ItemSource",
    "Leaf",
    "LogHead",
    "MediaCheck",
    "MediaOutcome",
    "ObjectClass",
    "Outside",
    "OwedEvent",
    "ParseProblem",
    "PlacesSince",
    "PlanGroup",
    "PlanPeriod",
    "PopulationPiece",
    "Recording",
    "RecordingState",
    "RefreshRun",
    "Report",
    "ReportKind",
    "ReportState",
    "Sample",
    "SamplePick",
    "SampleSkip",
    "SamplingPlan",
    "Scorecard",
    "ScorecardState",
    "ScorecardVersion",
    "SearchDoc",
    "Sensitivity",
    "SourceStatus",
    "SpotCheck",
    "SpotDraw",
    "SpotVerdict",
    "Stream",
    "SupervisionDisposition",
    "SupervisionItem",
    "Team",
    "TeamMembership",
    "Tile",
    "TrailVerification",
    "TrailWords",
    "Viewing",
    "ViewingAttempt",
    "Withdrawal",
]
