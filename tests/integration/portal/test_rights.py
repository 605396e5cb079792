"""The right that each URL needs, compared with what its view declares.

A new URL fails here until it has a row. What each kind of person then gets: tests/authz_matrix/matrix.csv.
"""

import pytest
from django.test import Client

from auditportal.accounts.middleware import is_open
from recordings.permissions import Permission as P
from tests.authz_matrix.urls import address, patterns
from tests.factories import person

OPEN, ANYBODY_SIGNED_IN = "open", "any person"

# URL name → what it needs.
MATRIX = {
    "overview": ANYBODY_SIGNED_IN,
    "account_login": OPEN,
    "account_logout": OPEN,
    "csp_reports": OPEN,
    "script_words": OPEN,
    "session": ANYBODY_SIGNED_IN,
    "signed_in": ANYBODY_SIGNED_IN,
    "own_name": ANYBODY_SIGNED_IN,
    "my_settings": ANYBODY_SIGNED_IN,
    "passkey_sign_in": OPEN,
    "passkey_options": OPEN,
    "mfa_authenticate": OPEN,  # after the password, checked inside
    "second_step_options": OPEN,  # as above
    "second_factor": ANYBODY_SIGNED_IN,
    "add_passkey": ANYBODY_SIGNED_IN,
    "passkey_registration": ANYBODY_SIGNED_IN,
    "add_app": ANYBODY_SIGNED_IN,
    "recovery_codes": ANYBODY_SIGNED_IN,
    "remove_factor": ANYBODY_SIGNED_IN,  # one's own
    "confirm_options": ANYBODY_SIGNED_IN,
    "confirm_passkey": ANYBODY_SIGNED_IN,
    "security": ANYBODY_SIGNED_IN,
    "change_password": ANYBODY_SIGNED_IN,
    "end_session": ANYBODY_SIGNED_IN,  # one's own
    "end_other_sessions": ANYBODY_SIGNED_IN,
    "people:security": P.MANAGE_PEOPLE,
    "people:end_sessions": P.MANAGE_PEOPLE,
    "people:ask_reset": P.MANAGE_PEOPLE,
    "people:confirm_reset": P.MANAGE_PEOPLE,
    "people:withdraw_reset": P.MANAGE_PEOPLE,
    "people:break_glass": P.MANAGE_PEOPLE,
    "people:acknowledge": P.MANAGE_PEOPLE,
    "people:enrolment": P.MANAGE_PEOPLE,
    "people:close_enrolment": P.MANAGE_PEOPLE,
    "people:list": P.MANAGE_PEOPLE,
    "people:invite": P.MANAGE_PEOPLE,
    "people:export": P.MANAGE_PEOPLE,
    "people:import": P.MANAGE_PEOPLE,
    "people:create_imported": P.MANAGE_PEOPLE,
    "people:person": P.MANAGE_PEOPLE,
    "people:grant": P.MANAGE_PEOPLE,
    "people:end_grant": P.MANAGE_PEOPLE,
    "people:link": P.MANAGE_PEOPLE,
    "people:unlink": P.MANAGE_PEOPLE,
    "people:deactivate": P.MANAGE_PEOPLE,
    "people:reactivate": P.MANAGE_PEOPLE,
    "people:new_link": P.MANAGE_PEOPLE,
    "people:single_sign_on": P.MANAGE_PEOPLE,
    "people:unlock": P.MANAGE_PEOPLE,
    "people:test_mail": P.MANAGE_PEOPLE,
    "single_sign_on:start": OPEN,
    "single_sign_on:callback": OPEN,
    "single_sign_on:accept": OPEN,  # for whoever has the link
    "access:who": P.SEE_ACCESS,
    "access:save_who": P.SEE_ACCESS,
    "access:why": ANYBODY_SIGNED_IN,  # for what the person may find, checked inside
    "access:ask": ANYBODY_SIGNED_IN,
    "access:asked": P.MANAGE_PEOPLE,
    "access:answer": P.MANAGE_PEOPLE,
    "access:recertifications": P.MANAGE_PEOPLE,
    "access:recertification": P.MANAGE_PEOPLE,
    "access:close": P.MANAGE_PEOPLE,
    "access:save": P.MANAGE_PEOPLE,
    "invitation": OPEN,  # for whoever has the link
    "catalog:objects": P.SEARCH_OBJECTS,
    "catalog:object": P.OPEN_OBJECTS,
    "catalog:phone": P.OPEN_OBJECTS,
    "catalog:classify": P.CLASSIFY_RECORDINGS,
    "catalog:unmask": P.UNMASK_PERSONAL_DATA,
    "catalog:class_rules": P.CLASSIFY_RECORDINGS,
    "catalog:end_class_rule": P.CLASSIFY_RECORDINGS,
    "catalog:recordings": P.SEARCH_OBJECTS,
    "playback:own_calls": P.READ_OWN_CALLS,
    "playback:recording": P.OPEN_OBJECTS,
    "playback:trail": P.READ_TRAIL,
    "playback:download": P.DOWNLOAD_RECORDINGS,
    "playback:start": P.PLAY_RECORDINGS,
    "playback:url": OPEN,  # checks inside: a signed-out player is refused in the trail
    "playback:watched": ANYBODY_SIGNED_IN,  # for whoever started the viewing, while they may play, checked inside
    "playback:finish": ANYBODY_SIGNED_IN,  # as above
    "playback:problem": ANYBODY_SIGNED_IN,  # as above
    "refresh:object": P.REFRESH_CATALOG,
    "refresh:freshness": P.OPEN_OBJECTS,
    "operations:operations": P.VIEW_OPERATIONS,
    "operations:problems": P.VIEW_OPERATIONS,
    "operations:runs": P.VIEW_OPERATIONS,
    "operations:list_stream": P.VIEW_OPERATIONS,
    "operations:channel": ANYBODY_SIGNED_IN,  # for operations and assurance, checked inside
    "operations:add_key": P.VIEW_OPERATIONS,
    "operations:retire_key": P.VIEW_OPERATIONS,
    "operations:accept_absence": P.VIEW_OPERATIONS,
    "provisioning:overview": P.MANAGE_PEOPLE,
    "provisioning:make_token": P.MANAGE_PEOPLE,
    "provisioning:revoke_token": P.MANAGE_PEOPLE,
    "provisioning:add_role": P.MANAGE_PEOPLE,
    "provisioning:end_role": P.MANAGE_PEOPLE,
    "scim:root": OPEN,  # for the holder of a token, checked inside
    "scim:endpoint": OPEN,
    "webhooks:webhook": OPEN,
    "assurance:board": P.VIEW_ASSURANCE,
    "assurance:recordings": P.VIEW_ASSURANCE,
    "assurance:sample": P.VIEW_ASSURANCE,
    "assurance:statements": P.VIEW_ASSURANCE,
    "assurance:state": P.EXPORT_REPORTS,
    "assurance:statement": P.VIEW_ASSURANCE,
    "assurance:download": P.EXPORT_REPORTS,
    "reviews:home": ANYBODY_SIGNED_IN,
    "reviews:scorecards": P.MANAGE_SCORECARDS,
    "reviews:new": P.MANAGE_SCORECARDS,
    "reviews:scorecard": P.MANAGE_SCORECARDS,
    "reviews:activate": P.MANAGE_SCORECARDS,
    "reviews:retire": P.MANAGE_SCORECARDS,
    "reviews:edit": P.MANAGE_SCORECARDS,
    "reviews:form_file": P.MANAGE_SCORECARDS,
    "reviews:builder": P.MANAGE_SCORECARDS,
    "reviews:evaluate": P.EVALUATE,
    "reviews:evaluations": P.EVALUATE,
    "plans:todo": P.EVALUATE,
    "plans:begin": P.EVALUATE,
    "plans:skip": P.EVALUATE,
    "plans:list": P.MANAGE_SAMPLING,
    "plans:new": P.MANAGE_SAMPLING,
    "plans:plan": P.MANAGE_SAMPLING,
    "plans:edit": P.MANAGE_SAMPLING,
    "plans:draw": P.MANAGE_SAMPLING,
    "plans:give": P.MANAGE_SAMPLING,
    "plans:end": P.MANAGE_SAMPLING,
    "plans:sample": P.MANAGE_SAMPLING,
    "plans:again": P.MANAGE_SAMPLING,
    "plans:export": P.MANAGE_SAMPLING,
    "plans:skip_pick": P.MANAGE_SAMPLING,
    "plans:assign": P.MANAGE_SAMPLING,
    "reviews:evaluation": P.EVALUATE,
    "reviews:save": P.EVALUATE,
    "reviews:other": P.EVALUATE,
    "reviews:submit": P.EVALUATE,
    "reviews:check": P.MANAGE_SCORECARDS,
    "numbers:overview": P.READ_EVALUATIONS,
    "numbers:agents": P.READ_EVALUATIONS,
    "numbers:questions": P.READ_EVALUATIONS,
    "numbers:scorers": P.READ_EVALUATIONS,
    "disputes:own_reviews": P.READ_OWN_CALLS,
    "disputes:results": P.READ_EVALUATIONS,
    "disputes:result": ANYBODY_SIGNED_IN,  # for scorer, readers and the agent, checked inside
    "disputes:release": P.RELEASE_EVALUATIONS,
    "disputes:sign": ANYBODY_SIGNED_IN,  # for the agent and their supervisors, checked inside
    "disputes:dispute": ANYBODY_SIGNED_IN,  # as above
    "disputes:decide": P.DECIDE_DISPUTES,
    "disputes:decision": P.DECIDE_DISPUTES,
    "calibration:list": P.EVALUATE,
    "calibration:new": P.MANAGE_CALIBRATION,
    "calibration:scorers": P.EVALUATE,
    "calibration:calibration": P.EVALUATE,  # of participants and managers, checked inside
    "calibration:score": P.EVALUATE,  # as above
    "calibration:close": P.MANAGE_CALIBRATION,
    "calibration:comment": P.EVALUATE,  # as above
    "calibration:agree": P.MANAGE_CALIBRATION,
    "supervision:queue": P.SUPERVISE,
    "supervision:add": P.SUPERVISE,
    "supervision:add_sample": P.SUPERVISE,
    "supervision:item": P.SUPERVISE,
    "supervision:dispose": P.SUPERVISE,
    "supervision:checks": P.SUPERVISE,
    "supervision:verdict": P.SUPERVISE,
    "supervision:draw_file": P.SUPERVISE,
    "supervision:evidence": P.SUPERVISE,
    "coaching:sessions": P.COACH,
    "coaching:new": P.COACH,
    "coaching:session": P.COACH,
    "coaching:close": P.COACH,
    "coaching:library": P.COACH,
    "coaching:add": P.COACH,
    "coaching:exemplar": P.COACH,
    "coaching:assign": P.COACH,
    "coaching:withdraw": P.COACH,
    "coaching:cancel": P.COACH,
    "coaching:mine": ANYBODY_SIGNED_IN,  # one's own
    "coaching:my_session": ANYBODY_SIGNED_IN,
    "coaching:viewing": ANYBODY_SIGNED_IN,
    "coaching:play": ANYBODY_SIGNED_IN,  # while it is open, checked inside
    "coaching:attempt": ANYBODY_SIGNED_IN,
    "trail:trail": P.READ_TRAIL,
    "trail:event_body": P.READ_TRAIL,
    "trail:person": ANYBODY_SIGNED_IN,  # one's own page; others' for readers of the trail, checked inside
    "evidence:event": P.READ_TRAIL,
    "evidence:proof": P.READ_TRAIL,
    "evidence:strip": P.READ_TRAIL,
    "evidence:checkpoints": P.READ_TRAIL,
    "evidence:checkpoint": P.READ_TRAIL,
    "evidence:checkpoint_note": P.READ_TRAIL,
    "evidence:consistency": P.READ_TRAIL,
    "evidence:consistency_to": P.READ_TRAIL,
    "evidence:anchor": P.READ_TRAIL,
    "evidence:outside": P.READ_TRAIL,
    "evidence:compare": P.READ_TRAIL,
    "evidence:verify": P.READ_TRAIL,
    "evidence:verifier": P.READ_TRAIL,
    "evidence:browser_verifier": P.READ_TRAIL,
    "evidence:in_browser": OPEN,
    "evidence:witnesses": P.READ_TRAIL,
    "evidence:log_entries": P.READ_TRAIL,
    "evidence:log_checkpoint": P.READ_TRAIL,
    "evidence:log_tile": P.READ_TRAIL,
    "reports:list": P.EXPORT_REPORTS,
    "reports:request": P.EXPORT_REPORTS,
    "reports:numbers": P.EXPORT_REPORTS,
    "reports:report": P.EXPORT_REPORTS,
    "reports:progress": P.EXPORT_REPORTS,
    "reports:again": P.EXPORT_REPORTS,
    "reports:download": P.EXPORT_REPORTS,
    "reports:checksum": P.EXPORT_REPORTS,
    "live": OPEN,
    "ready": OPEN,
    "metrics": OPEN,
}

