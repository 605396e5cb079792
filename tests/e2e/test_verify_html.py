"""The page around the browser's verifier: on the portal, and as the single file in a bundle."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.utils import translation
from playwright.sync_api import Page, Request, expect

from recordings.proof.evidence.check.single_file import single_file
from tests.e2e.conftest import axe_findings
from tests.e2e.verifier import PAGE, SCRIPTS, encoded, small
from tests.forge import Log
from tests.forge_parts import recording
from tests.forge_zip import pack
from tests.forgeries import case, log

SERVED = "/audit/verify/browser/"


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    data = {
        "bundle.zip": case("everybody").data,
        "forged.zip": case("A02_another_name").data,
        "repacked.zip": case("everybody").data + b"\n",
        "policy.txt": log().policy().encode(),
        "kept.txt": b"",
        "consistency.txt": b"",
    }
    asked = log().asked()
    data |= {"kept.txt": asked.note(4).encode(), "consistency.txt": asked.request(4).encode()}
    for name, content in data.items():
        (tmp_path / name).write_bytes(content)
    return {name: tmp_path / name for name in data}


@pytest.fixture
def one_file(tmp_path: Path) -> Path:
    """The page as it travels in a bundle, alone in a folder."""
    folder = tmp_path / "alone"
    folder.mkdir()
    (folder / "verify.html").write_bytes(single_file())
    return folder / "verify.html"


@pytest.mark.parametrize("place", ["from the portal", "as one file"])
def test_a_person_checks_a_bundle(
    page: Page, files: dict[str, Path], one_file: Path, place: str, sign_in: Any
) -> None:
    if place == "from the portal":
        sign_in(page, "external_auditor")
    page.goto({"from the portal": SERVED, "as one file": one_file.as_uri()}[place])
    sent: list[Request] = []
    page.on("request", lambda request: sent.append(request))
    page.set_input_files("#bundle", files["bundle.zip"])
    page.get_by_role("heading", name="CONSISTENT (self-signed only)").wait_for()
    page.set_input_files("#policy", files["policy.txt"])
    page.get_by_role("heading", name="WITNESSED by w0, w1").wait_for()
    expect(page.locator(".check")).to_have_count(14)
    expect(page.locator(".statement dt").first).to_have_text("About")
    expect(page.locator(".statement dd").first).to_have_text("all events")
    page.set_input_files("#older", files["kept.txt"])
    page.set_input_files("#proof", files["consistency.txt"])
    page.locator(".check .name", has_text="older").wait_for()
    page.get_by_text("15 checks passed").wait_for()
    page.set_input_files("#bundle", files["forged.zip"])
    page.get_by_role("heading", name="INVALID").wait_for()
    expect(page.locator(".failed .name").first).to_have_text("values")
    expect(page.locator(".statement")).to_have_count(0)
    page.set_input_files("#bundle", files["repacked.zip"])
    page.get_by_role("heading", name="NOT CHECKED").wait_for()
    expect(page.locator(".check")).to_have_count(0)
    assert sent == []


def test_the_verdict_tells_not_checked_from_invalid_and_none_from_ok(
    page: Page, files: dict[str, Path]
) -> None:
    """T6, T22: each has a look of its own."""
    page.goto(PAGE.as_uri())
    colours = {}
    for name, heading in (
        ("bundle.zip", "CONSISTENT"),
        ("forged.zip", "INVALID"),
        ("repacked.zip", "NOT CHECKED"),
    ):
        page.set_input_files("#bundle", files[name])
        title = page.get_by_role("heading", name=heading)
        title.wait_for()
        colours[heading] = title.evaluate("element => getComputedStyle(element).color")
    assert len(set(colours.values())) == 3
    page.set_input_files("#bundle", files["forged.zip"])
    page.locator(".failed").first.wait_for()
    page.set_input_files(
        "#bundle", _written(files["bundle.zip"].parent / "empty.zip", pack(small()).getvalue())
    )
    empty, passed = page.locator(".check.empty .state"), page.locator(".check.passed .state").first
    expect(empty.first).to_have_text("none")
    colour = "element => getComputedStyle(element).color"
    assert empty.first.evaluate(colour) != passed.evaluate(colour)


def _written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def test_what_is_dropped_is_told_apart(page: Page, files: dict[str, Path]) -> None:
    page.goto(PAGE.as_uri())
    dropped = [
        [path.name, encoded(path.read_bytes())]
        for name, path in files.items()
        if name not in ("forged.zip", "repacked.zip")
    ]
    page.evaluate(
        """(files) => {
            const dataTransfer = new DataTransfer();
            for (const [name, text] of files)
                dataTransfer.items.add(new File([Uint8Array.from(atob(text), (c) => c.charCodeAt(0))], name));
            dispatchEvent(new DragEvent("drop", { dataTransfer, cancelable: true }));
        }""",
        dropped,
    )
    page.get_by_text("15 checks passed").wait_for()
    page.get_by_role("heading", name="WITNESSED by w0, w1").wait_for()


@pytest.mark.parametrize("place", ["from the portal", "as one file"])
def test_the_page_can_send_nothing(page: Page, console: Any, one_file: Path, place: str) -> None:
    console.expect("Content Security Policy|Failed to fetch|Refused to connect")
    page.goto({"from the portal": SERVED, "as one file": one_file.as_uri()}[place])
    refused = page.evaluate("fetch('http://127.0.0.1:9/').then(() => false, () => true)")
    assert refused
    policy = page.locator("meta[http-equiv]").get_attribute("content") or ""
    assert "default-src 'none'" in policy
    assert "connect-src" not in policy


def test_the_single_file_admits_its_own_scripts_and_no_other(
    page: Page, console: Any, one_file: Path
) -> None:
    console.expect("Content Security Policy")
    text = one_file.read_text()
    assert "src=" not in text.split("</head>")[0]
    assert "<link" not in text
    assert all(f"{name}.js" not in text for name in ("sha256", "verify", "page"))
    one_file.write_text(text.replace("</body>", "<script>globalThis.strange = 1</script></body>"))
    page.goto(one_file.as_uri())
    assert page.evaluate("[typeof strange, typeof auditVerifier.verify]") == ["undefined", "function"]


def test_the_single_file_is_the_same_each_time_and_of_every_script() -> None:
    """Whoever asks for it: its SHA-256 is published."""
    text = single_file().decode()
    single_file.cache_clear()
    with translation.override("he"):
        assert single_file().decode() == text
    for script in SCRIPTS.glob("*.js"):
        assert script.read_text() in text


def test_it_says_where_a_verifier_inside_a_bundle_comes_from(page: Page, one_file: Path) -> None:
    page.goto(one_file.as_uri())
    expect(page.get_by_text("A verifier inside a bundle comes from whoever made the bundle.")).to_be_visible()


@pytest.mark.parametrize(("scheme", "direction"), [("light", "ltr"), ("dark", "rtl")])
@pytest.mark.parametrize("name", ["bundle.zip", "forged.zip", "repacked.zip"])
def test_it_is_usable_small_and_mirrored(
    page: Page, files: dict[str, Path], scheme: Any, direction: str, name: str, sign_in: Any
) -> None:
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": 390, "height": 844})
    sign_in(page, "external_auditor")
    page.goto(SERVED)
    page.evaluate("direction => document.documentElement.dir = direction", direction)
    page.set_input_files("#bundle", files[name])
    page.locator(".verdict").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert axe_findings(page) == []


def test_the_served_page_stands_under_the_portals_own_policy(page: Page) -> None:
    """No inline script, no other host: one source of the script serves both places."""
    answer = page.request.get(SERVED)
    assert answer.status == 200
    assert "<script>" not in answer.text()
    assert "style=" not in answer.text()
    assert "script-src 'self'" in answer.headers["content-security-policy"]


def test_the_served_page_is_in_the_readers_language(page: Page) -> None:
    text = page.request.get(SERVED, headers={"Accept-Language": "he"}).text()
    assert '<html lang="he" dir="rtl">' in text
    assert 'src="/words/he.js' in text


# --- size


@pytest.fixture(scope="module")
def ten_thousand() -> bytes:
    log = Log()
    for number in range(10_000):
        log.add(
            about=recording(number % 500),
            by=f"user:{number % 97}",
            object={"parent": f"object:{number % 300}"},
            names={
                "actor.name": f"Person {number % 97}",
                "source.ip": "192.0.2.7",
                "object.label": "מרים כהן",
            },
            detail={"seconds": number % 900},
            after=0.3,
        )
    log.close(after=90)
    return pack(log.bundle()).getvalue()


def _renderer(page: Page) -> int:
    """The process that draws this page: the one whose memory grows when the page's does."""
    session = page.context.browser.new_browser_cdp_session()  # type: ignore[union-attr]
    processes = session.send("SystemInfo.getProcessInfo")["processInfo"]
    renderers = [int(one["id"]) for one in processes if one["type"] == "renderer"]
    before = {pid: _resident(pid) for pid in renderers}
    page.evaluate(
        "() => { globalThis.ballast = new Uint8Array(100_000_000).fill(1); }"
    )  # nothing to send back
    found = max(renderers, key=lambda pid: _resident(pid) - before[pid])
    page.evaluate("delete globalThis.ballast")
    return found


