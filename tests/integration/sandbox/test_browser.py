"""Every medium plays and seeks in a real browser, straight from the storage by presigned URL."""

from typing import Any

import pytest
from playwright.sync_api import Page

from auditportal.sandbox import Sandbox
from auditportal.sandbox.world.media import MEDIA, Medium
from auditportal.sandbox.world.seed import DIRECT_BUCKET, PRESIGNED_BUCKET

from .conftest import Api
from .test_s3 import Bucket

PLAY_AND_SEEK = """
async (target) => {
  const media = document.querySelector("video");
  const once = (name) => new Promise((done, failed) => {
    media.addEventListener(name, done, { once: true });
    media.addEventListener("error", () => failed(new Error(media.error.message)), { once: true });
  });
  if (media.readyState < 1) await once("loadedmetadata");
  const moving = once("timeupdate");
  await media.play();
  await moving;
  media.pause();
  const sought = once("seeked");
  media.currentTime = target;
  await sought;
  return { duration: media.duration, at: media.currentTime, width: media.videoWidth };
}
"""

STALL = """
(target) => new Promise((done) => {
  const media = document.querySelector("video");
  media.addEventListener("stalled", () => done(), { once: true });
  media.currentTime = target;
})
"""


def play(page: Page, url: str, target: float) -> dict[str, Any]:
    page.set_content('<video muted preload="auto"></video>')
    page.eval_on_selector("video", "(media, url) => { media.src = url; }", url)
    return dict(page.evaluate(PLAY_AND_SEEK, target))


@pytest.fixture
def bucket(sandbox: Sandbox) -> Bucket:
    return Bucket(sandbox)


@pytest.mark.parametrize("medium", MEDIA.values(), ids=list(MEDIA))
def test_it_plays_and_seeks(page: Page, bucket: Bucket, medium: Medium) -> None:
    bucket.sandbox.control.put_file(DIRECT_BUCKET, medium.name, medium.content, medium.content_type)
    target = medium.seconds * 0.8
    told = play(page, bucket.url(medium.name), target)
    assert told["duration"] == pytest.approx(medium.seconds, abs=0.05)
    assert told["at"] == pytest.approx(target, abs=0.05)
    assert told["width"] == (0 if medium.recording_type == "audio" else 640)
    (first, *_) = bucket.sandbox.control.access_log()
    assert first.status == 206


def test_seeking_ahead_of_what_is_loaded_asks_for_that_range(page: Page, bucket: Bucket) -> None:
    medium = MEDIA["call-300s.mp4"]
    control = bucket.sandbox.control
    control.put_file(DIRECT_BUCKET, "slow.mp4", medium.content, medium.content_type)
    control.switch(s3_bytes_per_second=300_000)
    play(page, bucket.url("slow.mp4"), 290)
    starts = [int(one.range.removeprefix("bytes=").partition("-")[0]) for one in control.access_log()]
    assert starts[0] == 0
    assert max(starts) > medium.size / 2


def test_seeking_after_the_url_has_ended_is_refused(page: Page, bucket: Bucket) -> None:
    """Chromium raises no error for it: it asks again and again and says `stalled` after three seconds."""
    medium = MEDIA["call-300s.mp4"]
    control = bucket.sandbox.control
    control.put_file(DIRECT_BUCKET, "slow.mp4", medium.content, medium.content_type)
    control.switch(s3_bytes_per_second=300_000)
    play(page, bucket.url("slow.mp4", ttl=60), 1)
    control.advance_clock(61)
    page.evaluate(STALL, 290)
    refused = [one for one in control.access_log() if one.status == 403]
    assert {one.error_code for one in refused} == {"AccessDenied"}
    assert page.evaluate("document.querySelector('video').error") is None


def test_a_host_that_is_the_bucket_plays_too(page: Page, api: Api) -> None:
    talk, activity = next(
        (talk, one)
        for talk, one in api.sandbox.control.world.recordings()
        if one.file and one.file.virtual_host and one.file.bucket == PRESIGNED_BUCKET
    )
    items = api.sandbox.control.api.calls
    url = items.urls.url(activity.file, 60) if activity.file else ""
    assert url.startswith(f"http://{PRESIGNED_BUCKET}.localhost:")
    assert play(page, url, 3)["at"] == pytest.approx(3, abs=0.05)
    assert talk.stream_id == 31246