# What AUDIT_LOG_PUBLIC opens to anybody.
OPENED_BY_SETTING = {"evidence:log_checkpoint", "evidence:log_tile"}


def needed(view):
    if getattr(view, "open_to_all", False):
        return OPEN
    if getattr(view, "any_person", False):
        return ANYBODY_SIGNED_IN
    return getattr(view, "permission", None)


DOORS = {name: (route, view) for name, route, view in patterns()}


def test_every_view_declares_its_right_and_the_table_says_the_same():
    """Default deny."""
    declared = {name: needed(view) for name, (_, view) in DOORS.items()}
    assert declared == MATRIX


@pytest.mark.parametrize("public", [False, True])
def test_a_setting_opens_these_doors_and_no_others(db, settings, public):
    """Checkpoint and hash tiles, never entries; a reader without a right is let in and nothing is refused."""
    settings.AUDIT_LOG_PUBLIC = public
    opened = {name for name, (_, view) in DOORS.items() if is_open(view) and MATRIX[name] != OPEN}
    assert opened == (OPENED_BY_SETTING if public else set())
    signed_in = Client()
    signed_in.force_login(person(None))
    for name in sorted(name for name in MATRIX if name.startswith("evidence:log_")):
        statuses = [reader.get(address(DOORS[name][0])).status_code for reader in (Client(), signed_in)]
        assert statuses == ([404, 404] if name in opened else [302, 403]), name


def test_writes_need_a_token(db):
    """Every POST but the webhook receiver's is refused without one."""
    client = Client(enforce_csrf_checks=True)
    client.force_login(person("compliance_officer"))
    exempt = {name for name, (_, view) in DOORS.items() if getattr(view, "csrf_exempt", False)}
    # None changes anything in the name of somebody who is signed in.
    assert exempt == {"csp_reports", "webhooks:webhook", "scim:root", "scim:endpoint"}
    for name, (route, _) in DOORS.items():
        if name not in exempt and MATRIX[name] != OPEN:
            assert client.post(address(route)).status_code in (403, 405), name
