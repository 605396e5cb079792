"""Link an account to the CommBox agent that the person is. Each change and its event are one transaction."""

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from auditportal.accounts.actions import AlreadyDone
from auditportal.accounts.models import AgentLink, User
from recordings.audit import Actor, Kind, Target, record
from recordings.exceptions import PortalError
from recordings.models import Agent


class LinkTaken(PortalError):
    """The account or the agent has a link already."""

    status = 409
    sentence = _("This account or this agent is linked already. End that link first. Nothing was changed.")


@transaction.atomic
def link_agent(*, user: User, agent: Agent, by: Actor, linked_by: User, reason: str) -> AgentLink:
    """Link an account to an agent. Raises LinkTaken."""
    try:
        with transaction.atomic():
            link = AgentLink.objects.create(user=user, agent=agent, linked_by=linked_by, reason=reason)
    except IntegrityError:
        raise LinkTaken from None
    _record(Kind.AGENT_LINKED, link, by, reason)
    return link


@transaction.atomic
def end_link(*, link: AgentLink, by: Actor, ended_by: User, reason: str) -> None:
    """End a link with the next request. Raises AlreadyDone when it has ended."""
    ended = AgentLink.objects.filter(pk=link.pk, ended_at=None).update(
        ended_at=timezone.now(), ended_by=ended_by, end_reason=reason
    )
    if not ended:
        raise AlreadyDone
    _record(Kind.AGENT_UNLINKED, link, by, reason)


def _record(kind: Kind, link: AgentLink, by: Actor, reason: str) -> None:
    name = Agent.objects.filter(pk=link.agent_id).values_list("name", flat=True).first() or ""
    record(
        kind,
        by=by,
        target=Target.of(link.user),
        detail={"agent": link.agent_id},
        private={"agent_name": name},
        note=reason,
    )
