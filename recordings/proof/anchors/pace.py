"""How often a witness is asked: those that the quorum counts every few seconds, all others at their leisure."""

from datetime import timedelta

from django.conf import settings

from recordings.tlog.policy import Policy

COUNTED = timedelta(seconds=10)
OTHERS = timedelta(hours=1)


def quorum_of(policy: Policy) -> set[str]:
    """The witnesses that the quorum can count; none where it asks for none."""
    counted, open_names = set(), [policy.quorum]
    while open_names:
        name = open_names.pop()
        if name in policy.witnesses:
            counted.add(name)
        else:
            open_names += policy.groups.get(name, (0, ()))[1]
    return counted


def pace_of(policy: Policy, name: str) -> timedelta:
    """How long a witness is left alone after a success: AUDIT_WITNESS_PACE, else by whether the quorum counts it.

    A quorum that asks for none tells nobody apart: then all are asked every few seconds.
    """
    if name in settings.AUDIT_WITNESS_PACE:
        asked: timedelta = settings.AUDIT_WITNESS_PACE[name]
        return asked
    counted = quorum_of(policy)
    return COUNTED if not counted or name in counted else OTHERS
