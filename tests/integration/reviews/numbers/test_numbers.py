"""The numbers of evaluations against a slow computation of their own, what counts, and who sees whose."""

import math
import random
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from statistics import mean, stdev
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from auditportal.accounts.models import Grant
from recordings.models import AuditEvent, CommBoxObject, CurrentScore, Team
from recordings.permissions import Permission
from recordings.policies import reach
from recordings.reach import EVERYTHING, Reach, Scope
from recordings.reviews.numbers.agents import ranks_of
from recordings.reviews.numbers.selection import Selection, monday
from recordings.reviews.numbers.tallies import FEWEST_RANKED, Sums, Tally, tallies
from recordings.reviews.statistics import Interval
from tests.factories import agent, conversation, person, recording, stream, viewing
from tests.integration.reviews.numbers.evaluated import add_score, evaluated, version
from tests.thorough import THOROUGH

pytestmark = pytest.mark.django_db
LAST = date(2026, 11, 29)
FIRST = LAST - timedelta(days=4 * 7 - 1)
ZONE = "Asia/Jerusalem"


@dataclass(frozen=True)
class Known:
    """An evaluation as the slow computation sees it."""

    shown_at: datetime
    agent: int
    channel: int
    sensitivity: str
    version: Any
    scorer: int
    score: float | None
    na_share: float | None
    watched: int | None
    failed: bool
    changed: bool


# --- the slow computation: nothing of the product but its rounding of inputs


@cache
def t975(degrees: int) -> float:
    """The 97.5 % quantile of Student's distribution: the density summed by Simpson's rule, then bisected."""
    factor = math.exp(math.lgamma((degrees + 1) / 2) - math.lgamma(degrees / 2)) / math.sqrt(
        degrees * math.pi
    )

    def area(end: float, steps: int = 4000) -> float:
        width = end / steps
        heights = [
            factor * (1 + (place * width) ** 2 / degrees) ** (-(degrees + 1) / 2)
            for place in range(steps + 1)
        ]
        inner = 4 * sum(heights[1:-1:2]) + 2 * sum(heights[2:-1:2])
        return width / 3 * (heights[0] + inner + heights[-1])

    low, high = 0.0, 13.0
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if area(middle) < 0.475 else (low, middle)
    return low


def slow_mean(values: list[float]) -> tuple[float | None, ...]:
    if not values:
        return ()
    if len(values) == 1:
        return values[0], None, None
    half = t975(len(values) - 1) * stdev(values) / math.sqrt(len(values))
    return mean(values), mean(values) - half, mean(values) + half


def slow_share(successes: int, n: int) -> tuple[float, ...]:
    """Wilson's interval: the shares p at which |p̂ − p| is z standard errors of p, found by bisection."""
    if not n:
        return ()
    found, z = successes / n, 1.959963984540054

    def edge(outer: float) -> float:
        inner = found
        for _ in range(100):
            middle = (outer + inner) / 2
            is_within = abs(found - middle) <= z * math.sqrt(middle * (1 - middle) / n)
            outer, inner = (outer, middle) if is_within else (middle, inner)
        return inner

    return found, edge(0.0), edge(1.0)


def same(found: Interval | None, expected: tuple[float | None, ...]) -> bool:
    values = () if found is None else (found.value, found.low, found.high)
    return len(values) == len(expected) and all(
        one is other or (one is not None and other is not None and math.isclose(one, other, abs_tol=1e-6))
        for one, other in zip(values, expected, strict=True)
    )


def check(tally: Tally, known: list[Known]) -> None:
    assert (tally.n, tally.failed, tally.changed) == (
        len(known),
        sum(one.failed for one in known),
        sum(one.changed for one in known),
    )
    assert same(tally.score, slow_mean([one.score for one in known if one.score is not None]))
    assert same(tally.na_share, slow_mean([one.na_share for one in known if one.na_share is not None]))
    assert same(tally.watched_share, slow_mean([one.watched for one in known if one.watched is not None]))
    assert same(tally.failed_share, slow_share(tally.failed, tally.n))


