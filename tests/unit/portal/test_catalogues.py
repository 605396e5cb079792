"""The catalogues hold every sentence of pages and scripts, each translated, and are compiled as they are written."""

import gettext
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests import messages

CATALOGUES = sorted(messages.ROOT.glob("locale/*/LC_MESSAGES/*.po"))
SOURCES = ("auditportal", "recordings", "templates", "static", "locale")


def entries(compiled: Path) -> dict[Any, str]:
    with compiled.open("rb") as file:
        catalogue = gettext.GNUTranslations(file)
    return {key: text for key, text in catalogue._catalog.items() if key}  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def gnu_gettext() -> None:
    """Only where xgettext is installed: tests/equipment.py."""


@pytest.fixture(scope="module")
def collected(gnu_gettext: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the sources whose catalogues were collected and compiled again."""
    folder = tmp_path_factory.mktemp("collected")
    for name in SOURCES:
        shutil.copytree(messages.ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(messages.ROOT / "manage.py", folder)
    messages.collect(folder)
    messages.compile_all(folder)
    return folder


@pytest.mark.parametrize("catalogue", CATALOGUES, ids=lambda path: f"{path.parts[-3]}-{path.stem}")
class TestCatalogue:
    def test_make_messages_has_nothing_to_add(self, collected: Path, catalogue: Path) -> None:
        again = collected / catalogue.relative_to(messages.ROOT)
        assert again.read_text("utf-8") == catalogue.read_text("utf-8"), "run make messages, and translate"
        assert entries(again.with_suffix(".mo")) == entries(catalogue.with_suffix(".mo"))

    def test_every_sentence_is_translated(self, gnu_gettext: None, catalogue: Path) -> None:
        assert messages.incomplete(catalogue) == ""
