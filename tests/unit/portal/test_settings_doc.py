"""docs/settings.md: the page is generated from the settings, and says who uses each of them as compose does."""

from typing import Any

import pytest
from pydantic.fields import FieldInfo

from auditportal.env import NEEDED, REMOVED, SECTIONS, Env
from auditportal.settings_doc import PAGE, settings_page
from tests.compose import compose

FIELDS = sorted(Env.model_fields.items())
# Development and demo, and the folder that the image names.
NOT_IN_COMPOSE = {"DEMO", "DEMO_SIGN_IN", "DEBUG", "REPORTS_DIR"}
REQUIRED = {
    "SECRET_KEY": "s" * 50,
    "DATABASE_URL": "postgresql://web@db/portal",
    "REDIS_URL": "redis://redis",
    "COMMBOX_API_KEY": "key",
    "AUDIT_FIELD_KEY": "a2V5",
}


def documented(field: FieldInfo) -> Any:
    return field.json_schema_extra


def test_the_page_is_what_make_docs_generates() -> None:
    assert PAGE.read_text() == settings_page(), "run `make docs`"


@pytest.mark.parametrize(("name", "field"), FIELDS)
def test_each_setting_has_a_meaning_and_an_example_that_is_accepted(name: str, field: FieldInfo) -> None:
    assert field.description
    assert field.description.endswith(".")
    [example] = field.examples or [""]
    if example.startswith(("output of", "the ")):
        return
    key = ("id", "secret") if name.startswith("AWS_") else ("", "")
    needs = dict(zip(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), key, strict=True))
    env = Env(**{**REQUIRED, **needs, name: example})
    assert getattr(env, name) != field.default or name == "COMMBOX_API_URL"


@pytest.mark.parametrize(("name", "field"), FIELDS)
def test_compose_gives_each_setting_to_the_processes_that_use_it(name: str, field: FieldInfo) -> None:
    services = compose()["services"]
    given = {
        service
        for service in ("web", "worker", "beat", "sealer", "migrate")
        if name in services[service]["environment"]
    }
    assert name in NOT_IN_COMPOSE or given == set(documented(field)["used_by"])


def test_a_required_setting_is_used_by_the_process_that_requires_it() -> None:
    for process, names in NEEDED.items():
        shown = "web" if process == "portal" else process
        assert [n for n in names if shown not in documented(Env.model_fields[n])["used_by"]] == []


def test_a_removed_setting_is_gone_from_settings_and_page() -> None:
    assert REMOVED.keys() & Env.model_fields.keys() == set()
    assert [name for name in REMOVED if f"| `{name}` |" not in PAGE.read_text()] == list(REMOVED)


def test_no_section_hides_a_validator_of_another() -> None:
    """Env inherits from all of them: of two validators with one name only the first would be called."""
    checks = [section.__pydantic_decorators__ for section in SECTIONS]
    names = [name for check in checks for name in (*check.field_validators, *check.model_validators)]
    assert sorted(names) == sorted(set(names))