def _resident(pid: int) -> int:
    """The bytes a process holds in memory."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@contextmanager
def _watched(pid: int) -> Iterator[list[int]]:
    """What a process holds meanwhile, looked at from outside: questions to the page would hold it up."""
    seen, ended = [_resident(pid)], threading.Event()

    def look() -> None:
        while not ended.wait(0.05):
            seen.append(_resident(pid))

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        yield seen
    finally:
        ended.set()
        watcher.join()


@pytest.mark.slow
def test_ten_thousand_events_are_checked_in_little_memory(
    page: Page, ten_thousand: bytes, tmp_path: Path
) -> None:
    page.goto(PAGE.as_uri())
    renderer = _renderer(page)
    page.reload()
    empty = _resident(renderer)
    page.set_input_files("#bundle", _written(tmp_path / "large.zip", ten_thousand))
    with _watched(renderer) as seen:
        page.get_by_role("heading", name="CONSISTENT (self-signed only)").wait_for(timeout=600_000)
    assert len(seen) > 5
    assert max(seen) - empty < 300 * 2**20


@pytest.mark.slow
def test_a_check_tells_how_far_it_is_and_can_be_cancelled(
    page: Page, ten_thousand: bytes, tmp_path: Path
) -> None:
    """The page answers while it computes: it draws its progress, and the button works."""
    page.goto(PAGE.as_uri())
    page.evaluate(
        """() => {
            globalThis.seen = [];
            new MutationObserver(() => {
                const words = document.querySelector(".working .quiet")?.textContent;
                if (words && seen.at(-1) !== words) seen.push(words);
            }).observe(document.getElementById("result"), { childList: true, subtree: true, characterData: true });
        }"""
    )
    page.set_input_files("#bundle", _written(tmp_path / "large.zip", ten_thousand))
    page.locator(".verdict").wait_for(timeout=600_000)
    seen = page.evaluate("seen")
    assert any("of 10,004 leaves" in words for words in seen), seen[-3:]
    page.evaluate(
        "setInterval(() => document.querySelector('.cancel')?.click(), 20)"
    )  # as soon as it is there
    page.set_input_files("#bundle", _written(tmp_path / "again.zip", ten_thousand))
    page.get_by_text("Cancelled. Nothing was checked.").wait_for()
