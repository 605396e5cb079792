"""The sealed log in a browser: every page of it clean, small, mirrored; comparing and checking as a person does it."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from auditportal.embedded import Services
from tests.e2e.conftest import SIZES, Filled, axe_findings, axe_findings_in_both_themes
from tests.e2e.portal import Portal, running
from tests.forge import INTERNAL
from tests.forge import Log as ForgedLog
from tests.forge_zip import pack
from tests.integration.proof.evidence.pages import settle
from tests.sealing import Signer, seal_all, signer_of
from tests.services import Databases
from tests.waiting import wait_for

ELSEWHERE = ForgedLog()
ONE_SEALER = threading.Lock()
RECORDING = "recording:0198c0de-0000-7000-8000-00000000000a"


class Sealing(threading.Thread):
    """The sealer of this portal: seals, signs and cosigns what is committed, every moment."""

    def __init__(self, portal: Portal, signer: Signer) -> None:
        super().__init__(daemon=True)
        self.portal, self.signer, self.over = portal, signer, threading.Event()

    def run(self) -> None:
        while not self.over.wait(0.3):
            with ONE_SEALER:
                seal_all(self.portal.services, signer=self.signer)

    def stop(self) -> None:
        self.over.set()
        self.join()


@pytest.fixture(scope="module")
def log_database(databases: Databases, filled: Filled, worker_id: str) -> Iterator[Services]:
    """A database of its own for the sealed portal."""
    with databases.copied(f"portal_{worker_id}_e2e_log", filled.database) as services:
        yield services


@pytest.fixture(scope="module")
def signer(log_database: Services) -> Signer:
    return signer_of(log_database, ["Internal-Audit"])


@pytest.fixture(scope="module")
def portal(tmp_path_factory: Any, filled: Filled, log_database: Services, signer: Signer) -> Iterator[Portal]:
    """A portal whose log is sealed and witnessed while the tests look at it."""
    folder = tmp_path_factory.mktemp("portal-log")
    policy = folder / "policy.txt"
    policy.write_text(_policy(signer))
    own = {
        "AUDIT_ORIGIN": signer.origin,
        "AUDIT_POLICY_FILE": str(policy),
        "DATABASE_SEALER_URL": log_database.sealer_url,
    }
    with running(log_database, filled.sandbox, folder, filled.password, own, parts=("web",)) as portal:
        sealing = Sealing(portal, signer)
        _happen(log_database, signer)
        sealing.start()
        yield portal
        sealing.stop()


def _policy(signer: Signer) -> str:
    """The portal's own log and witness, and those of a log elsewhere whose bundles are checked here."""
    elsewhere = f"log {ELSEWHERE.key.vkey}\nwitness w0 {INTERNAL.vkey}\n"
    return elsewhere + signer.policy_text.replace("all Internal-Audit", "any Internal-Audit w0")


def _happen(services: Services, signer: Signer) -> None:
    """Outside parties, one of them in trouble, and an incident that was settled."""
    seal_all(services, signer=signer)
    with psycopg.connect(services.sealer_url, autocommit=True) as connection:
        connection.execute(
            """INSERT INTO audit.outside (name, asked_at, success_at, size, trouble, every) VALUES
               ('witness Internal-Audit', now(), now(), NULL, '', '10 s'),
               ('timestamp', now(), NULL, NULL, 'tsa.example.com could not be asked: timed out.', '1 h')"""
        )
        connection.execute(
            "INSERT INTO audit.incident (code, detail) VALUES ('witness_refused', 'Another root.')"
        )
    settle(services, signer, "The witness had the older state.")


@pytest.fixture
def eva(page: Any, sign_in: Any, log_database: Services) -> Any:
    """The external auditor, with the log sealed up to her sign-in."""
    sign_in(page, "external_auditor")
    page.goto("/audit/")
    wait_for(lambda: _is_witnessed(log_database))
    return page


def _is_witnessed(services: Services) -> bool:
    """Whether every event is under a checkpoint that was cosigned."""
    both = "SELECT (SELECT count(*) FROM audit.event) = (SELECT max(size) FROM audit.cosignature)"
    with psycopg.connect(services.sealer_url) as connection:
        return bool(connection.execute(both).fetchall()[0][0])


def _newest_event(page: Any) -> str:
    page.goto("/audit/")
    sealed = page.locator("tr[data-row]").filter(has_text="witnessed").first
    return str(sealed.locator("a[data-open]").get_attribute("href"))


def _pages(page: Any) -> list[str]:
    page.goto("/audit/checkpoints/")
    checkpoint = page.locator("a[data-open]").last.get_attribute("href")
    rooms = ("checkpoints", "outside", "witnesses", "compare", "verify")
    fixed = ["/audit/", *(f"/audit/{room}/" for room in rooms)]
    return [*fixed, str(checkpoint), _newest_event(page)]


def test_axe_finds_nothing(eva: Any) -> None:
    for path in _pages(eva):
        assert axe_findings_in_both_themes(eva, path) == {}, path


