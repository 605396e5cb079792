"""The roles of the house, in code: a role is a name people know and the permissions it carries."""

from dataclasses import dataclass

from recordings.permissions import Permission as P


@dataclass(frozen=True)
class Role:
    code: str
    label: str
    may: str
    permissions: frozenset[P]


ROLES = {
    role.code: role
    for role in (
        Role(
            "compliance_officer",
            "Compliance officer",
            "searches, watches, reads the trail, exports reports",
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
            "QA manager",
            "searches and watches; does not read the trail",
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
            "External auditor",
            "reads and exports the trail; never sees media",
            frozenset({P.READ_TRAIL, P.EXPORT_REPORTS, P.VIEW_ASSURANCE}),
        ),
        Role(
            "administrator",
            "Administrator",
            "configures and looks after operations; does not watch",
            frozenset({P.REFRESH_CATALOG, P.VIEW_OPERATIONS, P.MANAGE_PEOPLE, P.ERASE_SUBJECTS}),
        ),
    )
}
