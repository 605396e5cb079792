"""The filters of a list in a browser: incomplete input stops no search, and one click applies all filters."""

import re
from datetime import UTC, datetime
from urllib.parse import urlencode

import pytest
from django.template.loader import render_to_string
from playwright.sync_api import expect

from tests.e2e.conftest import axe_findings_in_both_themes

UNFINISHED = "This is not complete. Fill in every part of it, or clear it."


def half_type(page, field):
    """Type only the first part of a date or time."""
    field.click()
    field.press_sequentially("12")
    assert field.evaluate("field => field.validity.badInput")


@pytest.mark.parametrize("name", ["since", "until", "since_at"])
def test_a_half_typed_date_stops_no_search(page, sign_in, console, name):
    console.expect("htmx:(afterRequest|sendAbort)")  # a search that was overtaken by the next
    sign_in(page, "compliance_officer")
    page.goto("/objects/?status=2")
    page.locator("summary", has_text="Filters").click()
    field = page.locator(f"[name={name}]")
    half_type(page, field)
    search = page.get_by_role("searchbox")
    # While it is typed: the words are searched within the filters that are on.
    search.fill("zzzznobody")
    expect(page.get_by_text("Nothing found")).to_be_visible()
    expect(page).to_have_url(re.compile(r"/objects/\?q=zzzznobody&status=2$"))
    expect(page.get_by_role("link", name="Remove the filter: Resolved")).to_be_visible()
    # By Enter: the same, and the panel says what is wrong.
    search.fill("")
    expect(page.locator("tbody tr").first).to_be_visible()
    search.fill("zzzznobody")
    search.press("Enter")
    expect(page.get_by_text("Nothing found")).to_be_visible()
    expect(page.get_by_text(UNFINISHED)).to_be_visible()
    # By Apply: nothing is applied, and the field has the focus.
    page.get_by_role("button", name="Apply").click()
    expect(field).to_be_focused()
    expect(page).to_have_url(re.compile(r"/objects/\?q=zzzznobody&status=2$"))
    # Cleared, the sentence goes and the filters are applied.
    field.fill("")
    expect(page.get_by_text(UNFINISHED)).to_have_count(0)


def test_the_trail_says_what_is_half_typed(page, sign_in):
    sign_in(page, "compliance_officer")
    page.goto("/audit/")
    page.locator("summary", has_text="When").click()
    half_type(page, page.locator("[name=since]"))
    page.get_by_role("searchbox").fill("noa")
    page.get_by_role("searchbox").press("Enter")
    expect(page.get_by_text(UNFINISHED)).to_be_visible()
    expect(page.locator("[name=since]")).to_be_focused()


def test_one_apply_sets_every_filter(page, sign_in):
    sign_in(page, "compliance_officer")
    page.goto("/objects/")
    page.locator("summary", has_text="Filters").click()
    assert axe_findings_in_both_themes(page) == {}
    page.set_viewport_size({"width": 1440, "height": 900})
    page.get_by_label("Minimum length").fill("0:05")
    page.get_by_label("Status in CommBox").select_option(label="Resolved")
    page.get_by_role("button", name="Last 7 days").click()
    expect(page.locator("a.pill[data-on]")).to_have_count(4)
    expect(page.get_by_role("link", name="Remove the filter: at least 0:05")).to_be_visible()
    page.locator("summary", has_text="Filters").click()
    assert page.locator("[name=since]").input_value() < page.locator("[name=until]").input_value()


def test_the_keyboard_goes_on_where_a_list_was_filtered(page, sign_in):
    """The next page does not start with the focus at its top."""
    sign_in(page, "compliance_officer")
    page.goto("/recordings/")
    panel = page.locator("summary", has_text="Filters")
    panel.click()
    page.locator("[name=shortest]").fill("0:30")
    page.get_by_role("button", name="Apply").click()
    page.wait_for_url("**shortest=*")
    expect(panel).to_be_focused()
    page.reload()
    expect(panel).not_to_be_focused()


def test_a_search_that_stopped_for_its_time_goes_on_by_itself(page, sign_in):
    """The first response is that of a large catalog; the one it requests is the portal's own."""
    sign_in(page, "compliance_officer")
    page.goto("/objects/")
    name = page.locator("tbody tr [data-label=Customer] bdi").first.inner_text()
    query = urlencode({"q": name})
    context = {
        "page": {"looked_back_to": datetime(2026, 9, 1, tzinfo=UTC)},
        "further_url": f"/objects/?{query}&further=1",
    }
    first = f'<div id="results">{render_to_string("catalog/_further.html", context)}</div>'
    asked = []

    def answer(route):
        asked.append(route.request.url)
        if "further=1" in route.request.url:
            route.continue_()
        else:
            route.fulfill(body=first, content_type="text/html", headers={"HX-Push-Url": f"/objects/?{query}"})

    page.route(re.compile(r"/objects/\?.*q="), answer)
    with page.expect_response(re.compile("further=1")):
        page.get_by_role("searchbox").fill(name)
    expect(page.get_by_text("The search for older ones continues")).to_have_count(0)
    expect(page.locator("tbody tr").first).to_contain_text(name)
    expect(page).to_have_url(re.compile(r"/objects/\?q=[^&]+$"))
    assert ["further=1" in url for url in asked] == [False, True]
