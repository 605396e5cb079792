"""Who may read, release, sign, dispute and decide.

Each function returns None, or why not. A person without the right to read gets the answer for an evaluation that does
not exist, whatever else they ask.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Self
from uuid import UUID

from django.utils import timezone

from recordings.exceptions import NotPermitted, OwnCall, PortalError
from recordings.models import BlindAnswer, Dispute, EvaluationReading
from recordings.permissions import Permission
from recordings.policies import can, is_own_call, reach, supervises_agent_of
from recordings.reach import Reach
from recordings.reviews.disputes import errors
from recordings.reviews.disputes.standing import LITTLE


@dataclass(frozen=True)
class Reader:
    """A person with what they reach, read before an evaluation is looked up."""

    user: Any
    reads: Reach
    evaluates: Reach
    releases: Reach
    signs: Reach
    decides: Reach
    own_calls: Reach

    @classmethod
    def of(cls, user: Any) -> Self:
        """Read what a person reaches now."""
        return cls(
            user,
            reach(user, Permission.READ_EVALUATIONS),
            reach(user, Permission.EVALUATE),
            reach(user, Permission.RELEASE_EVALUATIONS),
            reach(user, Permission.SIGN_FOR_AGENTS),
            reach(user, Permission.DECIDE_DISPUTES),
            reach(user, Permission.READ_OWN_CALLS),
        )


def may_read(reader: Reader, row: Any) -> bool:
    """Whether the person may read an evaluation: on a call of their own after the release only."""
    thing = row.recording.object
    if is_own_call(reader.user, thing):
        return row.released_at is not None and reader.own_calls.includes(thing)
    if row.scorer_id == reader.user.pk and reader.evaluates.includes(thing):
        return True
    return reader.reads.includes(thing) or (row.has_open and reader.decides.includes(thing))


def against_release(reader: Reader, row: Any) -> PortalError | None:
    """Say why the person may not release an evaluation."""
    thing = row.recording.object
    if is_own_call(reader.user, thing):
        return OwnCall()
    if not reader.releases.includes(thing):
        return NotPermitted()
    if row.released_at is not None:
        return errors.AlreadyReleased()
    if row.scorer_id == reader.user.pk and (row.newest_percent is None or row.newest_percent < LITTLE):
        return errors.LittleWatched()
    return None


def is_for_agent(reader: Reader, row: Any) -> bool:
    """Whether the person would sign or dispute for the agent, not as the agent."""
    return not reader.own_calls.includes(row.recording.object)


def against_signature(reader: Reader, row: Any) -> PortalError | None:
    """Say why the person may not sign the newest score."""
    if refusal := _against_answering(reader, row):
        return refusal
    return errors.HasOpenDispute() if row.has_open else None


def against_dispute(reader: Reader, row: Any) -> PortalError | None:
    """Say why the person may not dispute the newest score."""
    if refusal := _against_answering(reader, row):
        return refusal
    return errors.WindowClosed() if row.due_at < timezone.now() else None


def against_decision(reader: Reader, row: Any, disputes: list[Dispute]) -> PortalError | None:
    """Say why the person may not decide these disputes of an evaluation."""
    thing = row.recording.object
    if is_own_call(reader.user, thing):
        return OwnCall()
    if not reader.decides.includes(thing):
        return NotPermitted()
    if row.scorer_id == reader.user.pk:
        return errors.ScorersOwn()
    if supervises_agent_of(reader.user, thing):
        return errors.OwnTeam()
    if any(dispute.opened_by_id == reader.user.pk for dispute in disputes):
        return errors.OwnDispute()
    if not any(dispute.is_open for dispute in disputes):
        return errors.AlreadyDecided()
    if has_read(reader.user, row) and not answered_blind(reader.user, disputes):
        return errors.HasRead()
    return None


def to_answer(user: Any, row: Any, disputes: list[Dispute]) -> list[Dispute]:
    """Return the disputes that the person has still to score blind; none after reading the answers."""
    if has_read(user, row):
        return []
    blind = answered_blind(user, disputes)
    return [dispute for dispute in disputes if dispute.pk not in blind]


def has_read(user: Any, row: Any) -> bool:
    """Whether the person has seen the answers of an evaluation."""
    return EvaluationReading.objects.filter(evaluation=row, reader=user).exists()


def withheld_from(user: Any, rows: Iterable[Any]) -> set[UUID]:
    """Return the evaluations of these whose score the person does not see: they may have to answer blind first."""
    if not can(user, Permission.DECIDE_DISPUTES):
        return set()
    disputed = {row.pk for row in rows if row.has_open and row.scorer_id != user.pk}
    if not disputed:
        return disputed
    read = EvaluationReading.objects.filter(evaluation__in=disputed, reader=user)
    return disputed - set(read.values_list("evaluation_id", flat=True))


def answered_blind(user: Any, disputes: list[Dispute]) -> dict[Any, BlindAnswer]:
    """Return the person's blind answers, by dispute."""
    rows = BlindAnswer.objects.filter(decider=user, dispute__in=disputes)
    return {row.dispute_id: row for row in rows}


def _against_answering(reader: Reader, row: Any) -> PortalError | None:
    """Say why the person may neither sign nor dispute as the agent or for them."""
    thing = row.recording.object
    if not reader.own_calls.includes(thing):
        if is_own_call(reader.user, thing):
            return OwnCall()
        if not reader.signs.includes(thing):
            return NotPermitted()
        if row.scorer_id == reader.user.pk:
            return errors.ScorersOwn()
    if row.released_at is None:
        return errors.NotReleased()
    return errors.AlreadySigned() if row.is_signed else None