# --- what is counted


@pytest.mark.parametrize("seed", range(20 if THOROUGH else 2))
def test_equals_a_slow_computation(seed: int) -> None:
    """Random evaluations, filters and scopes: every tally, interval and share is that of the slow computation."""
    dice = random.Random(seed)
    scorers = [person("qa_manager") for _ in range(2)]
    team = Team.objects.create(id=77)
    agents = [agent(f"Agent {place}", team=team if place else None) for place in range(3)]
    channels = [stream(f"Channel {place}") for place in range(2)]
    versions = [version(scorers[0]) for _ in range(2)]
    known = [_evaluation(dice, agents, channels, versions, scorers) for _ in range(60)]
    for _ in range(6):
        chosen = Selection(
            FIRST + timedelta(days=dice.randrange(10)),
            LAST,
            ZONE,
            version=dice.choice([None, versions[0].pk]),
            team=dice.choice([None, team.pk]),
            agent=dice.choice([None, None, agents[1].pk]),
            channel=dice.choice([None, None, channels[0].pk]),
        )
        scopes = (
            Scope(channels=frozenset({channels[1].pk})),
            Scope(agents=frozenset({agents[0].pk}), classes=frozenset({"standard"})),
        )
        within = dice.choice([EVERYTHING, Reach(frozenset(scopes))])
        left = [one for one in known if _is_in(one, chosen, within, {one.pk for one in agents[1:]})]
        counted = tallies(
            chosen, within, (), ("week",), ("agent_id",), ("agent_id", "week"), ("scorer_id",), ("bin",)
        )
        check(counted[()].get((), Tally()), left)
        groups: dict[tuple[str, ...], Any] = {
            ("week",): lambda one: (_week(one),),
            ("agent_id",): lambda one: (one.agent,),
            ("agent_id", "week"): lambda one: (one.agent, _week(one)),
            ("scorer_id",): lambda one: (one.scorer,),
            ("bin",): lambda one: (None if one.score is None else min(20, int(one.score // 5)),),
        }
        for group, key_of in groups.items():
            found = {
                tuple(
                    chosen.weeks[key] if name == "week" else key
                    for name, key in zip(group, keys, strict=True)
                ): tally
                for keys, tally in counted[group].items()
            }
            expected: dict[Any, list[Known]] = {}
            for one in left:
                expected.setdefault(key_of(one), []).append(one)
            assert found.keys() == expected.keys()
            for keys, of_keys in expected.items():
                check(found[keys], of_keys)


def _evaluation(dice: random.Random, agents: Any, channels: Any, versions: Any, scorers: Any) -> Known:
    shown_at = datetime(2026, 10, 25, tzinfo=UTC) + timedelta(seconds=dice.randrange(45 * 86_400))
    of, channel = dice.choice(agents), dice.choice(channels)
    kind, scorer = dice.choice(["standard", "confidential"]), dice.choice(scorers)
    talk = conversation(agent=of, stream=channel, sensitivity=kind)
    call = recording(talk, recorded_at=shown_at, rebuild=False)
    scores = [
        {
            "score": dice.choice([None, "100.00", "0.00", f"{dice.randrange(11_000) / 100:.2f}"]),
            "na_share": dice.choice([None, f"{dice.randrange(10_000) / 100:.2f}"]),
            "failed": dice.choice([0, 0, 1, 2]),
            "watched_percent": dice.choice([None, dice.randrange(101)]),
        }
        for _ in range(dice.choice([1, 1, 2, 3]))
    ]
    chosen, last = dice.choice(versions), scores[-1]
    evaluated(call, scorer, chosen, *scores)
    return Known(
        shown_at=shown_at,
        agent=of.pk,
        channel=channel.pk,
        sensitivity=kind,
        version=chosen.pk,
        scorer=scorer.pk,
        score=None if last["score"] is None else float(last["score"]),
        na_share=None if last["na_share"] is None else float(last["na_share"]),
        watched=last["watched_percent"],
        failed=last["failed"] > 0,
        changed=len(scores) > 1,
    )


def _is_in(one: Known, chosen: Selection, within: Reach, team: set[int]) -> bool:
    day = one.shown_at.astimezone(ZoneInfo(ZONE)).date()
    placed = CommBoxObject(stream_id=one.channel, agent_id=one.agent, sensitivity=one.sensitivity)
    return (
        chosen.since <= day <= chosen.until
        and (chosen.version is None or chosen.version == one.version)
        and (chosen.team is None or one.agent in team)
        and (chosen.agent is None or chosen.agent == one.agent)
        and (chosen.channel is None or chosen.channel == one.channel)
        and within.includes(placed)
    )


def _week(one: Known) -> date:
    return monday(one.shown_at.astimezone(ZoneInfo(ZONE)).date())


def test_ranks() -> None:
    """Equal averages have the same rank; an average of thirds is not torn apart by rounding."""
    third = Tally(n=3, scores=Sums.of([10, 10, 20]))
    same_third = Tally(n=6, scores=Sums.of([10, 10, 20] * 2))
    best = Tally(n=1, scores=Sums.of([9000]))
    assert ranks_of({1: third, 2: best, 3: same_third}) == {2: 1, 1: 2, 3: 2}


def test_rows_follow() -> None:
    """The database follows changes of a score, and of the recording's channel, agent, class and time."""
    scorer, other = person("qa_manager"), agent("Noor")
    call = recording(conversation(agent=agent()), rebuild=False)
    evaluation = evaluated(call, scorer, version(scorer), {"score": "50.00"})
    row = CurrentScore.objects.get()
    assert (row.score, row.first_score, row.changes, row.fails) == (5000, 5000, 0, 0)
    add_score(evaluation, 2, score="75.25", failed=1)
    CommBoxObject.objects.update(agent=other, sensitivity="restricted")
    later = call.shown_at + timedelta(days=1)
    type(call).objects.update(shown_at=later)
    row.refresh_from_db()
    assert (row.score, row.first_score, row.changes, row.fails) == (7525, 5000, 1, 1)
    assert (row.agent_id, row.sensitivity, row.shown_at) == (other.pk, "restricted", later)


# --- the pages


@pytest.fixture
def lead(client: Client) -> Any:
    """A supervisor who reads the evaluations of one agent."""
    somebody, seen = person(), agent("Dina Seen")
    Grant.objects.create(user=somebody, role="supervisor", agents=[seen.pk])
    client.force_login(somebody)
    somebody.seen = seen
    return somebody


PERIOD = {"since": str(FIRST), "until": str(LAST)}


def _calls(of: Any, number: int, scorer: Any, card: Any, score: str = "80.00") -> None:
    talk = conversation(agent=of)
    for _ in range(number):
        evaluated(
            recording(talk, recorded_at=datetime(2026, 11, 20, 9, tzinfo=UTC)), scorer, card, {"score": score}
        )


@pytest.mark.parametrize("name", ["overview", "agents", "scorers"])
def test_pages_are_within_reach_and_logged(client: Client, lead: Any, name: str) -> None:
    """A page counts what is in reach, names nobody outside, and is one event a minute."""
    hidden, scorer = agent("Hidden Agent"), person("qa_manager", full_name="Sam Scorer")
    card = version(scorer)
    _calls(lead.seen, 2, scorer, card)
    _calls(hidden, 3, person("qa_manager", full_name="Hidden Scorer"), card)
    address = reverse(f"numbers:{name}")
    text = client.get(address, PERIOD).content.decode()
    client.get(address, PERIOD)
    assert "Hidden" not in text
    assert {"overview": "2 evaluations with a score", "agents": "Dina Seen", "scorers": "Sam Scorer"}[
        name
    ] in text
    (event,) = AuditEvent.objects.filter(kind="numbers.opened")
    assert f'"area":"{name}"' in bytes(event.body).decode()


def test_a_foreign_agent_answers_like_a_missing_one(client: Client, lead: Any) -> None:
    """Filters of what is outside the reach are no choice."""
    hidden = agent("Hidden Agent")
    _calls(hidden, 1, person("qa_manager"), version(person("qa_manager")))
    answers = [client.get(reverse("numbers:agents"), {**PERIOD, "agent": pk}) for pk in (hidden.pk, 1)]
    assert [answer.status_code for answer in answers] == [400, 400]
    texts = [answer.content.decode().replace(str(hidden.pk), "1") for answer in answers]
    assert "Hidden" not in texts[0]
    assert "Nothing is shown because a filter is not valid." in texts[0]


def test_map_and_ranks(client: Client, lead: Any) -> None:
    """A cell has the most that was done; few evaluations are not ranked."""
    scorer = person("qa_manager")
    card = version(scorer)
    call = recording(conversation(agent=lead.seen), recorded_at=datetime(2026, 11, 4, 9, tzinfo=UTC))
    recording(conversation(agent=lead.seen), recorded_at=datetime(2026, 11, 12, 9, tzinfo=UTC))
    viewing(call, scorer, watched=[(0, 1000)])
    _calls(lead.seen, FEWEST_RANKED - 1, scorer, card)
    text = client.get(reverse("numbers:agents"), PERIOD).content.decode()
    cells = [
        cell.split("</span>")[0].rpartition(">")[2]
        for cell in text.split("<td class=")[1:]
        if "aria-hidden" in cell
    ]
    assert cells == ["W", "–", "E"]
    assert 'class="none"' in text
    assert "Too few to rank" in text
    _calls(lead.seen, 1, scorer, card)
    text = client.get(reverse("numbers:agents"), PERIOD).content.decode()
    assert "Too few to rank" not in text
    assert "1 / 1" in text


def test_page_says_what_is_shown(client: Client) -> None:
    """The distribution stands before the average; current scores, with the number of changed ones."""
    scorer = person("qa_manager")
    client.force_login(scorer)
    card = version(scorer)
    _calls(agent(), 2, scorer, card, "60.00")
    call = recording(conversation(agent=agent()), recorded_at=datetime(2026, 11, 20, 9, tzinfo=UTC))
    evaluated(call, scorer, card, {"score": "10.00"}, {"score": "90.00"})
    text = " ".join(client.get(reverse("numbers:overview"), PERIOD).content.decode().split())
    assert text.index("Distribution of the scores") < text.index("Average score")
    assert "These are the current scores; 1 of them was changed after it was submitted." in text
    assert "Not weighted" in text
    assert "70.0" in text
    low = 70 - t975(2) * stdev([60, 60, 90]) / math.sqrt(3)
    assert f"{low:.1f}–" in text


def test_filters_that_are_not_valid(client: Client) -> None:
    client.force_login(person("qa_manager"))
    for given in ({"since": "2025-01-01", "until": "2026-11-01"}, {"since": "x"}, {"version": "x"}):
        answer = client.get(reverse("numbers:overview"), given)
        assert answer.status_code == 400
        assert "Nothing is shown because a filter is not valid." in answer.content.decode()


def test_number_of_queries(client: Client) -> None:
    """One or three agents: the same queries."""
    scorer = person("qa_manager")
    assert not reach(scorer, Permission.READ_EVALUATIONS).is_nothing
    client.force_login(scorer)
    card = version(scorer)
    client.get(reverse("numbers:agents"), PERIOD)
    counts = []
    for _ in range(3):
        _calls(agent(), 1, scorer, card)
        with CaptureQueriesContext(connection) as queries:
            client.get(reverse("numbers:agents"), PERIOD)
        counts.append(len(queries))
    assert counts[0] == counts[2]
