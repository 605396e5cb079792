"""Scorecards: their life from draft to retired, what the database keeps, their pages and their file."""

import hashlib
import json
from typing import Any

import psycopg
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import reverse

from auditportal.embedded import Services
from recordings.audit import Actor
from recordings.audit.opened import open_event
from recordings.models import AuditEvent, ScorecardState, ScorecardVersion
from recordings.reviews import scorecards
from recordings.reviews.documents import STARTERS, blank, starter
from recordings.reviews.errors import FaultyForm, NotActive, NotADraft
from recordings.scorecards.amazon.file import MAX_BYTES as AMAZON_MOST
from recordings.scorecards.form import read_form
from recordings.scorecards.lint import lint
from tests.factories import person
from tests.unit.scorecards.amazon_forms import form as amazon_form
from tests.unit.scorecards.amazon_forms import question as amazon_question
from tests.unit.scorecards.amazon_forms import section as amazon_section
from tests.unit.scorecards.forms import EXAMPLE, as_bytes

pytestmark = pytest.mark.django_db


@pytest.fixture
def manager() -> Any:
    return person("qa_manager")


@pytest.fixture
def by(manager: Any) -> Actor:
    return Actor(f"user:{manager.pk}", "person", manager.display_name, "qa_manager")


@pytest.fixture
def qa(client: Client, manager: Any) -> Client:
    client.force_login(manager)
    return client


def created(manager: Any, by: Actor, document: bytes = b"") -> ScorecardVersion:
    return scorecards.create_scorecard(
        document=document or as_bytes(EXAMPLE), imported=False, person=manager, by=by
    )


def active(manager: Any, by: Actor) -> ScorecardVersion:
    version = created(manager, by)
    scorecards.activate_version(version=version, person=manager, by=by)
    version.refresh_from_db()
    return version


def kinds() -> list[str]:
    return list(
        AuditEvent.objects.filter(kind__startswith="scorecard.").order_by("pk").values_list("kind", flat=True)
    )


@pytest.mark.parametrize("name", STARTERS)
def test_a_starter_has_no_faults_and_two_languages(name: str) -> None:
    form, document = starter(name)
    assert lint(form) == []
    assert form.hash == f"sha256:{hashlib.sha256(document).hexdigest()}"
    texts = [form.title, *(section.title for section in form.sections)]
    for _section, question in form.questions():
        texts += [question.text, *(option.label for option in question.options)]
        texts += [question.help] if question.help else []
    assert {tuple(text) for text in texts} == {("en", "he")}
    assert all(words.strip() for text in texts for words in text.values())


def test_the_document_is_canonical_whatever_the_file_looks_like(manager: Any, by: Actor) -> None:
    version = created(manager, by, json.dumps(EXAMPLE, indent=4).encode())
    assert version.hash == f"sha256:{hashlib.sha256(bytes(version.document)).hexdigest()}"
    assert version.hash == read_form(as_bytes(EXAMPLE)).hash
    assert (version.number, version.state, version.questions) == (1, ScorecardState.DRAFT, 7)


def test_an_activation_retires_the_version_before(manager: Any, by: Actor) -> None:
    first = active(manager, by)
    draft = scorecards.draft_of(version=first, person=manager, by=by)
    assert (draft.number, bytes(draft.document)) == (2, bytes(first.document))
    assert scorecards.draft_of(version=first, person=manager, by=by) == draft
    scorecards.activate_version(version=draft, person=manager, by=by)
    first.refresh_from_db()
    draft.refresh_from_db()
    assert (first.state, draft.state) == (ScorecardState.RETIRED, ScorecardState.ACTIVE)
    assert kinds() == [
        "scorecard.created", "scorecard.activated", "scorecard.created", "scorecard.retired",
        "scorecard.activated",
    ]  # fmt: skip


def test_an_event_has_the_hash_of_the_form_and_keeps_the_title_apart(manager: Any, by: Actor) -> None:
    version = active(manager, by)
    event = AuditEvent.objects.get(kind="scorecard.activated")
    body = json.loads(bytes(event.body))
    assert body["action_detail"] == {
        "scorecard": str(version.scorecard_id), "version": 1, "hash": version.hash, "questions": 7,
    }  # fmt: skip
    assert EXAMPLE["title"] not in bytes(event.body).decode()
    opened = open_event(event.event_id)
    assert opened is not None
    assert opened.private("object.label") == EXAMPLE["title"]


