"""How often a witness is sent checkpoints: those that count for the quorum every few seconds, others every hour."""

from datetime import timedelta

from django.conf import settings

from recordings.tlog.policy import Policy

COUNTED = timedelta(seconds=10)
OTHERS = timedelta(hours=1)


def quorum_of(policy: Policy) -> set[str]:
    """Return the witnesses that can count for the quorum; empty when the policy requires none."""
    counted, names = set(), [policy.quorum]
    while names:
        name = names.pop()
        if name in policy.witnesses:
            counted.add(name)
        else:
            names += policy.groups.get(name, (0, ()))[1]
    return counted


def pace_of(policy: Policy, name: str) -> timedelta:
    """Return the interval between successes of a witness: AUDIT_WITNESS_PACE, else by whether the quorum counts it.

    When the policy requires no witness, all are sent checkpoints every few seconds.
    """
    if name in settings.AUDIT_WITNESS_PACE:
        pace: timedelta = settings.AUDIT_WITNESS_PACE[name]
        return pace
    counted = quorum_of(policy)
    return COUNTED if not counted or name in counted else OTHERS
