"""The builder's page: buttons, typing, faults beside it, two people at once."""

import json
import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from recordings.audit import Actor
from recordings.models import AuditEvent, ScorecardVersion
from recordings.reviews import scorecards
from recordings.reviews.documents import starter
from tests.factories import person
from tests.unit.reviews.test_edited import fields_of
from tests.unit.scorecards.forms import EXAMPLE, as_bytes

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def manager() -> Any:
    return person("qa_manager")


@pytest.fixture
def qa(client: Client, manager: Any) -> Client:
    client.force_login(manager)
    return client


@pytest.fixture
def draft(manager: Any) -> ScorecardVersion:
    by = Actor(f"user:{manager.pk}", "person", manager.display_name, "qa_manager")
    return scorecards.create_scorecard(document=as_bytes(EXAMPLE), imported=False, person=manager, by=by)


def typed(version: ScorecardVersion, **more: Any) -> dict[str, Any]:
    version.refresh_from_db()
    fields, lists = fields_of(json.loads(bytes(version.document)))
    return {**fields, **lists, "base": version.hash, **more}


def document_of(version: ScorecardVersion) -> Any:
    version.refresh_from_db()
    return json.loads(bytes(version.document))


def base_in(page: str) -> str:
    return re.search(r'name="base"\s+value="([^"]+)"', page)[1]  # type: ignore[index]


def test_a_button_works_without_a_script(qa: Client, draft: ScorecardVersion) -> None:
    answer = qa.post(reverse("reviews:builder", args=[draft.pk]), typed(draft, do="add-question:sections.1"))
    assert answer.status_code == 200
    assert [question["key"] for question in document_of(draft)["sections"][1]["questions"]] == [
        "summary",
        "q1",
    ]
    assert base_in(answer.content.decode()) == draft.hash
    assert "<html" in answer.content.decode()


def test_with_htmx_only_the_form_is_sent(qa: Client, draft: ScorecardVersion) -> None:
    answer = qa.post(
        reverse("reviews:builder", args=[draft.pk]),
        typed(draft, do="up:sections.0.questions.1"),
        headers=HTMX,
    )
    page = answer.content.decode()
    assert ("<html" in page, 'id="builder-form"' in page) == (False, True)
    assert document_of(draft)["sections"][0]["questions"][0]["key"] == "hold"


def test_what_is_typed_is_saved_and_its_faults_are_shown_beside_it(
    qa: Client, draft: ScorecardVersion
) -> None:
    fields = typed(draft) | {"sections.0.questions.1.ranges.1.from": "32"}
    page = qa.post(reverse("reviews:check", args=[draft.pk]), fields, headers=HTMX).content.decode()
    assert document_of(draft)["sections"][0]["questions"][1]["ranges"][1]["from"] == "32"
    assert "The ranges overlap or leave a gap." in page
    assert 'id="builder-form"' not in page
    assert "Preview" not in page
    assert (
        not AuditEvent.objects.exclude(kind="scorecard.created")
        .filter(kind__startswith="scorecard.")
        .exists()
    )


def test_what_cannot_be_read_is_not_saved_and_not_lost(qa: Client, draft: ScorecardVersion) -> None:
    before = document_of(draft)
    fields = typed(draft, do="add-section") | {"sections.0.weight": "forty"}
    page = qa.post(reverse("reviews:builder", args=[draft.pk]), fields, headers=HTMX).content.decode()
    assert 'value="forty"' in page
    assert "Not saved: the form cannot be read yet." in page
    assert 'data-at="sections.0.weight"' in page
    assert "Opening · Weight" in page
    assert "A number is expected" in page
    assert document_of(draft) == before


def test_the_preview_is_computed_with_the_answers_on_the_page(qa: Client, draft: ScorecardVersion) -> None:
    fields = typed(draft) | {
        "mode": "points",
        "answer.greeting": "yes",
        "answer.hold": "45",
        "answer.topics": ["a", "b"],
    }
    page = qa.post(reverse("reviews:check", args=[draft.pk]), fields, headers=HTMX).content.decode()
    assert re.search(r'<b class="num">61\.54</b>\s*so far', page)
    assert "fatal: 61.54 → 0" in page
    assert "answer" not in json.dumps(document_of(draft))


