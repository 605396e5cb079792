"""The player in Chromium and in Firefox: it keeps its place in any film a browser can play, and its manners.

The portal under test gives URLs 15 seconds to live, the least there is.
"""

import re
from collections.abc import Callable, Iterator
from itertools import pairwise

import pytest
from playwright.sync_api import Browser, Page, expect

from auditportal.sandbox.world.media import MINUTE, WEBM
from auditportal.sandbox.world.seed import DIRECT_BUCKET
from tests.e2e.films import with_length, without_index
from tests.e2e.playing import Trail, play, state, wait_until_past
from tests.e2e.portal import Portal
from tests.waiting import wait_for

SignIn = Callable[..., None]
PLAYER = "document.querySelector('portal-player')"
# Each look at the video, and how often its events came.
OBSERVE = """() => {
  const video = document.querySelector("portal-player video");
  window.places = [];
  window.counts = {};
  for (const name of ["seeking", "seeked", "loadedmetadata", "error"])
    video.addEventListener(name, () => (window.counts[name] = (window.counts[name] ?? 0) + 1));
  const { source } = document.querySelector("portal-player");
  setInterval(() => source.isSwapping || window.places.push(video.currentTime), 100);
}"""
INDEXLESS, SHORT_HEADER, ORDINARY = without_index(WEBM.content), with_length(WEBM.content, 4), WEBM.content


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


def stored(portal: Portal, trail: Trail, film: bytes, *, ending: str = ".webm") -> str:
    """The id of a recording whose file is this film."""
    recording = trail.recording(ending, seconds=1)
    kind = "video/webm" if ending == ".webm" else "video/mp4"
    portal.sandbox.control.put_file(DIRECT_BUCKET, trail.key(recording), film, kind)
    return recording


def lost_places(page: Page) -> list[tuple[float, float]]:
    """Where the film went back by more than a moment, as pairs of before and after."""
    places = page.evaluate("window.places")
    return [pair for pair in pairwise(places) if pair[1] < pair[0] - 0.5]


@pytest.mark.parametrize("film", [ORDINARY, INDEXLESS, SHORT_HEADER], ids=["ordinary", "indexless", "short"])
def test_the_place_is_kept_over_ends_of_urls_and_forced_renewals(
    page: Page, portal: Portal, sign_in: SignIn, trail: Trail, film: bytes
):
    """As a browser records it: no length, no index. Or a header that says 4 seconds of a film of 40."""
    recording = stored(portal, trail, film)
    sign_in(page, "compliance_officer")
    play(page, recording)
    page.evaluate(OBSERVE)
    wait_until_past(page, 17)
    source = state(page)["src"]
    page.evaluate(f"{PLAYER}.source.renew()")
    page.wait_for_function(f"() => {PLAYER}.video.src !== {source!r} && !{PLAYER}.source.isSwapping")
    wait_until_past(page, 22)
    assert lost_places(page) == []
    assert state(page)["error"] == 0
    assert page.evaluate("window.counts.seeking ?? 0") < 40
    page.goto("/objects/")
    kind, detail = trail.wait_for_end(recording)[-1]
    assert kind == "viewing.finished"
    spans = detail["spans"]
    assert spans[0][0] < 500
    assert spans[-1][1] >= 21_500
    gaps = [later[0] - earlier[1] for earlier, later in pairwise(spans)]
    assert all(gap < 2_500 for gap in gaps), "what was read again to come back here was not left out"
    assert "viewing.watch_excess" not in trail.kinds(recording)


def test_no_second_is_lost_while_a_slow_browser_swaps(
    page: Page, portal: Portal, sign_in: SignIn, trail: Trail
):
    """The film plays on before the script hears of it: those seconds were on screen."""
    recording = stored(portal, trail, ORDINARY)
    sign_in(page, "compliance_officer")
    play(page, recording)
    page.evaluate(
        """() => {
          const { play } = HTMLMediaElement.prototype;
          HTMLMediaElement.prototype.play = async function () {
            await play.call(this);
            await new Promise((next) => setTimeout(next, 2000));
          };
        }"""
    )
    wait_until_past(page, 3)
    source = state(page)["src"]
    page.evaluate(f"{PLAYER}.source.renew()")
    page.wait_for_function(f"() => {PLAYER}.video.src !== {source!r} && !{PLAYER}.source.isSwapping")
    wait_until_past(page, 8)
    page.goto("/objects/")
    spans = trail.wait_for_end(recording)[-1][1]["spans"]
    assert spans[-1][1] >= 7_500
    gaps = [later[0] - earlier[1] for earlier, later in pairwise(spans)]
    assert all(gap < 500 for gap in gaps)


def test_the_real_end_is_found(page: Page, portal: Portal, sign_in: SignIn, trail: Trail):
    """A header of 4 seconds: the film plays to its end, and the timeline learns it."""
    recording = stored(portal, trail, SHORT_HEADER)
    sign_in(page, "compliance_officer")
    play(page, recording)
    page.evaluate(f"for (let i = 0; i < 8; i++) {PLAYER}.querySelector('[data-do=faster]').click()")
    page.wait_for_function(f"() => {PLAYER}.video.ended", timeout=120_000)
    assert page.evaluate(f"{PLAYER}.video.currentTime") > 39
    expect(page.locator("portal-player [data-part=length]")).to_have_text("0:40")


