"""The recording's page shows whether the file is unchanged, when it was checked, and its hash."""

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from django.utils.html import escape

from recordings.models import FileSighting, Recording
from tests.factories import person, recording

SENTENCE = "The file's contents have changed since it was first seen."
SHA256 = "5e" * 32


@pytest.fixture
def officer(db: None, client: Client) -> Client:
    client.force_login(person("compliance_officer"))
    return client


def page(officer: Client, row: Recording) -> str:
    response: Any = officer.get(f"/recordings/{row.pk}/")
    return " ".join(response.content.decode().split())


@pytest.mark.parametrize(
    ("badge", "tag"),
    [
        ("unchanged", '<span class="tag ok">Unchanged</span>'),
        ("differs", '<span class="tag bad">Different</span>'),
        ("cannot_tell", ">Not verified</span>"),
    ],
)
def test_a_badge_stands_with_its_sentence_and_its_age(officer: Client, badge: str, tag: str) -> None:
    row = recording(file_badge=badge, file_judged=SENTENCE, file_seen_at=timezone.now())
    FileSighting.objects.create(recording=row, seen_at=timezone.now(), outcome="found", sha256=SHA256)
    shown = page(officer, row)
    for words in (tag, f"{escape(SENTENCE)}</span>", "Checked <time", SHA256):
        assert words in shown


def test_what_was_never_looked_at_has_none(officer: Client) -> None:
    shown = page(officer, recording())
    assert "Not checked yet" in shown
    assert "SHA-256" not in shown
