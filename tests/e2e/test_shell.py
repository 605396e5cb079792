"""The shell and every part in a browser: keys, menus, theme, small screens, failures."""

import json
import re
from datetime import timedelta

import pytest
from django.utils import timezone, translation
from django.utils.translation import gettext, pgettext
from playwright.sync_api import expect

from recordings import wording
from recordings.wording import how_long_ago
from tests.e2e.conftest import axe_findings, axe_findings_in_both_themes
from tests.e2e.parts_page import parts_page

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
FOCUSED_ROW = (
    "[...document.querySelectorAll('[data-row]')].findIndex(r => r.contains(document.activeElement))"
)


@pytest.fixture
def parts(page, portal):
    """Open the page of all parts: ours as HTML, its styles and scripts from the running portal."""

    def act(direction="ltr"):
        headers = {"Content-Security-Policy": POLICY, "Content-Type": "text/html; charset=utf-8"}
        page.route("**/parts-page", lambda route: route.fulfill(body=parts_page(direction), headers=headers))
        page.goto(f"{portal.url}/parts-page")
        page.wait_for_function("window.htmx !== undefined && document.readyState === 'complete'")
        return page

    return act


@pytest.mark.parametrize("direction", ["ltr", "rtl"])
def test_parts_are_clean_and_fit(page, parts, direction):
    """720 × 450 is a desktop at 200 %, 320 × 568 the reflow of WCAG 1.4.10."""
    for width, height in ((1440, 900), (1024, 768), (720, 450), (390, 844), (320, 568)):
        page.set_viewport_size({"width": width, "height": height})
        parts(direction)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert axe_findings_in_both_themes(page) == {}


def test_every_target_is_24_pixels_high(page, parts):
    page.set_viewport_size({"width": 390, "height": 844})
    parts()
    sizes = page.evaluate("""() => [
        ...document.querySelectorAll('button, summary, .pill, .choice, .nav a, a.btn, td a')
    ].filter(element => element.checkVisibility())
     .map(element => [element.outerHTML.slice(0, 80), element.getBoundingClientRect().height])""")
    assert len(sizes) > 25
    assert [small for small in sizes if small[1] < 24] == []


def test_walking_rows_and_opening_one(page, parts):
    parts()
    walked = []
    for key in "jjkkkj":
        page.keyboard.press(key)
        walked.append(page.evaluate(FOCUSED_ROW))
    assert walked == [0, 1, 0, 0, 0, 1]
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("#1407374990000094$"))


def test_search_takes_the_keys_while_somebody_types(page, parts):
    parts()
    page.keyboard.press("/")
    page.keyboard.type("jk?g o")
    assert page.input_value("[name=q]") == "jk?g o"
    assert page.locator("#keys").is_hidden()


def test_two_keys_go_to_a_room_and_slow_ones_do_not(page, parts):
    page.clock.set_fixed_time("2026-11-20T09:00:00")  # however long the machine takes between two keys
    parts()
    page.keyboard.press("g")
    page.keyboard.press("a")
    expect(page).to_have_url(re.compile("#Audit%20trail$"))
    page.keyboard.press("g")
    page.clock.set_fixed_time("2026-11-20T09:00:02")
    page.keyboard.press("o")
    assert page.url.endswith("#Audit%20trail")


def test_the_keys_can_be_read_and_switched_off(page, parts):
    parts()
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keys")
    expect(dialog.get_by_text("go to Objects")).to_be_visible()
    assert axe_findings(page) == []
    dialog.get_by_text("Off", exact=True).click()
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    assert page.evaluate(FOCUSED_ROW) == -1


def test_a_theme_is_there_before_the_first_paint_and_stays(page, parts, console):
    console.expect(r"Failed to load resource: net::ERR_FAILED .*/app")
    page.emulate_media(color_scheme="light")
    parts()
    page.locator(".rail .menu summary").click()
    page.get_by_text("Dark", exact=True).click()
    page.get_by_text("Compact", exact=True).click()
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.route("**/app*.js", lambda route: route.abort())  # the module is late; the early script is enough
    page.reload()
    page.wait_for_load_state("domcontentloaded")
    theme = "[document.documentElement.dataset.theme, document.documentElement.dataset.density]"
    assert page.evaluate(theme) == ["dark", "compact"]
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == dark == "rgb(20, 23, 28)"


PROVOKED = r"Failed to load resource|Response Status Error Code|htmx:sendError|htmx:afterRequest"