def test_a_storage_that_sends_no_parts(page: Page, portal: Portal, sign_in: SignIn, trail: Trail):
    """A few tries, the place kept where the browser lets us, else a sentence; never a storm of seeks."""
    recording = stored(portal, trail, MINUTE.content, ending=".mp4")
    portal.sandbox.control.script_faults([{"kind": "whole", "target": "s3", "method": "GET", "count": 999}])
    sign_in(page, "compliance_officer")
    play(page, recording)
    page.evaluate(OBSERVE)
    wait_until_past(page, 5)
    page.keyboard.press("l")
    page.evaluate(f"{PLAYER}.source.renew()")
    page.wait_for_function(f"() => !{PLAYER}.source.isSwapping")
    wait_until_past(page, 8)
    assert lost_places(page) == []
    assert page.evaluate("window.counts.seeking ?? 0") < 20
    assert state(page)["error"] == 0


def test_the_first_seconds_are_reported_soon(page: Page, sign_in: SignIn, trail: Trail):
    """Before a browser that is killed could lose more than a few of them."""
    recording = trail.recording(skip=7)
    sign_in(page, "compliance_officer")
    play(page, recording)
    wait_for(lambda: trail.kinds(recording)[-1] == "viewing.watched")
    _, detail = trail.events(recording)[-1]
    assert detail["watched_ms"] < 9_000, "not only with the report after ten seconds"


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
    expect(page.get_by_label("Note")).to_be_disabled()
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


# What stands in for a film whose every moment the test decides, and for the portal that takes the reports.
FILM = """
  const { Watching } = await import("/static/portal/js/player/watching.js");
  const { merged } = await import("/static/portal/js/player/spans.js");
  const reports = [];
  window.fetch = async (_, { body }) => {
    reports.push(JSON.parse(body));
    return new Response("{}", { status: 200 });
  };
  class Film extends EventTarget {
    currentTime = 0; playbackRate = 1; seeking = false; spans = [];
    get played() {
      return { length: this.spans.length, start: (i) => this.spans[i][0], end: (i) => this.spans[i][1] };
    }
    event(name) { this.dispatchEvent(new Event(name)); }
    playTo(second) {
      while (this.currentTime < second) {
        const from = this.currentTime;
        this.currentTime = Math.min(second, from + 0.25 * this.playbackRate);
        this.spans = merged([...this.spans, [from, this.currentTime]]);
        this.event("timeupdate");
      }
    }
    jumpTo(second) {
      this.seeking = true;
      this.currentTime = second;
      this.event("seeking");
      this.event("timeupdate");
      this.seeking = false;
      this.event("timeupdate");
      this.event("seeked");
    }
    load() { this.currentTime = 0; this.spans = []; }
  }
  const film = new Film();
  const watching = new Watching(film, { watched: "/x", finish: "/y" }, { reported() {}, failed(why) { throw why; } });
"""


def watch(page: Page, steps: str) -> list[dict[str, object]]:
    """The reports of a film with which these steps are done."""
    page.goto("/")
    reports: list[dict[str, object]] = page.evaluate(f"async () => {{ {FILM} {steps} return reports; }}")
    return reports


def test_a_film_read_unseen_is_watched_at_nobodys_speed(page: Page, sign_in: SignIn):
    """A report that falls into the reading says the speed of what was watched before, and so does the next one."""
    sign_in(page, "qa_manager")
    reports = watch(
        page,
        """
        film.playTo(5);
        watching.skip();
        film.load();
        film.playbackRate = 16;
        film.playTo(3);
        await watching.post(); // what was seen before
        film.playTo(4);
        await watching.post(); // nothing is new
        film.playbackRate = 1;
        film.playTo(5);
        watching.goOn();
        film.playTo(9);
        await watching.post();
        """,
    )
    assert [(report["spans"], report["speed"]) for report in reports] == [
        ([[0, 5000]], 1),
        ([[5000, 9000]], 1),
    ]


def test_a_speed_chosen_while_a_film_is_swapped_is_reported(page: Page, sign_in: SignIn):
    """Else the portal takes what is watched at it for more than can have been played."""
    sign_in(page, "qa_manager")
    reports = watch(
        page,
        """
        film.playTo(5);
        await watching.post();
        watching.skip();
        film.load();
        film.jumpTo(5);
        film.playbackRate = 3;
        watching.goOn();
        film.playTo(20);
        await watching.post();
        """,
    )
    assert [(report["spans"], report["speed"]) for report in reports] == [
        ([[0, 5000]], 1),
        ([[5000, 20_000]], 3),
    ]


def test_what_is_watched_where_a_film_was_read_unseen_is_reported(page: Page, sign_in: SignIn):
    """The browser's record holds both as one span; what is jumped over in it stays unseen."""
    sign_in(page, "qa_manager")
    reports = watch(
        page,
        """
        film.playTo(2);
        watching.skip();
        film.load();
        film.playTo(55); // unseen
        watching.goOn();
        film.playTo(60);
        film.jumpTo(10);
        film.playTo(20);
        film.jumpTo(40);
        film.playTo(45);
        await watching.post();
        """,
    )
    assert [report["spans"] for report in reports] == [
        [[0, 2000], [10_000, 20_000], [40_000, 45_000], [55_000, 60_000]]
    ]


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
