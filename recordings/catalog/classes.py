"""The sensitivity class of objects: by hand, else by the most sensitive rule, else by the channel, else standard.

`rebuild_docs` computes it, whenever search rows are rebuilt. A change of a rule and its event are one transaction; the
objects follow in batches, because a channel may have a million. The rule's row is the queue.
"""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from recordings.audit import Actor, Kind, Target, record
from recordings.catalog.class_of import DIFFERING
from recordings.catalog.search_documents import rebuild_docs
from recordings.db import Where, fetch_all
from recordings.exceptions import PortalError
from recordings.models import Agent, ClassRule, CommBoxObject, ObjectClass, Sensitivity, Stream, Team

BATCH = 1_000
# A transaction that began before the rule was committed may still store objects without it. None takes longer.
SETTLED_AFTER = timedelta(minutes=2)


class RuleExists(PortalError):
    """A rule for the same objects is in force."""

    status = 409
    sentence = _("There is a rule for the same objects. End it first. Nothing was changed.")


class RuleEnded(PortalError):
    """Somebody else has ended it meanwhile."""

    status = 409
    sentence = _("Somebody else has just ended this rule. Nothing was changed.")


@transaction.atomic
def add_rule(
    *,
    sensitivity: Sensitivity,
    stream: Stream | None = None,
    team: Team | None = None,
    recording_type: str = "",
    reason: str,
    by: Actor,
    set_by: Any,
) -> ClassRule:
    """Give objects of a channel, a team or a type of recording a class. Raises RuleExists."""
    try:
        with transaction.atomic():
            rule = ClassRule.objects.create(
                stream=stream,
                team=team,
                recording_type=recording_type.strip().lower(),
                sensitivity=sensitivity,
                reason=reason,
                set_by=set_by,
            )
    except IntegrityError:
        raise RuleExists from None
    record(Kind.CLASS_RULE_ADDED, by=by, target=_target(rule), detail=_detail(rule), note=reason)
    return rule


@transaction.atomic
def end_rule(*, rule: ClassRule, by: Actor, ended_by: Any, reason: str) -> None:
    """End a rule. Raises RuleEnded."""
    ended = ClassRule.objects.filter(pk=rule.pk, ended_at=None).update(
        ended_at=timezone.now(), ended_by=ended_by, end_reason=reason, applied_at=None
    )
    if not ended:
        raise RuleEnded
    record(Kind.CLASS_RULE_ENDED, by=by, target=_target(rule), detail=_detail(rule), note=reason)


@transaction.atomic
def classify_object(
    *, thing: CommBoxObject, sensitivity: Sensitivity | None, reason: str, by: Actor, set_by: Any
) -> bool:
    """Set an object's class by hand; None leaves it to the rules again. Return False when nothing differs."""
    CommBoxObject.objects.select_for_update(no_key=True).only("pk").get(pk=thing.pk)
    earlier = ObjectClass.objects.filter(object_id=thing.pk, ended_at=None).first()
    if (earlier.sensitivity if earlier else None) == sensitivity:
        return False
    if earlier is not None:
        earlier.ended_at, earlier.ended_by, earlier.end_reason = timezone.now(), set_by, reason
        earlier.save(update_fields=["ended_at", "ended_by", "end_reason"])
    if sensitivity is not None:
        ObjectClass.objects.create(object_id=thing.pk, sensitivity=sensitivity, reason=reason, set_by=set_by)
    rebuild_docs([thing.pk])
    detail = {"class": sensitivity or "", "was": earlier.sensitivity if earlier else ""}
    record(Kind.OBJECT_CLASSIFIED, by=by, target=Target.of(thing), detail=detail, note=reason)
    return True


def apply_rules() -> None:
    """Classify the objects of rules that began or ended. May be interrupted and repeated."""
    for rule in ClassRule.objects.filter(applied_at=None).order_by("pk"):
        started = timezone.now()
        for ids in _differing(rule):
            rebuild_docs(ids)
        if started - (rule.ended_at or rule.set_at) > SETTLED_AFTER:
            ClassRule.objects.filter(pk=rule.pk, ended_at=rule.ended_at).update(applied_at=started)


def _differing(rule: ClassRule) -> Iterator[Sequence[int]]:
    """Yield ids of objects that a rule is about and whose class is not the computed one, in order."""
    where = Where()
    if rule.stream_id is not None:
        where &= Where("o.stream_id = %s", (rule.stream_id,))
    if rule.team_id is not None:
        members = list(Agent.objects.filter(team=rule.team_id).values_list("pk", flat=True))
        where &= Where("o.agent_id = ANY(%s)", (members,))
    last = 0
    while ids := _ids_after(last, where):
        last = ids[-1]
        if differing := [pk for (pk,) in fetch_all(connection, DIFFERING, [ids])]:
            yield differing


def _ids_after(last: int, where: Where) -> list[int]:
    after = Where("o.id > %s", (last,)) & where
    statement = f"SELECT o.id FROM recordings_commboxobject o {after.clause()} ORDER BY o.id LIMIT {BATCH}"  # noqa: S608 (our own words; values are parameters)
    return [pk for (pk,) in fetch_all(connection, statement, after.values)]


def _detail(rule: ClassRule) -> dict[str, Any]:
    detail = {"class": rule.sensitivity, "rule": rule.pk}
    detail |= {"channel": rule.stream_id} if rule.stream_id is not None else {}
    detail |= {"team": rule.team_id} if rule.team_id is not None else {}
    return detail | ({"recording_type": rule.recording_type} if rule.recording_type else {})


def _target(rule: ClassRule) -> Target:
    return Target("class_rule", f"class_rule:{rule.pk}")
