"""The roles that people are granted. A role is a name and the permissions it carries; it is code, not data."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_lazy

from recordings.permissions import Permission as P


@dataclass(frozen=True)
class Role:
    code: str
    label: str | Promise
    may: str | Promise
    permissions: frozenset[P]
    # A grant of it must say when it ends.
    needs_end: bool = False
    # It reaches the calls of the agent that the account is linked to, and nothing without a link.
    is_of_own_calls: bool = False

    @property
    def is_barred_from_media(self) -> bool:
        """Whether people trust this role because it never sees a recording."""
        return self.code in ("external_auditor", "administrator")


ROLES = {
    role.code: role
    for role in (
        Role(
            "compliance_officer",
            gettext_lazy("Compliance officer"),
            gettext_lazy("Searches, watches and supervises, reads the audit trail and exports reports."),
            frozenset(
                {
                    P.SEARCH_OBJECTS,
                    P.OPEN_OBJECTS,
                    P.PLAY_RECORDINGS,
                    P.DOWNLOAD_RECORDINGS,
                    P.SEE_PERSONAL_DATA,
                    P.CLASSIFY_RECORDINGS,
                    P.READ_TRAIL,
                    P.SEE_ACCESS,
                    P.VIEW_ASSURANCE,
                    P.EXPORT_REPORTS,
                    P.REFRESH_CATALOG,
                    P.ERASE_SUBJECTS,
                    P.SUPERVISE,
                    P.MANAGE_SAMPLING,
                    P.READ_EVALUATIONS,
                }
            ),
        ),
        Role(
            "supervisor",
            gettext_lazy("Supervisor"),
            gettext_lazy(
                "Searches and watches the recordings of their teams, reads and signs their evaluations, coaches."
                " Does not read the audit trail."
            ),
            frozenset(
                {
                    P.SEARCH_OBJECTS,
                    P.OPEN_OBJECTS,
                    P.PLAY_RECORDINGS,
                    P.SEE_PERSONAL_DATA,
                    P.REFRESH_CATALOG,
                    P.READ_EVALUATIONS,
                    P.SIGN_FOR_AGENTS,
                    P.DECIDE_DISPUTES,
                    P.COACH,
                }
            ),
        ),
        Role(
            "qa_manager",
            gettext_lazy("QA manager"),
            gettext_lazy(
                "Searches, watches and evaluates, and manages scorecards, samples, calibration and coaching."
                " Does not read the audit trail."
            ),
            frozenset(
                {
                    P.SEARCH_OBJECTS,
                    P.OPEN_OBJECTS,
                    P.PLAY_RECORDINGS,
                    P.SEE_PERSONAL_DATA,
                    P.REFRESH_CATALOG,
                    P.VIEW_ASSURANCE,
                    P.EVALUATE,
                    P.MANAGE_SCORECARDS,
                    P.MANAGE_SAMPLING,
                    P.READ_EVALUATIONS,
                    P.RELEASE_EVALUATIONS,
                    P.DECIDE_DISPUTES,
                    P.MANAGE_CALIBRATION,
                    P.COACH,
                }
            ),
        ),
        Role(
            "reviewer",
            gettext_lazy("Reviewer"),
            gettext_lazy(
                "Searches, watches and evaluates. Sees customers masked, and can show a value with a reason."
            ),
            frozenset(
                {
                    P.SEARCH_OBJECTS,
                    P.OPEN_OBJECTS,
                    P.PLAY_RECORDINGS,
                    P.UNMASK_PERSONAL_DATA,
                    P.EVALUATE,
                }
            ),
        ),
        Role(
            "external_auditor",
            gettext_lazy("External auditor"),
            gettext_lazy("Reads and exports the audit trail, until a day. Never sees recordings."),
            # The trail and its bundles name people: with masks, nobody could verify them.
            frozenset({P.READ_TRAIL, P.SEE_ACCESS, P.EXPORT_REPORTS, P.VIEW_ASSURANCE, P.SEE_PERSONAL_DATA}),
            needs_end=True,
        ),
        Role(
            "agent",
            gettext_lazy("Agent"),
            gettext_lazy(
                "Sees who watched the recordings of their own calls, and reads and signs their evaluations."
                " Does not watch them."
            ),
            frozenset({P.READ_OWN_CALLS}),
            is_of_own_calls=True,
        ),
        Role(
            "administrator",
            gettext_lazy("Administrator"),
            gettext_lazy("Manages people and operations. Does not watch recordings."),
            frozenset(
                {P.REFRESH_CATALOG, P.VIEW_OPERATIONS, P.MANAGE_PEOPLE, P.SEE_ACCESS, P.ERASE_SUBJECTS}
            ),
        ),
    )
}


def contradiction(codes: Iterable[str]) -> str:
    """Return why these roles should not be held together, or an empty string."""
    roles = [ROLES[code] for code in codes if code in ROLES]
    barred = next((role for role in roles if role.is_barred_from_media), None)
    watching = next((role for role in roles if P.PLAY_RECORDINGS in role.permissions), None)
    if barred is None or watching is None:
        return ""
    return gettext("The role “%(barred)s” never sees recordings, but the role “%(watching)s” does.") % {
        "barred": barred.label,
        "watching": watching.label,
    }
