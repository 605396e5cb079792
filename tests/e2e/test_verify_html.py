"""The verifier in the browser: it agrees with verify_audit.py on every forged file, from a folder, served and as one file."""

import hashlib
import os
import time
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Request, expect

from recordings.evidence.single_file import single_file
from tests.e2e.conftest import axe_findings
from tests.e2e.verifier import FOLDER, PAGE, encoded, in_browser, in_python
from tests.forge import Log
from tests.forge_parts import recording
from tests.forge_tools import changed_line, story
from tests.forge_zip import pack
from tests.forgeries import case, cases, log

SERVED = "/static/portal/verify/verify.html"


def test_both_agree_on_every_forged_file(page: Page) -> None:
    page.goto(PAGE.as_uri())
    assert len(cases()) > 200
    differing = {name for name in cases() if in_browser(page, case(name)) != in_python(case(name))}
    assert differing == set()


def test_every_sentence_of_a_check_is_a_sentence(page: Page) -> None:
    """What is shown to a person is English, never the name of an error or of a class."""
    page.goto(PAGE.as_uri())
    run = """async (data) => {
        const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
        const { checks, verdict } = await auditVerifier.verify(new Blob([bytes]));
        return [verdict, ...checks.map(({ sentence }) => sentence)];
    }"""
    for name in cases():
        verdict, *sentences = page.evaluate(run, encoded(case(name).data))
        assert "did not expect" not in verdict, name
        for sentence in sentences:
            assert sentence.endswith("."), (name, sentence)
            assert not any(word in sentence for word in ("Error", "undefined", "null", "NaN", "[object")), (
                name,
                sentence,
            )


# --- one byte, anywhere


def _small() -> dict[str, bytes]:
    """The files of a bundle of few leaves; what nobody checks is short."""
    log = Log()
    log.add(about=recording(7), names={"actor.name": "Noa"})
    log.close()
    files = log.bundle("target", recording(7))
    return files | {"verify_audit.py": b"pass\n", "verify.html": b"<p>\n"}


CHANGES = """async ([text, kind, from, to]) => {
    const whole = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)), accepted = [];
    const changed = {
        exchanged: (at) => { const data = whole.slice(); data[at] ^= 1 + ((at * 7) % 255); return [data]; },
        removed: (at) => [whole.subarray(0, at), whole.subarray(at + 1)],
        inserted: (at) => [whole.subarray(0, at), Uint8Array.of((at * 11) % 256), whole.subarray(at)],
        doubled: (at) => [whole.subarray(0, at), whole.subarray(at, at + 1), whole.subarray(at)],
    }[kind];
    for (let at = from; at < to; at++) {
        const { exit_code } = await auditVerifier.verify(new Blob(changed(at)));
        if (exit_code === 0) accepted.push(at);
    }
    return accepted;
}"""


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["exchanged", "removed", "inserted", "doubled"])
def test_one_byte_changed_anywhere_is_never_accepted(page: Page, kind: str) -> None:
    """T18, T21: every position of a bundle, the zip's own headers included."""
    data = pack(_small()).getvalue()
    page.goto(PAGE.as_uri())
    assert page.evaluate(CHANGES, [encoded(data), "exchanged", 0, 0]) == []
    accepted = page.evaluate(
        "async (text) => (await auditVerifier.verify(new Blob([Uint8Array.from(atob(text), (c) => c.charCodeAt(0))]))).exit_code",
        encoded(data),
    )
    assert accepted == 0
    assert page.evaluate(CHANGES, [encoded(data), kind, 0, len(data)]) == []


@pytest.mark.parametrize(
    "order", ["genuine first", "forged first", "twice", "byte before", "byte behind", "cut"]
)
def test_files_put_together_are_not_checked(page: Page, order: str) -> None:
    """T20: two bundles in one file are no bundle, whichever comes first."""
    genuine, forged = pack(_small()).getvalue(), case("A02_another_name").data
    files = {
        "genuine first": genuine + forged,
        "forged first": forged + genuine,
        "twice": genuine + genuine,
        "byte before": b"P" + genuine,
        "byte behind": genuine + b"\0",
        "cut": genuine[:-1],
    }
    page.goto(PAGE.as_uri())
    run = "async (text) => auditVerifier.verify(new Blob([Uint8Array.from(atob(text), (c) => c.charCodeAt(0))]))"
    found = page.evaluate(run, encoded(files[order]))
    assert found["verdict"].startswith("NOT CHECKED: ")
    assert found["exit_code"] == 2


def test_it_unpacks_the_bytes_that_python_unpacks(page: Page) -> None:
    files = case("everybody").data
    page.goto(PAGE.as_uri())
    run = """async (text) => {
        const zip = await auditVerifier.Zip.open(new Blob([Uint8Array.from(atob(text), (c) => c.charCodeAt(0))]));
        const found = {};
        for (const name of zip.entries.keys()) {
            const digest = await crypto.subtle.digest("SHA-256", await zip.read(name));
            found[name] = auditVerifier.hex(new Uint8Array(digest));
        }
        return found;
    }"""
    assert page.evaluate(run, encoded(files)) == unpacked_by_python(files)


