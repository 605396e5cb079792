"""One word for one thing on the pages of the trail, the reports and the proof: docs/glossary.md says which."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PAGES = [
    page
    for folder in ("trail", "reports", "evidence")
    for page in (ROOT / "templates" / folder).glob("*.html")
]
# What is code: tags and comments of the template language, names and values of HTML's attributes.
_CODE = re.compile(
    r"\{#.*?#\}|\{%(?! include).*?%\}|\{\{.*?\}\}|<code>.*?</code>|<pre.*?</pre>|</?[a-z][^>]*>", re.S
)
# Words that the glossary has another word for.
OTHER_WORDS = re.compile(r"(?i)\bdenied\b|\bdeny\b|\bconversations?\b|\bevent no\b|\bevent_no\b|\bstreams?\b")


@pytest.mark.parametrize("template", PAGES, ids=[f"{page.parent.name}/{page.name}" for page in PAGES])
def test_a_template_uses_the_words_of_the_glossary(template: Path) -> None:
    text = _CODE.sub(" ", template.read_text())
    assert OTHER_WORDS.findall(text) == []


def test_the_glossary_names_these_words_as_those_not_to_use() -> None:
    glossary = (ROOT / "docs" / "glossary.md").read_text()
    assert "denied |" in glossary
    assert "conversation," in glossary
    assert '"event 248"' in glossary
