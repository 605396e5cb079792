"""The verifier in the browser: it agrees with verify_audit.py on every forged file, from a folder and served."""

import base64
import io
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Request, expect

from recordings.evidence.verify_audit import verify
from tests.e2e.conftest import axe_findings
from tests.forgeries import case, cases, log

PAGE = Path(__file__).resolve().parents[2] / "static" / "portal" / "verify" / "verify.html"
SERVED = "/static/portal/verify/verify.html"
RUN = """async (given) => {
    const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    const brought = Object.fromEntries(Object.entries(given.brought).map(([name, text]) => [name, bytes(text)]));
    return verifyAudit(bytes(given.data), brought);
}"""
KEYS = {"policy_text": "policy", "tsa_pem": "tsa", "older": "older", "proof": "proof"}


def _encoded(value: str | bytes) -> str:
    return base64.b64encode(value.encode() if isinstance(value, str) else value).decode()


def _in_browser(page: Page, name: str) -> dict[str, Any]:
    made = case(name)
    brought = {KEYS[key]: _encoded(value) for key, value in made.brought.items()}
    found: dict[str, Any] = page.evaluate(RUN, {"data": _encoded(made.data), "brought": brought})
    return {"verdict": found["verdict"], "checks": [(one["name"], one["ok"]) for one in found["checks"]]}


def _in_python(name: str) -> dict[str, Any]:
    result = verify(io.BytesIO(case(name).data), **case(name).brought)
    return {"verdict": result.verdict, "checks": [(check.name, check.ok) for check in result.checks]}


def test_both_agree_on_every_forged_file(page: Page) -> None:
    page.goto(PAGE.as_uri())
    assert len(cases()) > 200
    differing = {name for name in cases() if _in_browser(page, name) != _in_python(name)}
    assert differing == set()


def _files(folder: Path) -> dict[str, Path]:
    files = {
        "bundle.zip": case("everybody").data,
        "forged.zip": case("A02_another_name").data,
        "policy.txt": log().policy().encode(),
        "kept.txt": log().note(4).encode(),
        "consistency.txt": log().request(4).encode(),
    }
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return {name: folder / name for name in files}


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    return _files(tmp_path)


@pytest.mark.parametrize("place", ["from a folder", "from the portal"])
def test_a_person_checks_a_bundle(page: Page, files: dict[str, Path], place: str, sign_in: Any) -> None:
    if place == "from the portal":
        sign_in(page, "external_auditor")
    page.goto(PAGE.as_uri() if place == "from a folder" else SERVED)
    sent: list[Request] = []
    page.on("request", lambda request: sent.append(request))
    page.set_input_files("#bundle", files["bundle.zip"])
    page.get_by_role("heading", name="CONSISTENT (self-signed only)").wait_for()
    page.set_input_files("#policy", files["policy.txt"])
    page.get_by_role("heading", name="WITNESSED by w0, w1").wait_for()
    expect(page.locator(".check")).to_have_count(13)
    page.set_input_files("#older", files["kept.txt"])
    page.set_input_files("#proof", files["consistency.txt"])
    page.locator(".check .name", has_text="older").wait_for()
    page.get_by_text("14 checks passed").wait_for()
    page.set_input_files("#bundle", files["forged.zip"])
    page.get_by_role("heading", name="INVALID").wait_for()
    expect(page.locator(".failed .name")).to_have_text(["values", "table"])
    assert sent == []


def test_what_is_dropped_is_told_apart(page: Page, files: dict[str, Path]) -> None:
    page.goto(PAGE.as_uri())
    dropped = [
        [path.name, _encoded(path.read_bytes())] for name, path in files.items() if name != "forged.zip"
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
    page.get_by_text("14 checks passed").wait_for()
    page.get_by_role("heading", name="WITNESSED by w0, w1").wait_for()


def test_the_page_can_send_nothing(page: Page, console: Any) -> None:
    console.expect("Content Security Policy|Failed to fetch|Refused to connect")
    page.goto(PAGE.as_uri())
    refused = page.evaluate("fetch('http://127.0.0.1:9/').then(() => false, () => true)")
    assert refused
    policy = page.locator("meta[http-equiv]").get_attribute("content") or ""
    assert "default-src 'none'" in policy
    assert "connect-src" not in policy


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("direction", ["ltr", "rtl"])
def test_it_is_usable_small_and_mirrored(
    page: Page, files: dict[str, Path], scheme: Any, direction: str, sign_in: Any
) -> None:
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": 390, "height": 844})
    sign_in(page, "external_auditor")
    page.goto(SERVED)
    page.evaluate("direction => document.documentElement.dir = direction", direction)
    page.set_input_files("#bundle", files["forged.zip"])
    page.get_by_role("heading", name="INVALID").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert axe_findings(page) == []


def test_the_served_page_stands_under_the_portals_own_policy(page: Page) -> None:
    """No inline script, no other host: one source of the script serves both places."""
    answer = page.request.get(SERVED)
    assert answer.status == 200
    assert "<script>" not in answer.text()
    assert "style=" not in answer.text()
    assert "script-src 'self'" in answer.headers["content-security-policy"]
