"""Who may see which answers of a calibration, and when; and who can be invited."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from auditportal.accounts import agent_links
from auditportal.accounts.models import Grant
from recordings.models import AuditEvent, Calibration, CommBoxObject, Recording
from recordings.reviews import scorecards
from tests.factories import agent, person, recording, stream
from tests.integration.reviews.calibration.scene import NINETY, SIXTY, Scene, actor

pytestmark = pytest.mark.django_db
HIDDEN, PROGRESS, ANSWERS, OWN_CALL, NO_RIGHT = "404", "progress", "answers", "own call", "403"


@pytest.fixture
def scene() -> Scene:
    return Scene()


def scoped(role: str, *channels: int) -> Any:
    user = person()
    Grant.objects.create(user=user, role=role, channels=list(channels))
    return user


def regrant(user: Any, role: str, *channels: int) -> None:
    """End what the person was granted, and grant this."""
    Grant.objects.filter(user=user).update(ended_at=timezone.now())
    Grant.objects.create(user=user, role=role, channels=list(channels))


def linked(scene: Scene, user: Any) -> Any:
    """Link a person to the agent of the first recording."""
    avery = agent()
    CommBoxObject.objects.filter(pk=scene.calls[0].object_id).update(agent=avery)
    agent_links.link_agent(
        user=user, agent=avery, by=actor(scene.manager), linked_by=person("administrator"), reason="is"
    )
    return user


def found(client: Client, user: Any, scene: Scene) -> str:
    client.force_login(user)
    answer = client.get(reverse("calibration:calibration", args=[scene.calibration.pk]))
    page = answer.content.decode()
    if answer.status_code == 403:
        return OWN_CALL if "You are the agent of this conversation." in page else NO_RIGHT
    if answer.status_code == 404:
        return HIDDEN
    return ANSWERS if "Summed up at the end" in page else PROGRESS


def test_who_sees_which_answers_when(client: Client, scene: Scene) -> None:
    """Before: nobody sees answers of others. After: participants and managers whose reach has every recording."""
    ana, ben, cyd = scene.scorers
    for call in scene.calls:
        scene.submit(ana, call, SIXTY)
    here, elsewhere = scene.calls[0].object.stream_id, stream("Other").pk
    readers = {
        "a participant who submitted": (ana, PROGRESS, ANSWERS),
        "a participant who did not": (ben, PROGRESS, ANSWERS),
        "the manager": (scene.manager, PROGRESS, ANSWERS),
        "another manager": (person("qa_manager"), PROGRESS, ANSWERS),
        "a manager of the channel": (scoped("qa_manager", here), PROGRESS, ANSWERS),
        "a manager of another channel": (scoped("qa_manager", elsewhere), HIDDEN, HIDDEN),
        "a reviewer who was not invited": (person("reviewer"), HIDDEN, HIDDEN),
        "a supervisor": (person("supervisor"), NO_RIGHT, NO_RIGHT),
        "a compliance officer": (person("compliance_officer"), NO_RIGHT, NO_RIGHT),
        "an agent": (person("agent"), NO_RIGHT, NO_RIGHT),
    }
    before = {who: found(client, user, scene) for who, (user, _before, _after) in readers.items()}
    scene.close()
    after = {who: found(client, user, scene) for who, (user, _before, _after) in readers.items()}
    assert before == {who: expected for who, (_user, expected, _after) in readers.items()}
    assert after == {who: expected for who, (_user, _before, expected) in readers.items()}

    # A participant who lost the reach, and people whose own call it is.
    regrant(cyd, "reviewer", elsewhere)
    assert found(client, cyd, scene) == HIDDEN
    assert found(client, linked(scene, ben), scene) == OWN_CALL
    assert client.get(reverse("calibration:list")).content.decode().count("data-row") == 0


def test_what_a_participant_may_not_do(client: Client, scene: Scene) -> None:
    client.force_login(scene.scorers[0])
    own = [scene.calibration.pk]
    fields = {"recording": scene.calls[0].pk}
    assert client.get(reverse("calibration:new")).status_code == 403
    for name in ("close", "agree"):
        assert client.post(reverse(f"calibration:{name}", args=own), fields).status_code == 403
    answer = client.post(reverse("calibration:score", args=own), fields)
    assert answer.status_code == 302
    page = client.get(answer["Location"]).content.decode()
    assert "Part of a calibration" in page
    # Nobody else opens it, the manager neither.
    client.force_login(scene.manager)
    assert client.get(answer["Location"]).status_code == 404


def test_an_agreed_card_needs_the_permission_still(client: Client, scene: Scene) -> None:
    scene.close()
    card = scene.agree(scene.calls[0], NINETY)
    address = reverse("reviews:evaluation", args=[card.pk])
    client.force_login(scene.manager)
    assert "The agreed card of a calibration" in client.get(address).content.decode()
    regrant(scene.manager, "reviewer")
    assert client.get(address).status_code == 404


# --- what is refused when it is created


def fields_of(scene: Scene, **changes: Any) -> dict[str, Any]:
    return {
        "version": str(scene.version.pk),
        "recordings": "\n".join(f"https://portal.test/recordings/{call.pk}/" for call in scene.calls),
        "participants": [str(user.pk) for user in scene.scorers],
        "due_on": (timezone.localdate() + timedelta(days=3)).isoformat(),
        **changes,
    }


def test_a_manager_creates_one(client: Client, scene: Scene) -> None:
    client.force_login(scene.manager)
    answer = client.post(reverse("calibration:new"), fields_of(scene), follow=True)
    assert "The calibration was created." in answer.content.decode()
    made = Calibration.objects.exclude(pk=scene.calibration.pk).get()
    assert [line.recording for line in made.recordings.order_by("place")] == scene.calls
    assert {line.person for line in made.participants.all()} == set(scene.scorers)


def retire(scene: Scene) -> dict[str, Any]:
    scorecards.retire_version(version=scene.version, person=scene.manager, by=scene.by)
    return {}


def unplayable(scene: Scene) -> dict[str, Any]:
    Recording.objects.filter(pk=scene.calls[0].pk).update(state="not_playable")
    return {}


def of_an_agent(scene: Scene) -> dict[str, Any]:
    linked(scene, scene.scorers[0])
    return {}


def of_the_manager(scene: Scene) -> dict[str, Any]:
    linked(scene, scene.manager)
    return {}


def out_of_reach(scene: Scene) -> dict[str, Any]:
    regrant(scene.scorers[0], "reviewer", stream("Other").pk)
    return {}


def readers_of_the_trail(scene: Scene) -> dict[str, Any]:
    Grant.objects.create(user=scene.scorers[0], role="compliance_officer")
    return {}


def deactivated(scene: Scene) -> dict[str, Any]:
    type(scene.manager).objects.filter(pk=scene.scorers[0].pk).update(is_active=False)
    return {}


REFUSED: list[tuple[Callable[[Scene], dict[str, Any]], str]] = [
    (lambda scene: {"participants": [str(scene.scorers[0].pk)]}, "Choose at least two people."),
    (lambda scene: {"participants": []}, "Choose at least two people."),
    (lambda scene: {"recordings": ""}, "Name at least one recording."),
    (
        lambda scene: {"recordings": "all of them"},
        "There is no recording with this address or id: all of them",
    ),
    (
        lambda scene: {"recordings": "\n".join(str(recording().pk) for _ in range(11))},
        "At most 10 recordings can be scored in one calibration.",
    ),
    (lambda scene: {"due_on": "2020-01-01"}, "Choose today or a later day."),
    (lambda scene: {"due_on": "9999-12-31"}, "Enter a day from 2000-01-01 to 2999-12-31."),
    (lambda scene: {"due_on": "soon"}, "A date is expected, such as 2026-11-30."),
    (retire, "This scorecard is not active. Choose another one."),
    (unplayable, "This recording cannot be played, so it cannot be scored:"),
    (of_an_agent, "Ana Scorer is the agent of the recording of"),
    (of_the_manager, "You are the agent of this recording."),
    (out_of_reach, "Ana Scorer cannot see the recording of"),
    (readers_of_the_trail, "Ana Scorer reads the audit trail, where scores can be read"),
    (deactivated, "One of these people may not evaluate. Load the page again."),
]


def test_bad_input_gets_a_sentence_and_creates_nothing(client: Client, scene: Scene) -> None:
    client.force_login(scene.manager)
    for change, sentence in REFUSED:
        with transaction.atomic():
            fields = fields_of(scene) | change(scene)
            answer = client.post(reverse("calibration:new"), fields)
            page = answer.content.decode()
            assert (answer.status_code, sentence in page) == (422, True), sentence
            if fields["recordings"]:
                assert str(fields["recordings"]).splitlines()[0] in page
            transaction.set_rollback(True)
    assert Calibration.objects.count() == 1
    assert AuditEvent.objects.filter(kind="calibration.created").count() == 1


def test_a_recording_outside_the_managers_reach_is_as_one_that_does_not_exist(
    client: Client, scene: Scene
) -> None:
    client.force_login(scoped("qa_manager", stream("Other").pk))
    answers = [
        client.post(reverse("calibration:new"), fields_of(scene, recordings=str(pk))).content.decode()
        for pk in (scene.calls[0].pk, "01890a5d-ac96-774b-bcce-b302099a8057")
    ]
    for page in answers:
        assert "There is no recording with this address or id" in page
