"""Helpers for the tests of the player: pressing Play, the state of the video, and the stored trail."""

import json
from typing import Any

import psycopg
from playwright.sync_api import Page

from tests.e2e.portal import Portal
from tests.waiting import wait_for

STATE = """() => { const v = document.querySelector("portal-player video");
  return {at: v.currentTime, paused: v.paused, rate: v.playbackRate, error: v.error?.code ?? 0, src: v.src} }"""
MOVES = "(from) => document.querySelector('portal-player video')?.currentTime > from"


class Trail:
    """The portal's tables, read on a connection of its own."""

    def __init__(self, portal: Portal) -> None:
        self.url = portal.services.admin_url

    def rows(self, query: str, *values: Any) -> list[Any]:
        with psycopg.connect(self.url, autocommit=True) as connection:
            return connection.execute(query, values).fetchall()

    def recording(
        self, ending: str = ".mp4", *, kind: str = "direct", seconds: int = 100, skip: int = 0
    ) -> str:
        """The id of a playable recording of that kind."""
        query = """SELECT id FROM recordings_recording WHERE state = 'playable' AND url_kind = %s AND url LIKE %s
            AND duration_seconds >= %s ORDER BY shown_at, id OFFSET %s LIMIT 1"""
        return str(self.rows(query, kind, f"%{ending}", seconds, skip)[0][0])

    def events(self, recording: str) -> list[tuple[str, dict[str, Any]]]:
        """Kind and detail of the events about viewings of a recording."""
        query = (
            "SELECT kind, body FROM audit.event WHERE target_ref = %s AND kind LIKE 'viewing.%%' ORDER BY id"
        )
        found = self.rows(query, f"recording:{recording}")
        return [(kind, json.loads(bytes(body)).get("action_detail", {})) for kind, body in found]

    def kinds(self, recording: str) -> list[str]:
        return [kind for kind, _ in self.events(recording)]

    def wait_for_end(self, recording: str) -> list[tuple[str, dict[str, Any]]]:
        """Return the events after the player's last report, which it sends while its page closes."""
        wait_for(lambda: self.kinds(recording)[-1] == "viewing.finished")
        return self.events(recording)

    def key(self, recording: str) -> str:
        return str(self.rows("SELECT url FROM recordings_recording WHERE id = %s", recording)[0][0]).split(
            "/", 4
        )[4]


def state(page: Page) -> dict[str, Any]:
    return dict(page.evaluate(STATE))


def wait_until_past(page: Page, second: float) -> None:
    """Wait until the video is past this second."""
    page.wait_for_function(MOVES, arg=second, timeout=120_000)


def play(page: Page, recording: str) -> None:
    page.goto(f"/recordings/{recording}/")
    page.locator("#viewing-form").get_by_text("Compliance", exact=True).click()
    page.get_by_role("button", name="Play", exact=True).click()
    wait_until_past(page, 0.3)
