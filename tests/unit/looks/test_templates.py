"""No template has what the content security policy forbids, and error pages make no query."""

import re
from pathlib import Path

import pytest
from django.template.loader import render_to_string

ROOT = Path(__file__).parents[3]
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
SHEETS = sorted((ROOT / "static/portal/css").glob("*.css"))
SCRIPTS = sorted((ROOT / "static/portal/js").glob("*.js"))
FORBIDDEN = {
    "a style attribute": re.compile(r"<[^>]*\sstyle\s*=", re.I),
    "a style element": re.compile(r"<style", re.I),
    "an inline script": re.compile(r"<script(?![^>]*\ssrc=)", re.I),
    "an event attribute": re.compile(r"<[^>]*\son[a-z]+\s*=", re.I),
    "htmx that needs eval": re.compile(r"hx-on|hx-vals=.js:|hx-headers=.js:", re.I),
    "an address elsewhere": re.compile(r"(?:src|href|action)\s*=\s*[\"'](?:https?:)?//", re.I),
}


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_the_policy_forbids(path):
    text = re.sub(r"{#.*?#}|{% comment.*?endcomment %}", "", path.read_text(), flags=re.S)
    assert [what for what, pattern in FORBIDDEN.items() if pattern.search(text)] == []


@pytest.mark.parametrize("path", SHEETS, ids=lambda path: path.name)
def test_a_stylesheet_fetches_nothing_and_knows_no_left_or_right(path):
    text = re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.S)
    assert re.findall(r"@import|@font-face|url\((?!\"data:)", text) == []
    assert (
        re.findall(
            r"(?:margin|padding|border|inset)-(?:left|right)|[{;]\s*(?:left|right):|float:\s*(?:left|right)",
            text,
        )
        == []
    )


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_a_script_writes_no_markup(path):
    assert (
        re.findall(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(", path.read_text()) == []
    )


@pytest.mark.parametrize("status", [400, 403, 404, 500, 503])
def test_an_error_page_needs_no_context_and_no_database(status):
    page = render_to_string(f"errors/{status}.html")
    assert len(re.findall(r"<h1>\s*\S", page)) == 1
    assert len(re.findall(r"<p data-sentence>\s*[A-Z][^<]+\.\s*</p>", page)) == 1
    assert "Request <code>" not in page


def test_an_error_page_says_what_it_is_told_and_names_the_request():
    context = {"sentence": "There is no object 12 <b>.", "request_id": "abc123", "status": 404}
    page = render_to_string("errors/404.html", context)
    assert "<p data-sentence>There is no object 12 &lt;b&gt;.</p>" in page
    assert "<code>abc123</code>" in page


@pytest.mark.parametrize(
    ("status", "heading"),
    [
        (None, "The request could not be understood"),
        (400, "The request could not be understood"),
        (405, "That did not work"),
        (409, "Someone else was faster"),
        (429, "Too many attempts"),
    ],
)
def test_the_page_of_statuses_without_one_of_their_own(status, heading):
    page = render_to_string("errors/400.html", {"status": status})
    assert re.findall(r"<h1>\s*(.*?)\s*</h1>", page) == [heading]
