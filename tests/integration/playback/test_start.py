"""Beginning a viewing: in the trail before anything leaves (security S22, S24, S26, S28, S29, S35; fault F29)."""

from recordings.models import Viewing
from tests.integration.playback.helpers import bodies, fetch, kinds, query, start, url_in


def test_a_direct_recording_is_signed_by_the_portal_and_plays(noa, direct, settings):
    response = start(noa, direct)
    url = url_in(response)
    viewing = Viewing.objects.get()
    assert (response.status_code, kinds()) == (200, ["viewing.requested", "viewing.url_issued"])
    assert query(url)["x-grant"] == str(viewing.pk)
    assert int(query(url)["X-Amz-Expires"]) == settings.PLAYBACK_URL_TTL
    status, body = fetch(url, "bytes=0-99")
    assert (status, len(body)) == (206, 100)
    issued = bodies("viewing.url_issued")[0]["action_detail"]
    assert issued["viewing"] == str(viewing.pk)
    assert url.startswith(f"http://{issued['host']}/{issued['bucket']}/")
    assert viewing.url_expires_at.isoformat(timespec="seconds") == issued["expires_at"]
