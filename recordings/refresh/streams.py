"""Discover channels, agents and teams. No call of CommBox's lists channels, so they are found by their counts."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from recordings import breaker
from recordings.catalog.search_documents import rebuild_docs_for_agents, rebuild_docs_for_streams
from recordings.commbox import AgentItem, CommBoxError, StreamStat, TeamItem
from recordings.commbox.assembly import client
from recordings.commbox.enums import VIDEO_CHAT_MODULE
from recordings.models import Agent, CommBoxObject, SearchDoc, Stream, Team
from recordings.refresh import problems

# How much of a channel a person's "Refresh now" refreshes; the rest follows its schedule.
RECENT, MOST_RECENT = timedelta(days=1), 1000


def discover() -> list[int]:
    """Find video channels, agents and teams; return the ids of all known channels.

    Channels from the settings are known even while CommBox does not respond. Raises CommBoxError after recording it.
    """
    _remember(dict.fromkeys(settings.COMMBOX_STREAMS))
    try:
        stats = client().stream_stats()
        _remember(_video_streams(stats.items))
        _refresh_people()
    except CommBoxError as error:
        breaker.record_result(error)
        raise
    breaker.record_result()
    problems.note(stats.problems)
    return list(Stream.objects.order_by("id").values_list("id", flat=True))


def mark_recent_due(stream_id: int) -> int:
    """Make a channel's objects of the last day due, at most MOST_RECENT; return how many."""
    now = timezone.now()
    recent = SearchDoc.objects.filter(stream_id=stream_id, newest=True, shown_at__gt=now - RECENT)
    ids = list(recent.order_by("-shown_at", "-id").values_list("object_id", flat=True)[:MOST_RECENT])
    return CommBoxObject.objects.filter(pk__in=ids).update(refresh_due_at=now, refresh_deaths=0)


def _video_streams(stats: Iterable[StreamStat]) -> dict[int, int | None]:
    return {stat.stream_id: stat.module_id for stat in stats if stat.module_id == VIDEO_CHAT_MODULE}


def _remember(found: dict[int, int | None]) -> None:
    """Store channels by id with their module. A new one is due for listing at once. Names come from the settings."""
    known = {stream.pk: stream for stream in Stream.objects.filter(pk__in=found)}
    for stream_id in sorted(found):
        values = {"name": settings.COMMBOX_STREAM_NAMES.get(stream_id, ""), "module_id": found[stream_id]}
        given = {name: value for name, value in values.items() if value}
        if stream_id not in known:
            Stream.objects.get_or_create(pk=stream_id, defaults={**given, "list_due_at": timezone.now()})
        elif any(getattr(known[stream_id], name) != value for name, value in given.items()):
            Stream.objects.filter(pk=stream_id).update(**given)
            rebuild_docs_for_streams([stream_id])


def _refresh_people() -> None:
    teams, agents = client().teams(), client().agents()
    problems.note([*teams.problems, *agents.problems])
    people = {agent.agent_id: agent for agent in agents.items}
    with transaction.atomic():
        renamed = _changed(people)
        _store_teams(teams.items, people.values())
        _store_agents(people, timezone.now())
    rebuild_docs_for_agents(renamed)


def _name(agent: AgentItem) -> str:
    return agent.name or agent.user_name


def _changed(people: Mapping[int, AgentItem]) -> list[int]:
    """Return the agents who are new, renamed or in another team: names are searched, teams give objects a class."""
    rows = Agent.objects.filter(pk__in=people).values_list("pk", "name", "team_id")
    known = {pk: (name, team) for pk, name, team in rows}
    return [number for number, agent in people.items() if known.get(number) != (_name(agent), agent.team_id)]


def _store_teams(teams: Iterable[TeamItem], agents: Iterable[AgentItem]) -> None:
    """Store the teams that were listed, and those that only an agent names."""
    names = {agent.team_id: agent.team_name for agent in agents if agent.team_id}
    names |= {team.team_id: team.name for team in teams}
    rows = [Team(pk=number, name=name) for number, name in sorted(names.items())]
    Team.objects.bulk_create(rows, update_conflicts=True, unique_fields=["id"], update_fields=["name"])


def _store_agents(people: Mapping[int, AgentItem], now: datetime) -> None:
    rows = [
        Agent(pk=number, name=_name(agent), email=agent.email, team_id=agent.team_id, confirmed_at=now)
        for number, agent in sorted(people.items())
    ]
    fields = ["name", "email", "team_id", "confirmed_at"]
    Agent.objects.bulk_create(rows, update_conflicts=True, unique_fields=["id"], update_fields=fields)
