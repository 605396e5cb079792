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
