"""The pictures of the README, made by the same browser as the tests: `make pictures` writes docs/pictures."""

import pytest

from tests.e2e.conftest import SCREENSHOTS
from tests.e2e.test_journey import DIRECT, VIDEO, database, start, until

__all__ = ["database"]
PAGES = {"overview": "/", "objects": "/objects/?state=playable", "trail": "/audit/"}


@pytest.mark.screenshots
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pictures(page, sign_in, database, scheme):
    page.emulate_media(color_scheme=scheme)
    sign_in(page, "compliance_officer")
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    recording, _, _ = database.execute(DIRECT).fetchone()
    page.goto(f"/recordings/{recording}/")
    start(page)
    until(page, f"{VIDEO}.currentTime > 12")
    page.screenshot(path=SCREENSHOTS / f"recording-{scheme}.png")
    for name, path in PAGES.items():
        page.goto(path)
        page.wait_for_timeout(300)
        page.screenshot(path=SCREENSHOTS / f"{name}-{scheme}.png")
