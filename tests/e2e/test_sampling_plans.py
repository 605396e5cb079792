"""The life of a sampling plan in a browser: created, frozen, drawn with a witness, drawn again, begun."""

import os
import zipfile
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Filled, axe_findings_in_both_themes
from tests.e2e.portal import Portal, running
from tests.e2e.test_scorecards import new_from
from tests.e2e.test_trail_pages import Sealing
from tests.sealing import settings_for, signer_of
from tests.services import Databases
from tests.waiting import wait_for

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def portal(
    databases: Databases, filled: Filled, worker_id: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Portal]:
    """A portal of its own whose log is sealed and witnessed, with a worker that draws."""
    folder = tmp_path_factory.mktemp("plans")
    with databases.copied(f"portal_{worker_id}_plans", filled.database) as services:
        signer = signer_of(services, ["North"])
        own = {name: str(value) for name, value in settings_for(services, signer, folder).items()}
        with running(services, filled.sandbox, folder, filled.password, own) as portal:
            sealing = Sealing(portal, signer)
            sealing.start()
            yield portal
            sealing.stop()


def look(page: Page, name: str) -> None:
    """Save a picture where somebody wants to look at the pages."""
    if folder := os.environ.get("PICTURES_OF_PLANS"):
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)


@pytest.mark.slow
def test_a_plan_is_drawn_with_a_witness_and_its_work_begun(
    page: Page, portal: Portal, sign_in: Any, tmp_path: Any
) -> None:
    page.set_viewport_size({"width": 1440, "height": 900})
    sign_in(page, "qa_manager")
    new_from(page, "Identity check by video")
    page.get_by_role("link", name="View and activate").click()
    page.get_by_role("button", name="Activate").click()

    page.goto("/reviews/plans/")
    page.get_by_role("link", name="New plan").first.click()
    page.get_by_label("Name", exact=True).fill("Monthly check")
    page.get_by_label("How many in a period").fill("6")
    page.get_by_label("Count").select_option("all")
    page.get_by_label("Period", exact=True).select_option("month")
    for load in page.locator("input[name^=load_]").all():
        load.fill("6")
    look(page, "form")
    form = page.url
    page.get_by_role("button", name="Create the plan").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Monthly check")
    plan = page.url

    page.get_by_label("Period", exact=True).select_option("current")
    page.get_by_role("button", name="Freeze and draw now").click()
    page.wait_for_url("**/reviews/samples/**")
    sample = page.url

    def is_drawn() -> bool:
        page.reload()
        return page.get_by_text("North.example").count() > 0

    wait_for(is_drawn, 240)  # the worker draws once a minute
    look(page, "sample")
    page.get_by_role("link", name="Compute again").click()
    expect(page.get_by_text("The same picks")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="Export").click()
    download.value.save_as(tmp_path / "sample.zip")
    with zipfile.ZipFile(tmp_path / "sample.zip") as archive:
        assert len(archive.read("picks.tsv").splitlines()) == 6

    page.goto("/reviews/todo/")
    look(page, "todo")
    for path in ("/reviews/plans/", form, plan, sample, "/reviews/todo/"):
        page.set_viewport_size({"width": 1440, "height": 900})
        assert axe_findings_in_both_themes(page, path) == {}, path
        page.set_viewport_size({"width": 390, "height": 844})
        look(page, "narrow-" + path.strip("/").replace("/", "-")[-40:])
        for direction in ("ltr", "rtl"):
            page.evaluate("direction => document.documentElement.dir = direction", direction)
            assert page.evaluate("document.documentElement.scrollWidth") <= 390, (path, direction)
    page.get_by_role("button", name="Begin").first.click()
    page.wait_for_url("**/reviews/evaluations/**")
    expect(page.locator("#evaluation-form")).to_be_visible()
