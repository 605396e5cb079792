"""Every page, as every role that may see it: nothing for axe, nothing in the console, usable small and mirrored."""

import pytest

from tests.e2e.conftest import axe_findings, axe_findings_in_both_themes

PAGES = {
    "compliance_officer": [
        "/",
        "/objects/",
        "/objects/?q=zzzznobody",
        "/recordings/",
        "/audit/",
        "/reports/",
    ],
    "qa_manager": ["/", "/objects/"],
    "external_auditor": ["/", "/audit/", "/reports/"],
    "administrator": [
        "/",
        "/operations/",
        "/operations/runs/",
        "/people/",
        "/people/provisioning/",
        "/people/recertifications/",
        "/access/asked/",
        "/access/ask/",
    ],
}


@pytest.mark.parametrize("role", PAGES)
def test_axe_finds_nothing(page, sign_in, role):
    sign_in(page, role)
    for path in PAGES[role]:
        assert axe_findings_in_both_themes(page, path) == {}, path


@pytest.mark.parametrize("direction", ["ltr", "rtl"])
def test_no_page_is_wider_than_a_telephone(page, sign_in, direction):
    page.set_viewport_size({"width": 390, "height": 844})
    sign_in(page, "compliance_officer")
    for path in PAGES["compliance_officer"]:
        page.goto(path)
        page.evaluate("direction => document.documentElement.dir = direction", direction)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, path


def test_the_sign_in_page(page, portal):
    page.goto("/accounts/login/")
    assert axe_findings(page) == []


def test_the_browser_keeps_no_words_of_a_search(page, sign_in):
    """Neither storage holds them, whether the list was swapped, gone back to or loaded."""
    sign_in(page, "compliance_officer")
    kept = "JSON.stringify([{...sessionStorage}, {...localStorage}])"
    page.goto("/objects/?q=secretword")
    assert "secretword" not in page.evaluate(kept)
    page.get_by_role("searchbox").first.fill("otherword")
    page.keyboard.press("Enter")
    page.wait_for_url("**q=otherword**")
    assert "word" not in page.evaluate(kept)
    page.go_back()
    page.wait_for_url("**q=secretword**")
    assert "word" not in page.evaluate(kept)