def test_a_form_with_faults_is_not_activated(manager: Any, by: Actor) -> None:
    version = created(manager, by, blank("Empty"))
    with pytest.raises(FaultyForm) as refused:
        scorecards.activate_version(version=version, person=manager, by=by)
    assert [str(finding) for finding in refused.value.findings] == [
        "sections: The form has no scored question. Add one."
    ]
    version.refresh_from_db()
    assert version.state == ScorecardState.DRAFT
    assert kinds() == ["scorecard.created"]


def test_only_a_draft_is_activated_and_only_an_active_version_retired(manager: Any, by: Actor) -> None:
    draft = created(manager, by)
    with pytest.raises(NotActive):
        scorecards.retire_version(version=draft, person=manager, by=by)
    scorecards.activate_version(version=draft, person=manager, by=by)
    with pytest.raises(NotADraft):
        scorecards.activate_version(version=draft, person=manager, by=by)
    scorecards.retire_version(version=draft, person=manager, by=by)
    for act in (scorecards.retire_version, scorecards.activate_version):
        with pytest.raises((NotActive, NotADraft)):
            act(version=draft, person=manager, by=by)
    assert kinds() == ["scorecard.created", "scorecard.activated", "scorecard.retired"]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE recordings_scorecardversion SET document = 'x'",
        "UPDATE recordings_scorecardversion SET state = 'draft'",
        "UPDATE recordings_scorecardversion SET state = 'retired', hash = 'sha256:0'",
        "UPDATE recordings_scorecardversion SET number = 2, state = 'retired'",
        "DELETE FROM recordings_scorecardversion",
        "TRUNCATE recordings_scorecardversion CASCADE",
    ],
)
def test_nobody_changes_an_activated_version(
    manager: Any, by: Actor, change: str, admin_connection: psycopg.Connection[Any]
) -> None:
    """Not the application; the triggers of another login are the same."""
    active(manager, by)
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(change)


@pytest.mark.django_db(transaction=True)
def test_not_even_the_owner_changes_an_activated_version(
    manager: Any, by: Actor, services: Services, admin_connection: psycopg.Connection[Any]
) -> None:
    version = active(manager, by)
    for setting in ("origin", "replica"):
        admin_connection.execute(f"SET session_replication_role = {setting}")
        with pytest.raises(psycopg.errors.RaiseException, match="never changed"):
            admin_connection.execute(
                "UPDATE recordings_scorecardversion SET document = 'x' WHERE id = %s", [version.pk]
            )
    assert ScorecardVersion.objects.get(pk=version.pk).hash == version.hash


# --- pages


@pytest.mark.parametrize("number", [1, 3])
def test_the_list_takes_as_many_queries_for_one_as_for_three(
    qa: Client, manager: Any, by: Actor, number: int, django_assert_num_queries: Any
) -> None:
    for _ in range(number):
        version = active(manager, by)
        scorecards.draft_of(version=version, person=manager, by=by)
    qa.get(reverse("reviews:scorecards"))
    with django_assert_num_queries(4):
        page = qa.get(reverse("reviews:scorecards")).content.decode()
    assert page.count("data-row") == number


@pytest.mark.parametrize("name", STARTERS)
@pytest.mark.parametrize("language", ["en", "he"])
def test_a_starter_becomes_a_draft_whose_page_is_in_the_readers_language(
    qa: Client, manager: Any, name: str, language: str
) -> None:
    manager.language = language
    manager.save(update_fields=["language"])
    page = qa.post(reverse("reviews:new"), {"start": name}, follow=True).content.decode()
    assert starter(name)[0].title[language] in page
    assert starter(name)[0].sections[0].questions[0].text[language] in page


def test_a_file_is_imported_and_exported_with_the_same_hash(qa: Client) -> None:
    file = SimpleUploadedFile("form.json", json.dumps(EXAMPLE, indent=2).encode())
    answer = qa.post(reverse("reviews:new"), {"start": "file", "file": file})
    version = ScorecardVersion.objects.get()
    assert answer["Location"] == reverse("reviews:builder", args=[version.pk])
    exported = qa.get(reverse("reviews:form_file", args=[version.pk]))
    assert f"sha256:{hashlib.sha256(exported.content).hexdigest()}" == version.hash
    assert json.loads(exported.content) == EXAMPLE
    assert kinds() == ["scorecard.imported"]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (None, "Choose a file."),
        (b"", "empty"),
        (b"\xff", "The file is not UTF-8 (at byte 0)."),
        (b'{"format": 1}', "missing"),
        (
            as_bytes({**EXAMPLE, "bonus_cap": 100}),
            "At bonus_cap: Numbers must be strings: write &quot;100&quot;.",
        ),
        (as_bytes({**EXAMPLE, "colour": "red"}), "At colour: This key is not allowed here."),
        (b" " * (1024 * 1024 + 1), "The file is larger than 1 MiB."),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_the_place(
    qa: Client, data: bytes | None, words: str
) -> None:
    values: dict[str, Any] = {"start": "file"}
    if data is not None:
        values["file"] = SimpleUploadedFile("form.json", data)
    answer = qa.post(reverse("reviews:new"), values)
    assert (answer.status_code, words in answer.content.decode()) == (422, True)
    assert not ScorecardVersion.objects.exists()


