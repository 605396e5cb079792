"""How often a witness is asked: those that the quorum counts every few seconds, all others every hour."""

from datetime import timedelta

from django.conf import settings

from recordings.tlog.policy import Policy

COUNTED = timedelta(seconds=10)
OTHERS = timedelta(hours=1)


def quorum_of(policy: Policy) -> set[str]:
    """List the witnesses that the quorum can count; none where it asks for none."""
    counted, open_names = set(), [policy.quorum]
    while open_names:
        name = open_names.pop()
        if name in policy.witnesses:
            counted.add(name)
        else:
            open_names += policy.groups.get(name, (0, ()))[1]
    return counted


def pace_of(policy: Policy, name: str) -> timedelta:
    """How long a witness is not asked after a success: AUDIT_WITNESS_PACE, else by whether the quorum counts it.

    Under a quorum that asks for none, all are asked every few seconds.
    """
    if name in settings.AUDIT_WITNESS_PACE:
        pace: timedelta = settings.AUDIT_WITNESS_PACE[name]
        return pace
    counted = quorum_of(policy)
    return COUNTED if not counted or name in counted else OTHERS
