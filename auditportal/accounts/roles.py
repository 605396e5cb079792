"""The roles that people are granted. A role is a name and the permissions it carries; it is code, not data."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from recordings.permissions import Permission as P


@dataclass(frozen=True)
class Role:
    code: str
    label: str | Promise
    may: str | Promise
    permissions: frozenset[P]


ROLES = {
    role.code: role
    for role in (
        Role(
            "compliance_officer",
            gettext_lazy("Compliance officer"),
            gettext_lazy("Searches, watches, reads the audit trail and exports reports."),
            frozenset(
                {
                    P.SEARCH_OBJECTS,
                    P.OPEN_OBJECTS,
                    P.PLAY_RECORDINGS,
                    P.READ_TRAIL,
                    P.VIEW_ASSURANCE,
                    P.EXPORT_REPORTS,
                    P.REFRESH_CATALOG,
                    P.ERASE_SUBJECTS,
                }
            ),
        ),
        Role(
            "qa_manager",
            gettext_lazy("QA manager"),
            gettext_lazy("Searches and watches. Does not read the audit trail."),
            frozenset(
                {
                    P.SEARCH_OBJECTS,
                    P.OPEN_OBJECTS,
                    P.PLAY_RECORDINGS,
                    P.REFRESH_CATALOG,
                    P.VIEW_ASSURANCE,
                }
            ),
        ),
        Role(
            "external_auditor",
            gettext_lazy("External auditor"),
            gettext_lazy("Reads and exports the audit trail. Never sees recordings."),
            frozenset({P.READ_TRAIL, P.EXPORT_REPORTS, P.VIEW_ASSURANCE}),
        ),
        Role(
            "administrator",
            gettext_lazy("Administrator"),
            gettext_lazy("Manages people and operations. Does not watch recordings."),
            frozenset({P.REFRESH_CATALOG, P.VIEW_OPERATIONS, P.MANAGE_PEOPLE, P.ERASE_SUBJECTS}),
        ),
    )
}
