"""The player in Chromium and in Firefox: it keeps its place in any film, and reports what was watched.

The portal under test gives URLs 15 seconds to live, the least there is.
"""

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