def unpacked_by_python(data: bytes) -> dict[str, str]:
    import io
    import zipfile

    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: hashlib.sha256(archive.read(name)).hexdigest() for name in archive.namelist()}


def test_its_own_sha256_is_sha256(page: Page) -> None:
    """Every length around the block's borders, in pieces of every kind, against the browser's own; and HMAC of RFC 4231."""
    page.goto(PAGE.as_uri())
    wrong = page.evaluate(
        """async () => {
            const { Sha256, sha256, hex } = auditVerifier, wrong = [];
            for (let length = 0; length < 300; length++) {
                const data = Uint8Array.from({ length }, (_, at) => at * length);
                const right = hex(new Uint8Array(await crypto.subtle.digest("SHA-256", data))), hash = new Sha256();
                for (let at = 0; at < length; at += 1 + (at % 71)) hash.update(data.subarray(at, at + 1 + (at % 71)));
                if (hex(hash.digest()) !== right || hex(sha256(data)) !== right) wrong.push(length);
            }
            return wrong;
        }"""
    )
    assert wrong == []
    tag = page.evaluate(
        "auditVerifier.hex(auditVerifier.hmac(auditVerifier.encode('Jefe'), 'what do ya want for nothing?'))"
    )
    assert tag == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"


# --- the page


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


@pytest.mark.parametrize("place", ["from a folder", "from the portal", "as one file"])
def test_a_person_checks_a_bundle(
    page: Page, files: dict[str, Path], one_file: Path, place: str, sign_in: Any
) -> None:
    if place == "from the portal":
        sign_in(page, "external_auditor")
    page.goto(
        {"from a folder": PAGE.as_uri(), "from the portal": SERVED, "as one file": one_file.as_uri()}[place]
    )
    sent: list[Request] = []
    page.on("request", lambda request: sent.append(request))
    page.set_input_files("#bundle", files["bundle.zip"])
    page.get_by_role("heading", name="CONSISTENT (self-signed only)").wait_for()
    page.set_input_files("#policy", files["policy.txt"])
    page.get_by_role("heading", name="WITNESSED by w0, w1").wait_for()
    expect(page.locator(".check")).to_have_count(14)
    expect(page.locator(".statement dt").first).to_have_text("About")
    expect(page.locator(".statement dd").first).to_have_text("every event")
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
        "#bundle", _written(files["bundle.zip"].parent / "empty.zip", pack(_small()).getvalue())
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


@pytest.mark.parametrize("place", ["folder", "one file"])
def test_the_page_can_send_nothing(page: Page, console: Any, one_file: Path, place: str) -> None:
    console.expect("Content Security Policy|Failed to fetch|Refused to connect")
    page.goto(PAGE.as_uri() if place == "folder" else one_file.as_uri())
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
    text = single_file().decode()
    single_file.cache_clear()
    assert single_file().decode() == text
    for script in FOLDER.glob("*.js"):
        assert script.read_text() in text


def test_it_says_where_a_verifier_inside_a_bundle_comes_from(page: Page, one_file: Path) -> None:
    page.goto(one_file.as_uri())
    expect(page.get_by_text("A verifier inside a bundle comes from the bundle’s maker.")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("direction", ["ltr", "rtl"])
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
    page.evaluate("globalThis.ballast = new Uint8Array(100_000_000).fill(1)")
    found = max(renderers, key=lambda pid: _resident(pid) - before[pid])
    page.evaluate("delete globalThis.ballast")
    return found


def _resident(pid: int) -> int:
    """The bytes a process holds in memory."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.slow
def test_ten_thousand_events_are_checked_in_little_memory(
    page: Page, ten_thousand: bytes, tmp_path: Path
) -> None:
    page.goto(PAGE.as_uri())
    renderer = _renderer(page)
    page.reload()
    page.request.get  # the page is quiet: nothing else runs in it
    empty = _resident(renderer)
    page.set_input_files("#bundle", _written(tmp_path / "large.zip", ten_thousand))
    peak, until = 0, time.monotonic() + 120
    while not page.locator(".verdict").count():
        peak = max(peak, _resident(renderer))
        assert time.monotonic() < until
        page.wait_for_timeout(50)
    page.get_by_role("heading", name="CONSISTENT (self-signed only)").wait_for()
    assert peak - empty < 300 * 2**20


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
    bundle = _written(tmp_path / "large.zip", ten_thousand)
    page.set_input_files("#bundle", bundle)
    page.locator(".verdict").wait_for(timeout=120_000)
    seen = page.evaluate("seen")
    assert any("of 10,003 leaves" in words for words in seen), seen[-3:]
    page.set_input_files("#bundle", bundle)
    page.get_by_role("button", name="Cancel").click()
    page.get_by_text("Cancelled. Nothing was checked.").wait_for()
