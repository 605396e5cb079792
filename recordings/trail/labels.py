"""Names of what events hold as codes: rights, roles, formats, facts, outcomes. English, marked for translation."""

from collections.abc import Mapping

from django.utils.translation import gettext_noop as _

from recordings.audit.kinds import Outcome, Purpose
from recordings.permissions import Permission
from recordings.trail.compose import Language

OUTCOMES: Mapping[str, str] = {
    Outcome.GRANTED.value: _("Granted"),
    Outcome.DENIED.value: _("Refused"),
    Outcome.ERROR.value: _("Error"),
    Outcome.COMPLETED.value: _("Completed"),
}
PURPOSES: Mapping[str, str] = {purpose.value: purpose.english for purpose in Purpose}
ROLES: Mapping[str, str] = {
    "compliance_officer": _("Compliance officer"),
    "qa_manager": _("QA manager"),
    "external_auditor": _("External auditor"),
    "administrator": _("Administrator"),
    "supervisor": _("Supervisor"),
    "reviewer": _("Reviewer"),
    "agent": _("Agent"),
}
# How much a grant allows, and how sensitive recordings are.
LEVELS: Mapping[str, str] = {
    "list": _("List"),
    "view": _("View"),
    "download": _("Download"),
    "manage": _("Manage"),
}
CLASSES: Mapping[str, str] = {
    "standard": _("Standard"),
    "confidential": _("Confidential"),
    "restricted": _("Restricted"),
}
# Why a request was refused: the right that was missing.
MISSING_RIGHTS: Mapping[str, str] = {
    "not_own_call": _("it is a call of their own"),
    "read_trail_without_scope": _("no permission to read the whole audit trail"),
    "view_assurance_without_scope": _("no permission to view assurance for the whole catalog"),
    "export_reports_without_scope": _("no permission to export reports on the whole catalog"),
    Permission.SEARCH_OBJECTS: _("no permission to search objects"),
    Permission.OPEN_OBJECTS: _("no permission to open objects"),
    Permission.PLAY_RECORDINGS: _("no permission to play recordings"),
    Permission.READ_TRAIL: _("no permission to read the audit trail"),
    Permission.VIEW_ASSURANCE: _("no permission to view assurance"),
    Permission.EXPORT_REPORTS: _("no permission to export reports"),
    Permission.REFRESH_CATALOG: _("no permission to refresh the catalog"),
    Permission.VIEW_OPERATIONS: _("no permission to view operations"),
    Permission.EVALUATE: _("no permission to evaluate recordings"),
    Permission.MANAGE_SCORECARDS: _("no permission to manage scorecards"),
    Permission.MANAGE_SAMPLING: _("no permission to manage sampling plans"),
    Permission.READ_EVALUATIONS: _("no permission to read evaluations"),
    Permission.RELEASE_EVALUATIONS: _("no permission to release evaluations"),
    Permission.SIGN_FOR_AGENTS: _("no permission to sign evaluations for agents"),
    Permission.DECIDE_DISPUTES: _("no permission to decide disputes"),
    Permission.MANAGE_CALIBRATION: _("no permission to manage calibration"),
    Permission.SUPERVISE: _("no permission to supervise"),
    Permission.COACH: _("no permission to coach"),
    Permission.SEE_ACCESS: _("no permission to see who has access"),
    Permission.MANAGE_PEOPLE: _("no permission to manage people"),
    Permission.ERASE_SUBJECTS: _("no permission to erase personal values"),
    Permission.DOWNLOAD_RECORDINGS: _("no permission to download recordings"),
    Permission.SEE_PERSONAL_DATA: _("no permission to see personal data"),
    Permission.UNMASK_PERSONAL_DATA: _("no permission to show masked values"),
    Permission.CLASSIFY_RECORDINGS: _("no permission to set sensitivity"),
    Permission.READ_OWN_CALLS: _("no permission to see who watched one's own calls"),
}
# What a report or a statement is downloaded as.
FORMATS: Mapping[str, str] = {
    "csv": _("CSV"),
    "xlsx": _("Excel"),
    "jsonl": _("JSON Lines"),
    "json": _("JSON"),
    "pdf": _("PDF"),
    "bundle": _("evidence bundle"),
}
# What a provisioning token may do.
TOKEN_SCOPES: Mapping[str, str] = {
    "read": _("read only"),
    "users": _("people"),
    "users_and_groups": _("people and groups"),
}
REPORTS: Mapping[str, str] = {
    "viewings": _("viewings"),
    "access": _("access by person"),
    "scores": _("evaluations"),
    "numbers": _("numbers of evaluations"),
}
# What an event's change is about.
FACTS: Mapping[str, str] = {
    "activity_created_at": _("reported time"),
    "actor_id": _("agent"),
    "duration_seconds": _("length in seconds"),
    "email": _("mail address"),
    "etag": _("content (ETag)"),
    "file_size_bytes": _("size in bytes"),
    "full_name": _("name"),
    "last_modified": _("modification time"),
    "recorded_at": _("recorded time"),
    "recording_type": _("type"),
    "size_bytes": _("size in bytes"),
    "url": _("address of the file"),
    "version_id": _("version"),
}
# How a comparison of checkpoints ended.
VERDICTS: Mapping[str, str] = {
    "same_log": _("same log"),
    "consistent": _("consistent"),
    "inconsistent": _("inconsistent"),
    "newer_than_ours": _("newer than the newest checkpoint here"),
    "differs_but_unsigned": _("differs, and is not signed by this log"),
    "other_log": _("another log"),
    "bad_signature": _("signature not valid"),
}
# Reasons that events hold as codes.
REASONS: Mapping[str, str] = {
    "cross_site": _("the request came from another web site"),
    "signed_out": _("signed out"),
    "not_yours": _("not a viewing of this person"),
    "no_right": _("no permission to play recordings"),
    "out_of_reach": _("access to this recording had ended"),
    "other_session": _("the viewing belongs to an earlier session"),
    "ended": _("the viewing had ended"),
    "not_playable": _("not playable"),
    "event_late": _("an event was sealed late"),
    # why a link of an invitation cannot be used
    "used": _("it had been used"),
    "expired": _("it had expired"),
    "replaced": _("a newer one had replaced it"),
    "inactive": _("the account is inactive"),
    "other_person": _("another person was signed in"),
    "unknown_link": _("no such link was made"),
    # why a sign-in through the identity provider was refused
    "sso_algorithm": _("single sign-on: the token's algorithm is not permitted"),
    "sso_header": _("single sign-on: the token names a key of its own"),
    "sso_key": _("single sign-on: the token's key is not the issuer's"),
    "sso_signature": _("single sign-on: the token's signature is wrong"),
    "sso_malformed": _("single sign-on: the token cannot be read"),
    "sso_issuer": _("single sign-on: the answer is from another issuer"),
    "sso_audience": _("single sign-on: the token is for another audience"),
    "sso_expired": _("single sign-on: the token has expired"),
    "sso_future": _("single sign-on: the token was issued in the future"),
    "sso_nonce": _("single sign-on: the token belongs to another sign-in"),
    "sso_state": _("single sign-on: the answer belongs to no sign-in of this browser"),
    "sso_answer": _("single sign-on: the identity provider refused"),
    "sso_unreachable": _("single sign-on: the identity provider could not be reached"),
    "sso_unknown_person": _("single sign-on: nobody here has this identity"),
    "sso_inactive": _("single sign-on: the account is inactive"),
    "sso_link": _("single sign-on: the link cannot be used"),
    "sso_linked": _("single sign-on: the identity belongs to another account"),
    "sso_too_many": _("single sign-on: too many sign-ins were begun"),
    # why a mail was not sent
    "name": _("the mail server's name is not known"),
    "connection": _("the mail server refused the connection"),
    "timeout": _("the mail server did not answer in time"),
    "tls": _("the connection to the mail server could not be encrypted"),
    "sign_in": _("the mail server refused the sign-in"),
    "sender": _("the mail server refused the sender"),
    "recipient": _("the mail server refused the recipient"),
    "content": _("the mail server refused the mail"),
    "broken": _("the connection to the mail server broke off"),
    "event_malformed": _("an event does not have the form of an event"),
    "too many failed attempts before": _("too many failed attempts before"),
    "the session ended": _("the session ended"),
    "the player was not heard from any more": _("the player stopped reporting"),
    "the player stopped reporting": _("the player stopped reporting"),
}
# Filters of recordings by their state, as searches hold them.
STATES: Mapping[str, str] = {
    "playable": _("Playable"),
    "changed_at_source": _("Changed at source"),
    "vanished_at_source": _("Missing at source"),
    "file_missing": _("File missing"),
    "storage_refused": _("Refused by storage"),
    "not_playable": _("Not playable"),
    "unchecked": _("Not checked yet"),
}


def readable(code: str) -> str:
    """Write a code that has no label as words."""
    return code.replace("_", " ").strip()


def purpose(code: str) -> str:
    return PURPOSES.get(code) or readable(code).capitalize()


def role(code: str) -> str:
    return ROLES.get(code) or readable(code).capitalize()


def roles(codes: str, language: Language) -> str:
    """Write the roles of an actor, which events join by a plus, with commas between."""
    return ", ".join(language.gettext(role(code)) for code in codes.split("+") if code)