@pytest.mark.parametrize(
    ("status", "kind", "body", "said"),
    [
        (403, "text/plain", "Your role does not allow this.", "Your role does not allow this."),
        (
            503,
            "text/html",
            "<h1>No</h1><p data-sentence>The trail  cannot\nbe written.</p>",
            "The trail cannot be written.",
        ),
        (500, "text/html", "<script>alert(1)</script>", "Something went wrong on our side."),
        (429, "application/json", "{}", "too many requests"),
        (500, "text/plain", "x" * 4000, "x" * 297 + "…"),
    ],
)
def test_a_failed_request_is_said_in_a_sentence(page, parts, console, status, kind, body, said):
    console.expect(PROVOKED)
    parts()
    page.route("**/parts-fail", lambda route: route.fulfill(status=status, content_type=kind, body=body))
    before = page.locator("#results").inner_html()
    page.evaluate("htmx.ajax('GET', '/parts-fail', {target: '#results'}).catch(() => {})")
    toast = page.locator("#toasts .toast p")
    toast.wait_for()
    assert said in toast.inner_text()
    assert page.locator("#results").inner_html() == before


def test_a_portal_that_cannot_be_reached_is_said_too(page, parts, console):
    console.expect(PROVOKED)
    parts()
    page.route("**/parts-fail", lambda route: route.abort())
    page.evaluate("htmx.ajax('GET', '/parts-fail', {target: '#results'}).catch(() => {})")
    assert page.locator("#toasts .toast p").inner_text().startswith("The portal cannot be reached.")


def test_htmx_may_do_nothing_the_policy_forbids(page, parts):
    parts()
    names = ["includeIndicatorStyles", "allowEval", "allowScriptTags", "selfRequestsOnly", "historyCacheSize"]
    assert page.evaluate("names => names.map(name => htmx.config[name])", names) == [
        False,
        False,
        False,
        True,
        0,
    ]
    assert page.locator("style, [style]").count() == 0


def test_the_menu_of_a_small_screen_needs_no_script(browser, portal):
    context = browser.new_context(java_script_enabled=False, viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.route("**/parts-page", lambda route: route.fulfill(body=parts_page(), content_type="text/html"))
    page.goto(f"{portal.url}/parts-page")
    assert page.get_by_role("link", name="Audit trail").is_hidden()
    page.get_by_role("button", name="Menu").click()
    expect(page.get_by_role("link", name="Audit trail")).to_be_visible()
    context.close()


def test_a_time_tells_local_time_on_hover(browser, portal):
    context = browser.new_context(timezone_id="Asia/Jerusalem")
    page = context.new_page()
    page.route("**/parts-page", lambda route: route.fulfill(body=parts_page(), content_type="text/html"))
    page.goto(f"{portal.url}/parts-page")
    time = page.locator("dl.facts time")
    time.hover()
    assert time.get_attribute("title") == "2026-11-20 09:14:22 UTC · 20 Nov 2026, 11:14:22 in Asia/Jerusalem"
    context.close()


def test_paper_has_rows_and_no_rail(page, parts):
    page.set_viewport_size({"width": 720, "height": 1000})
    parts()
    assert (
        page.evaluate("getComputedStyle(document.querySelector('table.rows tr[data-row]')).display") == "grid"
    )
    page.emulate_media(media="print")
    assert (
        page.evaluate("getComputedStyle(document.querySelector('table.rows tr[data-row]')).display")
        == "table-row"
    )
    assert page.locator(".rail").is_hidden()


AGES = [0, 0.9, 1, 59.9, 60, 3599, 3600, 86_399, 86_400, 59 * 86_400, 60 * 86_400 - 1]


@pytest.mark.parametrize("language", ["en", "he"])
def test_an_age_is_written_as_the_server_writes_it(page, parts, language):
    now = timezone.now()
    with translation.override(language):
        words = [how_long_ago(now - timedelta(seconds=seconds), now) for seconds in AGES]
        messages = {message: gettext(message) for _, _, message in wording._AGES}
        messages["now"] = pgettext("age", "now")
    page.add_init_script(
        f"""const messages = {json.dumps(messages)};
        const gettext = (message) => messages[message] ?? message;
        globalThis.django = {{ gettext, pgettext: (_, message) => gettext(message) }};"""
    )
    parts()
    written = page.evaluate(
        """async (ages) => {
            const scripts = performance.getEntriesByType("resource").map((entry) => entry.name);
            const { ago } = await import(scripts.find((name) => /\\/times[.\\w]*\\.js$/.test(name)));
            return ages.map(ago);
        }""",
        AGES,
    )
    assert written == words
