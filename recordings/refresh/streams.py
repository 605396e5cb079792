"""Which streams there are, and who works in them. No call lists streams, so their counts have to name them."""

from collections.abc import Iterable
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from recordings.commbox import AgentItem, CommBoxError, StreamStat, TeamItem
from recordings.commbox.assembly import client
from recordings.commbox.enums import VIDEO_CHAT_MODULE
from recordings.models import Agent, Stream, Team
from recordings.refresh import problems, source


def discover() -> list[int]:
    """Find video streams, agents and teams; return the ids of the streams that are listed.

    Configured streams are known even while CommBox does not answer. Raises CommBoxError after noting it.
    """
    _remember(dict.fromkeys(settings.COMMBOX_STREAMS))
    try:
        stats = client().stream_stats()
        _remember(_video_streams(stats.items))
        _refresh_people()
    except CommBoxError as error:
        source.heard(error)
        raise
    source.heard()
    problems.note(stats.problems)
    return list(Stream.objects.order_by("id").values_list("id", flat=True))


def _video_streams(stats: Iterable[StreamStat]) -> dict[int, int | None]:
    return {stat.stream_id: stat.module_id for stat in stats if stat.module_id == VIDEO_CHAT_MODULE}


def _remember(found: dict[int, int | None]) -> None:
    """Streams by id with their module. A new one is due for listing at once; a name comes from the settings only."""
    now = timezone.now()
    known = {stream.pk: stream for stream in Stream.objects.filter(pk__in=found)}
    for stream_id in sorted(found):
        name, module = settings.COMMBOX_STREAM_NAMES.get(stream_id, ""), found[stream_id]
        stream = known.get(stream_id)
        if stream is None:
            values = {"name": name, "module_id": module, "list_due_at": now}
            Stream.objects.get_or_create(pk=stream_id, defaults=values)
        elif (name and name != stream.name) or (module is not None and module != stream.module_id):
            changed = {"name": name or stream.name, "module_id": module or stream.module_id}
            Stream.objects.filter(pk=stream_id).update(**changed)


def _refresh_people() -> None:
    teams, agents = client().teams(), client().agents()
    problems.note([*teams.problems, *agents.problems])
    with transaction.atomic():
        _store_teams(teams.items, agents.items)
        _store_agents(agents.items, timezone.now())


def _store_teams(teams: Iterable[TeamItem], agents: Iterable[AgentItem]) -> None:
    """Teams as listed, and those that only their members name."""
    names = {agent.team_id: agent.team_name for agent in agents if agent.team_id}
    names |= {team.team_id: team.name for team in teams}
    rows = [Team(pk=number, name=name) for number, name in sorted(names.items())]
    Team.objects.bulk_create(rows, update_conflicts=True, unique_fields=["id"], update_fields=["name"])


def _store_agents(agents: Iterable[AgentItem], now: datetime) -> None:
    people = {
        agent.agent_id: Agent(
            pk=agent.agent_id,
            name=agent.name or agent.user_name,
            email=agent.email,
            team_id=agent.team_id,
            confirmed_at=now,
        )
        for agent in agents
    }
    Agent.objects.bulk_create(
        [people[number] for number in sorted(people)],
        update_conflicts=True,
        unique_fields=["id"],
        update_fields=["name", "email", "team_id", "confirmed_at"],
    )
