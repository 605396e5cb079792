"""A coach, an agent with a linked account and a call, and an exemplar of another call, which is assigned to them."""

from typing import Any

import pytest


@pytest.fixture
def coach() -> Any:
    from tests.factories import person

    return person("qa_manager", full_name="Coach Cole")


@pytest.fixture
def trainee() -> Any:
    """An agent: the role plays no recordings."""
    from auditportal.accounts import agent_links
    from tests.factories import agent, person
    from tests.integration.reviews.coaching.helpers import SYSTEM

    user = person("agent", full_name="Avery Trainee", email="avery@example.org")
    agent_links.link_agent(
        user=user, agent=agent(), by=SYSTEM, linked_by=person("administrator"), reason="is"
    )
    return user


@pytest.fixture
def call(trainee: Any) -> Any:
    from tests.factories import conversation, recording

    return recording(conversation(agent_id=trainee.linked_agent_id))


@pytest.fixture
def example() -> Any:
    """A recording of somebody else, of 542 seconds."""
    from tests.factories import agent, conversation, recording

    return recording(conversation(agent=agent("Somebody Else")))


@pytest.fixture
def exemplar(coach: Any, example: Any) -> Any:
    from tests.integration.reviews.coaching.helpers import add

    return add(coach, example)


@pytest.fixture
def assigned(exemplar: Any, trainee: Any, coach: Any) -> Any:
    from tests.integration.reviews.coaching.helpers import assign

    return assign(exemplar, trainee, coach)
