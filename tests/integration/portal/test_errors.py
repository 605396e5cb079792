"""What somebody meets who asks for what is not there or not for them."""

from typing import Any

import pytest
from django.db import DatabaseError
from django.test import Client

from tests.factories import person

pytestmark = pytest.mark.django_db
CASES = [("/nothing/here", 404), ("/objects/7/", 404), ("/people/", 403), ("/operations/", 403)]


@pytest.fixture
def officer(client: Client) -> Client:
    client.force_login(person("compliance_officer"))
    return client


@pytest.mark.parametrize(("path", "status"), CASES)
def test_a_refusal_keeps_the_navigation(officer: Client, path: str, status: int) -> None:
    response = officer.get(path)
    html = response.content.decode()
    assert response.status_code == status
    assert '<nav aria-label="Main menu">' in html
    assert 'href="/objects/"' in html
    assert 'href="/people/"' not in html
    assert html.count("<h1>") == html.count("data-sentence") == 1


@pytest.mark.parametrize(("path", "status"), CASES)
def test_without_the_database_it_is_a_card(
    officer: Client, path: str, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(**_: Any) -> None:
        raise DatabaseError

    monkeypatch.setattr("auditportal.shell.banners", away)
    response = officer.get(path)
    assert response.status_code == status
    assert '<nav aria-label="Main menu">' not in response.content.decode()
    assert "data-sentence" in response.content.decode()


def test_htmx_gets_the_sentence_alone(officer: Client) -> None:
    response = officer.get("/objects/7/", headers={"HX-Request": "true"})
    assert response.content.decode() == "There is no object with this id."
