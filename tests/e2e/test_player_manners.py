"""The player in Chromium and in Firefox: keys, focus, windows and what it lets be beside it.

The portal under test gives URLs 15 seconds to live, the least there is.
"""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.playing import Trail, play, state, wait_until_past
from tests.e2e.portal import Portal

SignIn = Callable[..., None]
PLAYER = "document.querySelector('portal-player')"


@pytest.fixture(scope="module", params=["chromium", pytest.param("firefox", marks=pytest.mark.firefox)])
def browser(request: pytest.FixtureRequest) -> Browser:
    if request.param == "firefox":
        return request.getfixturevalue("firefox")
    return request.getfixturevalue("launch_browser")()


@pytest.fixture
def trail(portal: Portal) -> Trail:
    return Trail(portal)


@pytest.fixture(autouse=True)
def _mannered(portal: Portal) -> Iterator[None]:
    """No fault of one test meets the next."""
    yield
    portal.sandbox.control.clear_faults()


def test_the_keyboard_goes_on_at_the_player(page: Page, sign_in: SignIn, trail: Trail):
    """Started by Enter in the form, Space pauses; M: mutes; the film has one set of controls."""
    recording = trail.recording(skip=8)
    sign_in(page, "compliance_officer")
    page.goto(f"/recordings/{recording}/")
    page.get_by_role("radio", name="Quality").focus()
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    wait_until_past(page, 0.3)
    page.keyboard.press("Space")
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible()
    assert state(page)["paused"] is True
    page.keyboard.press("m")
    expect(page.get_by_role("button", name="Mute")).to_have_attribute("aria-pressed", "true")
    assert page.evaluate(f"{PLAYER}.video.controls") is False
    assert page.evaluate("document.activeElement.closest('portal-player') !== null")


def test_the_purpose_is_locked_while_a_viewing_runs(page: Page, sign_in: SignIn, trail: Trail):
    """What is in the trail cannot be made to look like another purpose; another one is another viewing."""
    recording = trail.recording(skip=9)
    earlier = len(trail.kinds(recording))  # another browser's viewings
    sign_in(page, "compliance_officer")
    page.goto(f"/recordings/{recording}/")
    page.locator("#viewing-form").get_by_text("Training", exact=True).click()
    page.get_by_role("button", name="Play", exact=True).click()
    wait_until_past(page, 0.3)
    expect(page.get_by_role("radio", name="Dispute")).to_be_disabled()
    expect(page.locator("#id_note")).to_be_disabled()
    expect(page.locator("#purpose")).to_contain_text("Purpose: Training")
    page.get_by_role("link", name="End it and start a new viewing").click()
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible()
    assert trail.wait_for_end(recording)[-1][0] == "viewing.finished"
    page.locator("#viewing-form").get_by_text("Dispute", exact=True).click()
    page.get_by_role("button", name="Play", exact=True).click()
    wait_until_past(page, 0.3)
    events = trail.events(recording)[earlier:]
    begun = [detail["viewing"] for kind, detail in events if kind == "viewing.requested"]
    assert len(begun) == 2
    assert [
        d["viewing"] for kind, d in events if kind == "viewing.finished" and d["viewing"] in begun
    ] == begun[:1]


def test_focus_and_selection_beside_a_playing_film_stay(page: Page, sign_in: SignIn, trail: Trail):
    """The trail is read again every few seconds; only what changed in it is swapped."""
    recording = trail.recording(skip=10)
    sign_in(page, "compliance_officer")
    play(page, recording)
    page.locator("#trail .ev a").first.focus()
    told = page.locator("#trail .ev").first.inner_text()
    page.evaluate(
        """() => {
          window.focused = document.activeElement;
          const text = document.querySelector("#trail .ev:last-child .ev-text");
          getSelection().selectAllChildren(text);
          window.selected = String(getSelection());
        }"""
    )
    changed = "(told) => document.querySelector('#trail .ev').innerText !== told"
    page.wait_for_function(changed, arg=told)
    assert page.evaluate("document.activeElement === window.focused")
    assert page.evaluate("String(getSelection()) === window.selected && window.selected !== ''")


def test_rows_of_one_id_are_all_shown(page: Page, sign_in: SignIn):
    """Swapping what changed drops no row and doubles none, however often an id comes on either side."""
    sign_in(page, "qa_manager")
    page.goto("/")
    wrong = page.evaluate(
        """async () => {
          const { morph } = await import("/static/portal/js/morph.js");
          const list = (rows) => {
            const made = document.createElement("ol");
            made.innerHTML = rows.map(([id, text]) => `<li data-id="${id}">${text}</li>`).join("\\n");
            return made;
          };
          const pick = (n) => Math.floor(Math.random() * n);
          const some = () => Array.from({ length: pick(7) }, () => ["abc"[pick(3)], String(pick(100))]);
          for (let round = 0; round < 1000; round++) {
            const [before, after] = [some(), some()];
            const shown = list(before);
            morph(shown, list(after));
            const rows = [...shown.children].map((row) => [row.dataset.id, row.textContent]);
            if (JSON.stringify(rows) !== JSON.stringify(after)) return { before, after, rows };
          }
          return null;
        }"""
    )
    assert wrong is None


