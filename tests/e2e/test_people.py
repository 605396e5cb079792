"""The life of an account in a browser: invited, used, deactivated; and a list of people brought in from a file."""

import csv
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.e2e.conftest import axe_findings_in_both_themes, confirm
from tests.e2e.playing import Trail, play
from tests.e2e.portal import Portal
from tests.waiting import wait_for

SignIn = Callable[..., None]
NEW_PASSWORD = "seven green bicycles on a roof"


@pytest.fixture
def elsewhere(browser: Browser, portal: Portal) -> Iterator[BrowserContext]:
    """Another person's browser."""
    context = browser.new_context(base_url=portal.url, timezone_id="UTC")
    context.set_default_timeout(60_000)
    yield context
    context.close()


def invite(page: Page, portal: Portal, name: str, username: str, role: str = "QA manager") -> str:
    """Invite somebody on the pages, and return the link that is shown."""
    page.goto("/people/")
    page.get_by_role("link", name="Invite a person").click()
    page.get_by_label("Full name").fill(name)
    page.get_by_label("User name").fill(username)
    page.get_by_label("Role").select_option(label=role)
    page.get_by_label("Reason").fill("joins the claims team")
    confirm(page, portal)
    page.get_by_role("button", name="Create the account").click()
    return page.locator("#invitation-link").inner_text()


def test_an_invitation_from_the_first_click_to_the_end_of_the_account(
    page: Page, portal: Portal, sign_in: SignIn, elsewhere: BrowserContext, console: Any
) -> None:
    console.expect("410")
    sign_in(page, "administrator")
    link = invite(page, portal, "Rut Peled", "rut.peled")
    assert axe_findings_in_both_themes(page) == {}

    # Opened where the administrator is signed in, it does nothing.
    page.goto(link)
    expect(page.get_by_role("heading", name="This link is for another person")).to_be_visible()

    # Its owner chooses a password, and signs in.
    ruts = elsewhere.new_page()
    ruts.goto(link)
    expect(ruts.get_by_text("Your user name is rut.peled.")).to_be_visible()
    ruts.get_by_label("New password").fill("too short")
    ruts.get_by_role("button", name="Set the password").click()
    expect(ruts.get_by_text("15 characters", exact=False).last).to_be_visible()
    ruts.get_by_label("New password").fill(NEW_PASSWORD)
    ruts.get_by_role("button", name="Set the password").click()
    ruts.get_by_label("User name").fill("rut.peled")
    ruts.get_by_label("Password").fill(NEW_PASSWORD)
    ruts.get_by_role("button", name="Sign in", exact=True).click()
    expect(ruts.get_by_role("heading", name="Newest recordings")).to_be_visible()

    # The link is used up.
    stranger = elsewhere.browser.new_context(base_url=portal.url).new_page()  # type: ignore[union-attr]
    stranger.goto(link)
    expect(stranger.get_by_role("heading", name="This link has been used")).to_be_visible()
    stranger.context.close()

    # While they watch, the account is deactivated: viewing and session end with the next request.
    trail = Trail(portal)
    recording = trail.recording(skip=9)
    play(ruts, recording)
    page.goto("/people/?q=rut.peled")
    page.get_by_role("link", name="Rut Peled").click()
    page.get_by_role("link", name="Deactivate").click()
    expect(page.get_by_role("heading", name="Deactivate the account of Rut Peled?")).to_be_visible()
    page.get_by_label("Reason").fill("left the company")
    confirm(page, portal)
    page.get_by_role("button", name="Deactivate").click()
    expect(
        page.get_by_text("The account of Rut Peled is inactive. Sessions and viewings ended.")
    ).to_be_visible()
    wait_for(lambda: trail.kinds(recording)[-1] == "viewing.finished")
    ruts.goto("/objects/")
    expect(ruts.get_by_role("heading", name="Sign in")).to_be_visible()
    ruts.get_by_label("User name").fill("rut.peled")
    ruts.get_by_label("Password").fill(NEW_PASSWORD)
    ruts.get_by_role("button", name="Sign in", exact=True).click()
    expect(ruts.get_by_text("The user name or the password is wrong.")).to_be_visible()


def test_people_from_a_file_and_their_links_as_a_file(
    page: Page, portal: Portal, sign_in: SignIn, tmp_path: Path
) -> None:
    sign_in(page, "administrator")
    page.goto("/people/")
    page.get_by_role("link", name="Import CSV").click()
    assert axe_findings_in_both_themes(page) == {}
    lines = ["Name,User name,Role,Until,Reason"]
    lines += ["Omar Aziz,omar.aziz,External auditor,2099-12-31,yearly audit"]
    lines += ["Lia Gold,lia.gold,QA manager,,joins", "Nobody,no one,QA manager,,joins"]
    file = tmp_path / "people.csv"
    file.write_text("\n".join(lines))
    page.get_by_label("CSV file").set_input_files(file)
    page.get_by_role("button", name="Check the list").click()
    expect(page.get_by_role("heading", name="Create 2 accounts?")).to_be_visible()
    expect(page.get_by_text("User name: Use small letters", exact=False)).to_be_visible()
    assert axe_findings_in_both_themes(page) == {}
    confirm(page, portal)
    page.get_by_role("button", name="Create the accounts").click()
    expect(page.get_by_role("heading", name="2 accounts were created")).to_be_visible()
    assert axe_findings_in_both_themes(page) == {}
    with page.expect_download() as download:
        page.get_by_role("link", name="Download as CSV").click()
    rows = list(csv.reader(Path(download.value.path()).read_text("utf-8-sig").splitlines()))
    assert [row[1] for row in rows] == ["User name", "omar.aziz", "lia.gold"]
    assert re.fullmatch(rf"{re.escape(portal.url)}/accounts/invitation/[\w-]+/", rows[1][2])

    page.goto("/people/?role=external_auditor")
    with page.expect_download() as download:
        page.get_by_role("button", name="Export CSV").click()
    assert "omar.aziz" in Path(download.value.path()).read_text("utf-8-sig")
