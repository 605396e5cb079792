"""From `make demo` to a verified bundle with nothing but README, whose commands are run as they are written."""

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from auditportal.embedded.redis import free_port
from tests.demo import ROOT, Shown
from tests.documents import blocks
from tests.e2e.test_journey import start, until

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
TRY_IT, CHECK_US = (block for block in blocks(ROOT / "README.md") if block.is_shell)
VIDEO = "document.querySelector('portal-player video')"


def test_the_two_commands_of_make_are_those_of_this_test() -> None:
    """`make demo` and `make test`, word for word; what they run is tested here and by this very run."""
    commands = [line.split("#")[0].split() for line in TRY_IT.text.splitlines()]
    assert commands == [["make", "demo"], ["make", "test"]]
    done = subprocess.run(
        ["make", "-n", "-o", ".venv/.app", "demo", "PORT=9000"],
        cwd=ROOT,
        # Under `make test` this make would be a child, which also prints the folder that it enters.
        env={
            name: value
            for name, value in os.environ.items()
            if name not in ("MAKELEVEL", "MAKEFLAGS", "MFLAGS")
        },
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == ".venv/bin/python manage.py demo --port 9000"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder that looks like the repository, for what the commands write."""
    for name in ("recordings", "static"):
        (tmp_path / name).symlink_to(ROOT / name)
    return tmp_path


@pytest.fixture
def demo(checkout: Path) -> Iterator[Shown]:
    shown = Shown(checkout / ".portal", free_port())
    yield shown
    shown.end()


def test_from_the_readme_alone_to_a_verified_bundle(checkout: Path, demo: Shown, browser: Browser) -> None:
    demo.wait_for("Stop with Ctrl-C")
    page = browser.new_page(accept_downloads=True)
    sign_in(page, demo)
    page.goto(f"{page.url}recordings/?state=playable")
    page.locator("main a[href^='/recordings/']:has-text(':')").first.click()
    start(page)
    until(page, f"{VIDEO}.currentTime > 2")
    export_bundle(page, checkout)
    page.close()

    said = run_block(checkout)
    assert "WITNESSED by Internal-Audit" in said
    assert said.count("WITNESSED") == 1
    assert re.search("^(INVALID|NOT CHECKED)", said, re.MULTILINE)
    assert said.endswith("not accepted\n")
    assert (checkout / "kept.txt").read_text().startswith("auditportal.localhost/")


def sign_in(page: Page, demo: Shown) -> None:
    """As the demo says: the address and the password it prints."""
    address = re.search(r"ready: (\S+)", demo.text)
    password = re.search(r"password {2}(\S+)", demo.text)
    assert address
    assert password
    page.goto(address[1])
    page.get_by_label("User name").fill("noa.levi")
    page.get_by_label("Password").fill(password[1])
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(address[1])


def export_bundle(page: Page, folder: Path) -> None:
    page.get_by_role("link", name="Export a bundle").first.click()
    page.get_by_role("button", name="Build the report").click()
    expect(page.get_by_text("Ready", exact=True).first).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download", exact=True).click()
    download.value.save_as(folder / "report.zip")


def run_block(folder: Path) -> str:
    """README's commands, one after the other in one shell, as somebody pastes them. Returns what they print."""
    command = ["bash", "-e", "-c", CHECK_US.text]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
