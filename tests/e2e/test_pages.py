"""Every page, as every role that may see it: nothing for axe, nothing in the console, usable small and mirrored."""

import pytest

from tests.e2e.conftest import axe_findings

SIZES = {"wide": (1440, 900), "narrow": (390, 844)}
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
    "administrator": ["/", "/operations/", "/operations/runs/", "/people/"],
}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("role", PAGES)
def test_axe_finds_nothing(page, sign_in, role, scheme):
    page.emulate_media(color_scheme=scheme)
    sign_in(page, role)
    for path in PAGES[role]:
        for width, height in SIZES.values():
            page.set_viewport_size({"width": width, "height": height})
            page.goto(path)
            assert axe_findings(page) == [], (path, width)


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