@pytest.mark.parametrize("direction", ["ltr", "rtl"])
def test_no_page_is_wider_than_a_telephone(eva: Any, direction: str) -> None:
    paths = _pages(eva)
    eva.set_viewport_size({"width": 390, "height": 844})
    for path in paths:
        eva.goto(path)
        eva.evaluate("direction => document.documentElement.dir = direction", direction)
        assert eva.evaluate("document.documentElement.scrollWidth") <= 390, path


def test_the_strip_says_who_witnessed(eva: Any) -> None:
    eva.goto("/audit/")
    strip = eva.get_by_role("region", name="Log status")
    strip.get_by_text("WITNESSED by Internal-Audit").wait_for()


def test_an_auditor_compares_the_checkpoint_she_kept(eva: Any) -> None:
    """By keyboard alone, from the list to the proof."""
    eva.goto("/audit/checkpoints/")
    eva.locator("a[data-open]").last.click()
    note = eva.locator("pre").inner_text()
    eva.goto("/audit/compare/")
    eva.get_by_label("The checkpoint as text").focus()
    eva.keyboard.insert_text(note + "\n")
    eva.keyboard.press("Tab")
    eva.keyboard.press("Tab")
    eva.keyboard.press("Enter")
    eva.get_by_text("Consistent", exact=True).wait_for()
    assert axe_findings(eva) == []
    with eva.expect_download() as download:
        eva.get_by_role("link", name="Consistency proof").click()
    assert Path(download.value.path()).read_text().startswith("old ")


def test_a_rewritten_log_is_an_alarm(eva: Any, signer: Signer, portal: Portal, console: Any) -> None:
    text = f"{signer.origin}\n2\n{'A' * 43}=\n"
    eva.goto("/audit/compare/")
    eva.get_by_label("The checkpoint as text").fill(f"{text}\n{signer.key.sign(text)}\n")
    eva.get_by_role("button", name="Compare").click()
    eva.get_by_role("alert").get_by_text("Inconsistent").wait_for()
    assert axe_findings(eva) == []
    eva.goto("/audit/")
    eva.get_by_text("1 incident open").wait_for()
    with ONE_SEALER:
        settle(portal.services, signer, "A drill.")


def test_the_proof_of_an_event_is_taken_and_checked_here(eva: Any, tmp_path: Path) -> None:
    eva.goto(_newest_event(eva))
    eva.get_by_text("Equal to").wait_for()
    with eva.expect_download() as download:
        eva.get_by_role("link", name="Proof", exact=True).click()
    taken = tmp_path / "one.tlog-proof"
    download.value.save_as(taken)
    eva.goto("/audit/verify/")
    eva.get_by_label("The bundle, or the proof of an event").set_input_files(taken)
    eva.get_by_role("button", name="Verify").click()
    eva.get_by_text("WITNESSED by Internal-Audit").wait_for()
    assert axe_findings(eva) == []


def test_what_is_no_bundle_is_not_checked_and_no_alarm(eva: Any, tmp_path: Path) -> None:
    picture = tmp_path / "holiday.png"
    picture.write_bytes(b"\x89PNG")
    eva.goto("/audit/verify/")
    eva.get_by_label("The bundle, or the proof of an event").set_input_files(picture)
    eva.get_by_role("button", name="Verify").click()
    eva.get_by_text("NOT CHECKED:").wait_for()
    eva.get_by_text("no sign of forgery. Use the file exactly as it was downloaded").wait_for()
    assert eva.get_by_role("alert").count() == 0
    assert axe_findings(eva) == []


def test_a_bundle_is_read_from_its_statement_down_to_its_checks(
    log_database: Services, sign_in: Any, page: Any, tmp_path: Path
) -> None:
    """In both themes, and no wider than a telephone."""
    log = ELSEWHERE.copy()
    log.add("recording.discovered", about=RECORDING, by="system:refresh", object={"parent": "object:3"})
    log.add(about=RECORDING, names={"actor.name": "Eva Lang"}, object={"parent": "object:3"})
    bundle = tmp_path / "bundle.zip"
    bundle.write_bytes(pack(log.bundle("object", "object:3")).getvalue())
    sign_in(page, "external_auditor")
    page.goto("/audit/verify/")
    page.get_by_label("The bundle, or the proof of an event").set_input_files(bundle)
    page.get_by_role("button", name="Verify").click()
    page.get_by_text("WITNESSED by w0").wait_for()
    page.get_by_text("1 video URL was issued").wait_for()
    assert axe_findings_in_both_themes(page) == {}
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_key_is_copied_with_a_button(eva: Any, signer: Signer) -> None:
    eva.context.grant_permissions(["clipboard-read", "clipboard-write"])
    eva.goto("/audit/witnesses/")
    eva.get_by_role("button", name="Copy").first.click()
    eva.get_by_text("Copied.").wait_for()
    assert eva.evaluate("navigator.clipboard.readText()") == signer.vkey
