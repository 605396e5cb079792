"""Groups of event kinds that people filter by, in the order of the page."""

from django.utils.translation import gettext_noop as _

from recordings.audit.kinds import Kind

# By code: the label, and how the names of its kinds begin.
GROUPS: dict[str, tuple[str, tuple[str, ...]]] = {
    "viewing": (_("Watching and downloading"), ("viewing.", "download.")),
    "catalog": (_("Searching and opening"), ("search.", "object.", "recording.opened")),
    "sensitivity": (_("Sensitivity"), ("sensitivity.",)),
    "custody": (
        _("Changes at source"),
        (
            "recording.discovered",
            "recording.changed",
            "recording.vanished",
            "recording.reappeared",
            "recording.not_playable",
            "recording.file_",
            "recording.media_",
            "recording.mass_",
            "refresh.",
        ),
    ),
    "refused": (_("Refused access"), ("access.",)),
    "people": (_("People and sign-in"), ("auth.", "role.", "person.", "group.", "provisioning.", "agent.")),
    "trail": (_("Reading the trail"), ("audit.",)),
    "log": (_("Sealed log"), ("log.", "heads.", "sealer.", "key.", "backup.")),
    "erasure": (_("Erasure"), ("subject.",)),
    "assurance": (_("Assurance"), ("assurance.",)),
    "reviews": (
        _("Reviews"),
        (
            "scorecard.",
            "evaluation.",
            "calibration.",
            "numbers.",
            "dispute.",
            "supervision.",
            "plan.",
            "sample.",
            "assignment.",
            "coaching.",
            "exemplar.",
            "training.",
        ),
    ),
    "reports": (_("Reports"), ("export.",)),
    "portal": (_("Portal"), ("logging.", "config.")),
}


def kinds_of(group: str) -> tuple[str, ...]:
    """Return the kinds of a group; empty for an unknown group."""
    _label, prefixes = GROUPS.get(group, ("", ()))
    return tuple(kind.value for kind in Kind if kind.value.startswith(prefixes))