def test_the_slider_speaks_on_focus_and_on_a_jump_only(page: Page, sign_in: SignIn, trail: Trail):
    recording = trail.recording(skip=11)
    sign_in(page, "compliance_officer")
    play(page, recording)
    slider = page.get_by_role("slider", name="Position")
    slider.focus()
    expect(slider).to_have_attribute("aria-valuetext", re.compile(r"0:0\d of "))
    page.evaluate(
        """() => {
          window.spoken = 0;
          const slider = document.querySelector(".seek");
          new MutationObserver((changes) => (window.spoken += changes.length))
            .observe(slider, { attributeFilter: ["aria-valuetext"] });
        }"""
    )
    wait_until_past(page, state(page)["at"] + 5)
    assert page.evaluate("window.spoken") == 0
    slider.fill("30000")
    expect(slider).to_have_attribute("aria-valuetext", re.compile("0:30 of "))
    assert page.evaluate("window.spoken") <= 2


def test_picture_in_picture_pauses_and_says_why(page: Page, sign_in: SignIn, trail: Trail):
    """A browser may force it; there the film has no watermark."""
    recording = trail.recording(skip=12)
    sign_in(page, "compliance_officer")
    play(page, recording)
    page.evaluate(f"{PLAYER}.video.dispatchEvent(new Event('enterpictureinpicture'))")
    expect(page.locator("portal-player .video-note")).to_contain_text("without its watermark")
    assert state(page)["paused"] is True


def test_a_browser_without_full_screen_has_no_button_for_it(page: Page, sign_in: SignIn, trail: Trail):
    """As on an iPhone: no button, no key, no error."""
    page.add_init_script("delete Element.prototype.requestFullscreen")
    recording = trail.recording(skip=13)
    sign_in(page, "compliance_officer")
    play(page, recording)
    expect(page.get_by_role("button", name="Full screen")).to_have_count(0)
    page.keyboard.press("f")
    assert state(page)["error"] == 0


KEYS = [
    ("j", "KeyJ", False, "j"),
    ("ח", "KeyJ", False, "j"),
    ("ת", "KeyJ", False, "j"),
    ("о", "KeyJ", False, "j"),
    ("ξ", "KeyJ", True, "J"),
    ("נ", "KeyB", False, "b"),
    ("]", "BracketLeft", False, "["),
    ("[", "BracketRight", False, "]"),
    ("[", "BracketLeft", False, "["),
    ("ج", "BracketLeft", False, "["),
    ("х", "BracketLeft", False, "["),
    (">", "Comma", True, "<"),
    ("<", "Period", True, ">"),
    ("<", "Comma", True, "<"),
    ("<", "IntlBackslash", False, "<"),
    (">", "IntlBackslash", True, ">"),
    ("؟", "Slash", True, "?"),
    ("?", "Slash", True, "?"),
    ("?", "Minus", True, "?"),
    ("/", "KeyQ", False, "/"),
    ("é", "Digit2", False, "é"),
    ("ö", "Semicolon", False, "ö"),
    ("k", "KeyV", False, "k"),
    ("ArrowLeft", "ArrowLeft", False, "ArrowLeft"),
    ("Enter", "Enter", False, "Enter"),
]


def test_keys_of_any_script(page: Page, sign_in: SignIn):
    """Latin letters by character (Dvorak, AZERTY), other scripts by the place of the key, brackets as they look."""
    sign_in(page, "qa_manager")
    page.goto("/")
    asked = [{"key": key, "code": code, "shiftKey": shift} for key, code, shift, _ in KEYS]
    answers = page.evaluate(
        """async (asked) => (await import("/static/portal/js/keys.js")).keyOf && Promise.all(
          asked.map(async (event) => (await import("/static/portal/js/keys.js")).keyOf(event)))""",
        asked,
    )
    assert answers == [expected for *_, expected in KEYS]


def test_a_hebrew_keyboard_goes_ten_seconds_on(page: Page, sign_in: SignIn, trail: Trail):
    recording = trail.recording(skip=14)
    sign_in(page, "compliance_officer")
    play(page, recording)
    before = state(page)["at"]
    page.evaluate(
        """document.body.dispatchEvent(
          new KeyboardEvent("keydown", { key: "ך", code: "KeyL", bubbles: true, cancelable: true }))"""
    )
    wait_until_past(page, before + 9)
