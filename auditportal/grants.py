"""Grant the application's database role its privileges on each table, after each migration.

The role has no access to a table that is not listed. The privileges on the audit trail are in its migrations.
docs/threats.md says for each privilege what depends on the data written with it.
"""

from typing import Any

from django.db import connections
from django.db.models.signals import post_migrate
from django.dispatch import receiver

# DELETE only where rows can be rebuilt or expire. Viewings and granted roles are ended, never rewritten or deleted.
TABLES = {
    "account_emailaddress": "SELECT",
    "account_emailconfirmation": "",
    "accounts_agentlink": "SELECT, INSERT, UPDATE (ended_at, ended_by_id, end_reason)",
    "accounts_grant": "SELECT, INSERT, UPDATE (ended_at, ended_by_id, end_reason)",
    "accounts_accessrequest": "SELECT, INSERT, UPDATE (decided_at, decided_by_id, was_granted, answer)",
    "accounts_accountclosure": "SELECT, INSERT, UPDATE (reopened_at)",
    "accounts_invitation": "SELECT, INSERT, UPDATE (used_at, replaced_at)",
    "accounts_recertification": "SELECT, INSERT, UPDATE (reminded_at, closed_at, closed_by_id)",
    "accounts_recertifiedgrant": "SELECT, INSERT, UPDATE (decision, reason, decided_at, decided_by_id)",
    "accounts_user": "SELECT, INSERT, UPDATE (password, last_login, is_active, full_name, email, language,"
    " time_zone, session_epoch, is_break_glass)",
    "accounts_breakglassuse": "SELECT, INSERT, UPDATE (mailed_at, acknowledged_at, acknowledged_by_id)",
    "accounts_enrolmentwindow": "SELECT, INSERT, UPDATE (closed_at)",
    "accounts_factorreset": "SELECT, INSERT, UPDATE (confirmed_at, confirmed_by_id, withdrawn_at)",
    "accounts_personsession": "SELECT, INSERT, UPDATE (key_hash, seen_at, ended_at, ended_by_id), DELETE",
    "auth_group": "",
    "auth_group_permissions": "",
    "auth_permission": "",
    "django_content_type": "",
    "django_migrations": "SELECT",
    "django_session": "SELECT, INSERT, UPDATE, DELETE",
    "mfa_authenticator": "SELECT, INSERT, UPDATE (data, last_used_at), DELETE",
    "provisioning_group": "SELECT, INSERT, UPDATE (name, external_id, removed_at)",
    "provisioning_grouprole": "SELECT, INSERT, UPDATE (ended_at, ended_by_id)",
    "provisioning_membership": "SELECT, INSERT, UPDATE (until)",
    "provisioning_person": "SELECT, INSERT, UPDATE (external_id, removed_at)",
    "provisioning_provisionedgrant": "SELECT, INSERT",
    "provisioning_token": "SELECT, INSERT, UPDATE (last_used_at, revoked_at, revoked_by_id)",
    "single_sign_on_identity": "SELECT, INSERT, UPDATE (issuer, subject, created_by_id, linked_at)",
    "socialaccount_socialaccount": "",
    "socialaccount_socialapp": "",
    "socialaccount_socialtoken": "",
    "recordings_agent": "SELECT, INSERT, UPDATE",
    "recordings_apikey": "SELECT, INSERT, UPDATE",
    "recordings_calibration": "SELECT, INSERT, UPDATE (closed_at, closed_by_id)",
    "recordings_calibrationcomment": "SELECT, INSERT",
    "recordings_calibrationparticipant": "SELECT, INSERT",
    "recordings_calibrationrecording": "SELECT, INSERT",
    "recordings_assignment": "SELECT, INSERT, UPDATE (evaluation_id, ended_at)",
    "recordings_assignedviewing": "SELECT, INSERT, UPDATE (cancelled_at, cancelled_by_id, reminded_at)",
    "recordings_classrule": "SELECT, INSERT, UPDATE (ended_at, ended_by_id, end_reason, applied_at)",
    "recordings_coachingitem": "SELECT, INSERT",
    "recordings_coachingsession": (
        "SELECT, INSERT, UPDATE (acknowledged_at, acknowledged_event, closed_at, closed_by_id, reminded_at)"
    ),
    "recordings_commboxobject": "SELECT, INSERT, UPDATE",
    "recordings_blindanswer": "SELECT, INSERT",
    "recordings_completenessstatement": "SELECT, INSERT",
    "recordings_currentscore": "SELECT, UPDATE (codes)",
    "recordings_earlierplace": "SELECT, INSERT",
    "recordings_delivery": "SELECT, INSERT, UPDATE",
    "recordings_dispute": (
        "SELECT, INSERT, UPDATE (decided_at, decided_by_id, outcome, decided_score_id, decided_event)"
    ),
    "recordings_evaluation": "SELECT, INSERT, UPDATE (typed, replaced, revision, saved_at, submitted_at)",
    "recordings_evaluationreading": "SELECT, INSERT",
    "recordings_evaluationrelease": "SELECT, INSERT",
    "recordings_evaluationreminder": "SELECT, INSERT",
    "recordings_evaluationscore": "SELECT, INSERT",
    "recordings_evaluationsignature": "SELECT, INSERT",
    "recordings_exemplar": "SELECT, INSERT, UPDATE (withdrawn_at, withdrawn_why, withdrawn_by_id)",
    "recordings_filesighting": "SELECT, INSERT",
    "recordings_mediacheck": "SELECT, INSERT",
    "recordings_objectclass": "SELECT, INSERT, UPDATE (ended_at, ended_by_id, end_reason)",
    "recordings_owedevent": "SELECT, INSERT, UPDATE (count, written), DELETE",
    "recordings_parseproblem": "SELECT, INSERT, UPDATE",
    "recordings_placessince": "SELECT",
    "recordings_populationpiece": "SELECT, INSERT",
    "recordings_recording": "SELECT, INSERT, UPDATE",
    "recordings_refreshrun": "SELECT, INSERT, UPDATE, DELETE",
    "recordings_report": "SELECT, INSERT, UPDATE",
    "recordings_sample": (
        "SELECT, INSERT,"
        " UPDATE (drawn_at, drawn_event, checkpoint_size, checkpoint_origin, seed_lines, self_drawn)"
    ),
    "recordings_samplepick": "SELECT, INSERT",
    "recordings_sampleskip": "SELECT, INSERT",
    "recordings_samplingplan": (
        "SELECT, INSERT,"
        " UPDATE (name, channels, teams, agents, shortest_seconds, longest_seconds, scopes, period, time_zone,"
        ' "group", number, parts, scorers, due_days, tried_until, tried_problem, ended_at, ended_by_id)'
    ),
    "recordings_scorecard": "SELECT, INSERT",
    "recordings_scorecardversion": (
        "SELECT, INSERT,"
        " UPDATE (state, document, hash, title, questions, changed_at, changed_by_id, activated_at, activated_by_id,"
        " retired_at, retired_by_id)"
    ),
    "recordings_searchdoc": "SELECT, INSERT, UPDATE, DELETE",
    "recordings_sourcestatus": "SELECT, INSERT, UPDATE",
    "recordings_spotcheck": "SELECT, INSERT",
    "recordings_spotdraw": "SELECT, INSERT, UPDATE (drawn_at, checkpoint_size, lines)",
    "recordings_spotverdict": "SELECT, INSERT",
    "recordings_stream": "SELECT, INSERT, UPDATE",
    "recordings_supervisiondisposition": "SELECT, INSERT",
    "recordings_supervisionitem": "SELECT, INSERT",
    "recordings_team": "SELECT, INSERT, UPDATE",
    "recordings_teammembership": "SELECT, INSERT, UPDATE (until)",
    "recordings_trailverification": "SELECT, INSERT",
    "recordings_trailwords": "SELECT, INSERT, UPDATE",
    "recordings_viewing": (
        "SELECT, INSERT,"
        " UPDATE (renewals, url_issued_at, url_expires_at, watched, watched_at, watch_credit_ms, untold,"
        " checked_at, ended_at)"
    ),
    "recordings_viewingattempt": "SELECT, INSERT",
}
GRANTS = "\n".join(
    [
        "GRANT USAGE ON SCHEMA public TO auditportal_app, auditportal_reader, auditportal_sealer;",
        # A function of ours is for nobody until somebody is named; numbers of rows are drawn by INSERT itself.
        "ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;",
        "REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA public FROM PUBLIC;",
        "REVOKE ALL ON ALL TABLES IN SCHEMA public FROM auditportal_app, auditportal_reader, auditportal_sealer;",
        "REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM auditportal_app, auditportal_reader, auditportal_sealer;",
        *(f"GRANT {verbs} ON {table} TO auditportal_app;" for table, verbs in TABLES.items() if verbs),
    ]
)


@receiver(post_migrate, dispatch_uid="application-grants")
def grant_to_application(sender: Any, using: str, **_: Any) -> None:
    """Runs once, after the project's own app: every table is there by then."""
    if sender.label == "recordings":
        with connections[using].cursor() as cursor:
            cursor.execute(GRANTS)
