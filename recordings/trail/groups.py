"""The kinds of events by what people call them, in the order of the page."""

from recordings.audit.kinds import Kind

# By code: the words, and what the names of its kinds begin with.
GROUPS: dict[str, tuple[str, tuple[str, ...]]] = {
    "viewing": ("Watching", ("viewing.",)),
    "catalog": ("Searching and opening", ("search.", "object.", "recording.opened")),
    "custody": (
        "Changes at the source",
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
    "refused": ("Refusals of access", ("access.",)),
    "people": ("Sign-in and roles", ("auth.", "role.")),
    "trail": ("Reading the trail", ("audit.",)),
    "log": ("The sealed log", ("log.", "heads.", "sealer.", "key.", "backup.")),
    "erasure": ("Erasure", ("subject.",)),
    "assurance": ("Assurance", ("assurance.",)),
    "reports": ("Reports", ("export.",)),
    "portal": ("The portal itself", ("logging.", "config.")),
}


def kinds_of(group: str) -> tuple[str, ...]:
    """The kinds of a group; empty for a group that does not exist."""
    _, prefixes = GROUPS.get(group, ("", ()))
    return tuple(kind.value for kind in Kind if kind.value.startswith(prefixes))
