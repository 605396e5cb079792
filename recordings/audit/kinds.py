"""The closed lists of event kinds, outcomes and purposes. The trail stores them as text."""

from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy, gettext_noop


class Kind(StrEnum):
    # people
    SIGNED_IN = "auth.signed_in"
    SIGN_IN_FAILED = "auth.failed"
    ACCOUNT_LOCKED = "auth.locked"
    ACCOUNT_UNLOCKED = "auth.unlocked"
    CONFIRMATION_FAILED = "auth.confirmation_failed"
    SIGNED_OUT = "auth.signed_out"
    SESSION_ENDED = "auth.session_ended"
    FACTOR_ADDED = "auth.factor_added"
    FACTOR_REMOVED = "auth.factor_removed"
    FACTOR_REFUSED = "auth.factor_refused"
    RECOVERY_CODES_MADE = "auth.recovery_codes_made"
    ENROLMENT_OPENED = "auth.enrolment_opened"
    ENROLMENT_CLOSED = "auth.enrolment_closed"
    FACTOR_RESET_ASKED = "auth.factor_reset_asked"
    FACTOR_RESET_WITHDRAWN = "auth.factor_reset_withdrawn"
    FACTORS_RESET = "auth.factors_reset"
    PASSWORD_CHANGED = "auth.password_changed"  # noqa: S105  (a kind of event)
    SESSIONS_ENDED = "auth.sessions_ended"
    BREAK_GLASS_CHANGED = "auth.break_glass_changed"
    BREAK_GLASS_USED = "auth.break_glass_used"
    BREAK_GLASS_ACKNOWLEDGED = "auth.break_glass_acknowledged"
    PERSON_INVITED = "person.invited"
    INVITATION_MAILED = "person.invitation_mailed"
    INVITATION_USED = "person.invitation_used"
    INVITATION_REFUSED = "person.invitation_refused"
    PERSON_CHANGED = "person.changed"
    PERSON_DEACTIVATED = "person.deactivated"
    PERSON_REACTIVATED = "person.reactivated"
    PEOPLE_EXPORTED = "person.list_exported"
    SINGLE_SIGN_ON_REQUIRED = "person.single_sign_on_required"
    IDENTITY_LINKED = "person.identity_linked"
    PERSON_CREATED = "person.created"
    PERSON_REMOVED = "person.removed"
    ROLE_GRANTED = "role.granted"
    ROLE_REVOKED = "role.revoked"
    # identity providers
    PROVISIONING_ALLOWED = "provisioning.token_created"
    PROVISIONING_REVOKED = "provisioning.token_revoked"
    PROVISIONING_READ = "provisioning.read"
    PROVISIONING_REFUSED = "provisioning.refused"
    GROUP_CREATED = "group.created"
    GROUP_CHANGED = "group.changed"
    GROUP_REMOVED = "group.removed"
    MEMBER_ADDED = "group.member_added"
    MEMBER_REMOVED = "group.member_removed"
    GROUP_ROLE_ADDED = "group.role_added"
    GROUP_ROLE_ENDED = "group.role_ended"
    ACCESS_DENIED = "access.denied"
    AGENT_LINKED = "agent.linked"
    AGENT_UNLINKED = "agent.unlinked"
    OWN_CALLS_VIEWED = "agent.own_calls_viewed"
    OWN_EVALUATIONS_VIEWED = "agent.own_evaluations_viewed"
    ACCESS_CHECKED = "access.checked"
    ACCESS_EXPORTED = "access.exported"
    ACCESS_REQUESTED = "access.requested"
    ACCESS_REQUEST_DECIDED = "access.request_decided"
    RECERTIFICATION_OPENED = "recertification.opened"
    GRANT_RECERTIFIED = "recertification.decided"
    RECERTIFICATION_CLOSED = "recertification.closed"
    RECERTIFICATION_EXPORTED = "recertification.exported"
    # catalog
    SEARCHED = "search.run"
    OBJECT_OPENED = "object.opened"
    PHONE_SHOWN = "object.phone_shown"
    RECORDING_OPENED = "recording.opened"
    VALUE_SHOWN = "object.value_shown"
    CLASS_RULE_ADDED = "sensitivity.rule_added"
    CLASS_RULE_ENDED = "sensitivity.rule_ended"
    OBJECT_CLASSIFIED = "sensitivity.object_set"
    # viewing
    VIEWING_REQUESTED = "viewing.requested"
    VIEWING_DENIED = "viewing.denied"
    URL_ISSUED = "viewing.url_issued"
    URL_RENEWED = "viewing.url_renewed"
    URL_REFUSED = "viewing.url_refused"
    WATCHED = "viewing.watched"
    WATCH_EXCESS = "viewing.watch_excess"
    VIEWING_FINISHED = "viewing.finished"
    # download
    DOWNLOAD_REQUESTED = "download.requested"
    DOWNLOAD_ISSUED = "download.issued"
    DOWNLOAD_REFUSED = "download.refused"
    # custody
    RECORDING_DISCOVERED = "recording.discovered"
    RECORDING_CHANGED = "recording.changed_at_source"
    RECORDING_VANISHED = "recording.vanished_at_source"
    RECORDING_REAPPEARED = "recording.reappeared"
    FILE_IDENTIFIED = "recording.file_identified"
    FILE_DIFFERS = "recording.file_differs"
    MASS_ABSENCE_ACCEPTED = "recording.mass_absence_accepted"
    RECORDING_UNPLAYABLE = "recording.not_playable"
    MEDIA_FAILED = "recording.media_failed"
    # assurance
    ASSURANCE_OPENED = "assurance.opened"
    ASSURANCE_STATED = "assurance.stated"
    STATEMENT_DOWNLOADED = "assurance.downloaded"
    REFRESH_REQUESTED = "refresh.requested"
    # reviews
    SCORECARD_CREATED = "scorecard.created"
    SCORECARD_IMPORTED = "scorecard.imported"
    SCORECARD_ACTIVATED = "scorecard.activated"
    SCORECARD_RETIRED = "scorecard.retired"
    EVALUATION_STARTED = "evaluation.started"
    EVALUATION_SUBMITTED = "evaluation.submitted"
    EVALUATION_CHANGED = "evaluation.changed"
    CALIBRATION_CREATED = "calibration.created"
    CALIBRATION_OPENED = "calibration.opened"
    CALIBRATION_CLOSED = "calibration.closed"
    CALIBRATION_COMMENTED = "calibration.commented"
    CALIBRATION_AGREED = "calibration.agreed"
    NUMBERS_OPENED = "numbers.opened"
    EVALUATIONS_LISTED = "evaluation.listed"
    EVALUATION_READ = "evaluation.read"
    EVALUATION_RELEASED = "evaluation.released"
    EVALUATION_SIGNED = "evaluation.signed"
    EVALUATION_REMINDED = "evaluation.reminded"
    DISPUTE_OPENED = "dispute.opened"
    DISPUTE_ANSWERED_BLIND = "dispute.answered_blind"
    DISPUTE_DECIDED = "dispute.decided"
    SUPERVISION_OPENED = "supervision.opened"
    SUPERVISION_QUEUED = "supervision.queued"
    SUPERVISION_DISPOSED = "supervision.disposed"
    SUPERVISION_FROZEN = "supervision.sample_frozen"
    SUPERVISION_DRAWN = "supervision.sample_drawn"
    SUPERVISION_CHECKED = "supervision.checked"
    SUPERVISION_REMINDED = "supervision.reminded"
    PLAN_CREATED = "plan.created"
    PLAN_CHANGED = "plan.changed"
    PLAN_ENDED = "plan.ended"
    SAMPLE_FROZEN = "sample.frozen"
    SAMPLE_DRAWN = "sample.drawn"
    SAMPLE_SKIPPED = "sample.skipped"
    SAMPLE_VIEWED = "sample.viewed"
    SAMPLE_EXPORTED = "sample.exported"
    ASSIGNMENT_MADE = "assignment.made"
    ASSIGNMENT_ENDED = "assignment.ended"
    COACHING_VIEWED = "coaching.viewed"
    COACHING_OPENED = "coaching.session_opened"
    COACHING_ACKNOWLEDGED = "coaching.acknowledged"
    COACHING_CLOSED = "coaching.closed"
    COACHING_REMINDED = "coaching.reminded"
    EXEMPLAR_ADDED = "exemplar.added"
    EXEMPLAR_WITHDRAWN = "exemplar.withdrawn"
    TRAINING_ASSIGNED = "training.assigned"
    TRAINING_CANCELLED = "training.cancelled"
    TRAINING_ATTEMPTED = "training.attempted"
    # the trail itself
    TRAIL_VIEWED = "audit.viewed"
    TRAIL_SEARCHED = "audit.searched"
    TRAIL_VERIFIED = "audit.verified"
    PROOF_TAKEN = "audit.proof_taken"
    BUNDLE_CHECKED = "audit.bundle_checked"
    CHECKPOINT_COMPARED = "audit.checkpoint_compared"
    SUBJECT_ERASURE_ASKED = "subject.erasure_asked"
    SUBJECT_ERASED = "subject.erased"
    # the sealed log
    LOG_OPENED = "log.opened"
    HEADS_MANIFEST = "heads.manifest"
    SEALER_INCIDENT = "sealer.incident"
    KEY_ROTATED = "key.rotated"
    BACKUP_RESTORED = "backup.restored"
    REPORT_REQUESTED = "export.requested"
    REPORT_BUILT = "export.built"
    REPORT_FAILED = "export.failed"
    REPORT_DOWNLOADED = "export.downloaded"
    # the portal
    LOGGING_STARTED = "logging.started"
    LOGGING_STOPPED = "logging.stopped"
    CONFIG_CHANGED = "config.changed"


class Outcome(StrEnum):
    GRANTED = "granted"
    DENIED = "denied"
    ERROR = "error"
    COMPLETED = "completed"


class Purpose(StrEnum):
    """Why a person watches a recording."""

    COMPLIANCE = "compliance"
    QUALITY = "quality"
    DISPUTE = "dispute"
    TRAINING = "training"
    OPERATIONS = "operations"

    @property
    def english(self) -> str:
        """Return the label in English, as exports have it."""
        return _PURPOSES[self]

    @property
    def label(self) -> Promise:
        """Return the label in the language of whoever reads it."""
        return gettext_lazy(_PURPOSES[self])


_PURPOSES = {
    Purpose.COMPLIANCE: gettext_noop("Compliance"),
    Purpose.QUALITY: gettext_noop("Quality"),
    Purpose.DISPUTE: gettext_noop("Dispute"),
    Purpose.TRAINING: gettext_noop("Training"),
    Purpose.OPERATIONS: gettext_noop("Operations"),
}