def test_a_page_says_where_a_fault_is_and_what_to_do(qa: Client, manager: Any, by: Actor) -> None:
    form = json.loads(as_bytes(EXAMPLE))
    form["sections"][0]["questions"][1]["ranges"][1]["from"] = "32"
    version = created(manager, by, as_bytes(form))
    answer = qa.post(reverse("reviews:activate", args=[version.pk]))
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Opening · Seconds on hold · Range 2" in page
    assert "Set &quot;from&quot; to the previous &quot;to&quot; plus the step." in page
    assert "1 fault prevents activation" in page


def test_the_life_of_a_scorecard_on_its_pages(qa: Client, manager: Any, by: Actor) -> None:
    version = created(manager, by)
    address = reverse("reviews:scorecard", args=[version.pk])
    page = qa.post(reverse("reviews:activate", args=[version.pk]), follow=True).content.decode()
    assert "Version 1 is active." in page
    assert "Asked when all of these are true:" in page
    assert "“Seconds on hold” is 61 or more" in page
    draft = qa.post(reverse("reviews:edit", args=[version.pk]))["Location"]
    assert draft != address
    assert (
        "Version 1 is retired."
        in qa.post(reverse("reviews:retire", args=[version.pk]), follow=True).content.decode()
    )
    assert qa.post(reverse("reviews:retire", args=[version.pk])).status_code == 409
    assert "Retired" in qa.get(address).content.decode()


def test_a_form_of_amazon_connect_is_shown_before_it_is_imported(qa: Client, manager: Any) -> None:
    file = amazon_form(
        amazon_section("greeting", amazon_question("named", Instructions="By name")), Description="For calls"
    )
    source = json.dumps(file, indent=2)
    preview = qa.post(
        reverse("reviews:new"),
        {"start": "file", "file": SimpleUploadedFile("form.json", source.encode())},
    )
    text = preview.content.decode()
    assert "1 part is not carried over" in text
    assert "The description is not carried over: a scorecard has only a title." in text
    assert "<code" in text
    assert "named?" in text
    assert not ScorecardVersion.objects.exists()

    created = qa.post(reverse("reviews:new"), {"source": preview.context["source"].value()})
    version = ScorecardVersion.objects.get()
    assert created["Location"] == reverse("reviews:builder", args=[version.pk])
    assert json.loads(bytes(version.document))["sections"][0]["questions"][0]["key"] == "named"
    event = open_event(AuditEvent.objects.get(kind="scorecard.imported").event_id)
    assert event is not None
    assert event.detail["not_carried"] == 1
    assert event.private("action_detail.left_out") == (
        "Description: The description is not carried over: a scorecard has only a title."
    )


def test_the_largest_form_of_amazon_connect_is_imported(qa: Client) -> None:
    """A browser sends it in parts, as the page says; in a query string, Hebrew would take three times the bytes."""
    most = AMAZON_MOST - 600
    file = amazon_form(amazon_section("s", amazon_question("q", Instructions="א" * (most // 2))))
    source = json.dumps(file, ensure_ascii=False)
    page = qa.post(
        reverse("reviews:new"),
        {"start": "file", "file": SimpleUploadedFile("form.json", source.encode())},
    )
    assert 'enctype="multipart/form-data"' in page.content.decode()
    created = qa.post(reverse("reviews:new"), {"source": page.context["source"].value()})
    assert (created.status_code, ScorecardVersion.objects.count()) == (302, 1)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"source": "{"}, "The file is not JSON"),
        ({"source": '{"Title": "T", "Items": 1}'}, "At Items: A list is expected."),
    ],
)
def test_a_form_of_amazon_connect_that_cannot_be_read_creates_nothing(
    qa: Client, values: dict[str, str], words: str
) -> None:
    answer = qa.post(reverse("reviews:new"), values)
    assert (answer.status_code, words in answer.content.decode()) == (422, True)
    file = SimpleUploadedFile("form.json", values["source"].encode())
    answer = qa.post(reverse("reviews:new"), {"start": "file", "file": file})
    assert (answer.status_code, words in answer.content.decode()) == (422, True)
    assert not ScorecardVersion.objects.exists()