def test_the_answers_of_the_preview_survive_a_fault(qa: Client, draft: ScorecardVersion) -> None:
    fields = typed(draft) | {"title": "", "answer.greeting": "yes", "na.apology": "1"}
    page = qa.post(reverse("reviews:check", args=[draft.pk]), fields, headers=HTMX).content.decode()
    assert "Preview" not in page
    assert '<input type="hidden" name="answer.greeting" value="yes">' in page
    assert '<input type="hidden" name="na.apology" value="1">' in page


def test_two_people_at_once(qa: Client, draft: ScorecardVersion) -> None:
    """The second to save is told who was first, loses nothing, and may save over it."""
    mine = typed(draft) | {"title": "Mine"}
    other_person = person("qa_manager", full_name="Rina Katz")
    other = Client()
    other.force_login(other_person)
    other.post(reverse("reviews:check", args=[draft.pk]), typed(draft) | {"title": "Theirs"})
    page = qa.post(reverse("reviews:check", args=[draft.pk]), mine, headers=HTMX).content.decode()
    assert "Not saved: Rina Katz has changed this draft meanwhile." in page
    assert document_of(draft)["title"] == "Theirs"
    assert base_in(page) == mine["base"]
    page = qa.post(
        reverse("reviews:builder", args=[draft.pk]), mine | {"overwrite": "1"}, headers=HTMX
    ).content.decode()
    assert "Not saved" not in page
    assert document_of(draft)["title"] == "Mine"


def test_two_requests_of_one_page_are_no_conflict(qa: Client, draft: ScorecardVersion) -> None:
    fields = typed(draft) | {"title": "Mine"}
    for _ in range(2):
        assert (
            "Saved"
            in qa.post(reverse("reviews:check", args=[draft.pk]), fields, headers=HTMX).content.decode()
        )


def test_an_activated_version_is_not_edited(qa: Client, manager: Any, draft: ScorecardVersion) -> None:
    fields = typed(draft) | {"title": "Late"}
    by = Actor(f"user:{manager.pk}", "person", manager.display_name, "qa_manager")
    scorecards.activate_version(version=draft, person=manager, by=by)
    assert qa.post(reverse("reviews:check", args=[draft.pk]), fields).status_code == 409
    assert qa.post(reverse("reviews:builder", args=[draft.pk]), fields).status_code == 302
    assert document_of(draft)["title"] == EXAMPLE["title"]


def test_both_languages_of_a_starter_can_be_edited(qa: Client, manager: Any, draft: ScorecardVersion) -> None:
    by = Actor(f"user:{manager.pk}", "person", manager.display_name, "qa_manager")
    version = scorecards.create_scorecard(
        document=starter("identity")[1], imported=False, person=manager, by=by
    )
    page = qa.get(reverse("reviews:builder", args=[version.pk])).content.decode()
    assert "The document" in page
    assert "המסמך" in page
    fields = typed(version) | {"sections.0.title.he": "הלקוח"}
    qa.post(reverse("reviews:check", args=[version.pk]), fields)
    assert document_of(version)["sections"][0]["title"] == {"en": "The person", "he": "הלקוח"}


def test_a_new_version_opens_in_the_builder(qa: Client, manager: Any, draft: ScorecardVersion) -> None:
    by = Actor(f"user:{manager.pk}", "person", manager.display_name, "qa_manager")
    scorecards.activate_version(version=draft, person=manager, by=by)
    answer = qa.post(reverse("reviews:edit", args=[draft.pk]))
    newest = ScorecardVersion.objects.order_by("-number").first()
    assert answer["Location"] == reverse("reviews:builder", args=[newest.pk])  # type: ignore[union-attr]
