"""A plan of three agents' recordings, two scorers, and a checkpoint that is always there."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest

if TYPE_CHECKING:  # pytest reads this file before Django is set up
    from recordings.audit import Actor
    from recordings.models import Recording, SamplingPlan, ScorecardVersion
    from tests.integration.reviews.plans.given import Planned


@pytest.fixture(autouse=True)
def at_hand(monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], None]:
    """Have the checkpoint after every freezing, until a test sets something else. checkpoints has tests of its own."""

    from recordings.reviews.plans import drawing, sample_views, views
    from tests.integration.reviews.plans.given import SEED

    def give(found: Any) -> None:
        for module in (drawing, sample_views, views):
            monkeypatch.setattr(module, "seed_after", lambda event: found)

    give(SEED)
    return give


@pytest.fixture
def manager() -> Any:
    from tests.factories import person

    return person("qa_manager", full_name="Mira Stone")


@pytest.fixture
def by(manager: Any) -> "Actor":
    from recordings.audit import Actor

    return Actor(f"user:{manager.pk}", "person", manager.display_name, "qa_manager")


@pytest.fixture
def scorers() -> list[Any]:
    from tests.factories import person

    return [person("reviewer", full_name=name) for name in ("Ada Quill", "Ben Vale")]


@pytest.fixture
def agents() -> list[Any]:
    from tests.factories import agent

    return [agent(name) for name in ("Avery Cole", "Blake Dunn", "Casey Reed")]


@pytest.fixture
def calls(agents: list[Any]) -> "list[Recording]":
    """Four recordings of each agent in the week, on different days."""
    from tests.factories import conversation, recording

    return [
        recording(
            conversation(agent=who), rebuild=False, recorded_at=datetime(2026, 11, 16 + day, 9, tzinfo=UTC)
        )
        for who in agents
        for day in range(4)
    ]


@pytest.fixture
def version(manager: Any, by: "Actor") -> "ScorecardVersion":
    from recordings.reviews import scorecards
    from tests.unit.scorecards.forms import EXAMPLE, as_bytes

    made = scorecards.create_scorecard(document=as_bytes(EXAMPLE), imported=False, person=manager, by=by)
    scorecards.activate_version(version=made, person=manager, by=by)
    made.refresh_from_db()
    return made


@pytest.fixture
def planned(version: "ScorecardVersion", manager: Any, by: "Actor", scorers: list[Any]) -> "Planned":
    from recordings.reviews.plans import plans
    from tests.integration.reviews.plans.given import CREATED

    def make(**values: Any) -> "SamplingPlan":
        given = {
            "name": "Weekly, two of each agent",
            "scorecard": version.scorecard,
            "channels": [],
            "teams": [],
            "agents": [],
            "shortest_seconds": None,
            "longest_seconds": None,
            "period": "week_monday",
            "group": "agent",
            "number": 2,
            "parts": 1,
            "scorers": {str(who.pk): 10 for who in scorers},
            "due_days": 7,
            **values,
        }
        with patch("django.utils.timezone.now", return_value=CREATED):
            return plans.create_plan(values=given, person=manager, by=by)

    return make


@pytest.fixture
def plan(planned: "Planned") -> "SamplingPlan":
    return planned()
