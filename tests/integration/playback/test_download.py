"""A download is a right and an event of its own, committed before the link leaves the server."""

import html
import re

import pytest

from auditportal.accounts.models import Grant
from recordings.models import AuditEvent, Viewing
from recordings.playback import downloads
from tests.integration.playback.helpers import bodies, fetch, limit, query, recorded, signed_in
from tests.integration.playback.test_no_log_no_play import REVOKE, says_no_url


def download(client, recording, *, htmx=True, **headers):
    data = {"purpose": "dispute", "note": "case 14"}
    headers |= {"HX-Request": "true"} if htmx else {}
    return client.post(f"/recordings/{recording.pk}/download/", data, headers=headers)


def link_in(response):
    found = re.search(r'href="(https?://[^"]*X-Amz-[^"]*)"', response.content.decode())
    return html.unescape(found[1]) if found else ""


def kinds():
    rows = AuditEvent.objects.filter(kind__regex="^(download|viewing|access)").order_by("id")
    return list(rows.values_list("kind", flat=True))


@pytest.mark.parametrize("htmx", [True, False])
def test_the_link_saves_the_file(noa, direct, htmx):
    response = download(noa, direct, htmx=htmx)
    assert (response.status_code, kinds()) == (
        200,
        ["download.requested", "download.issued", "viewing.url_issued"],
    )
    url = link_in(response)
    asked = query(url)
    name = f"recording-{direct.object_id}-{direct.pk.hex[-8:]}.mp4"
    assert asked["response-content-disposition"] == f'attachment; filename="{name}"'
    assert asked["response-cache-control"] == "no-store"
    assert 15 <= int(asked["X-Amz-Expires"]) <= 300
    assert fetch(url)[0] == 200
    assert response.headers["Cache-Control"] == "no-store"
    assert not Viewing.objects.exists()


def test_the_events_hold_purpose_note_and_id_but_no_signature(noa, direct):
    asked = query(link_in(download(noa, direct)))
    requested, issued, counted = (
        bodies(kind)[0] for kind in ("download.requested", "download.issued", "viewing.url_issued")
    )
    assert {body["purpose"]["code"] for body in (requested, issued, counted)} == {"dispute"}
    assert {body["action_detail"]["download"] for body in (requested, issued, counted)} == {asked["x-grant"]}
    assert "note" in requested["purpose"]
    assert asked["X-Amz-Signature"] not in str([requested, issued, counted])


def test_the_page_offers_it_to_those_who_may(noa, direct):
    assert "Request the download" in noa.get(f"/recordings/{direct.pk}/").content.decode()
    other = signed_in("qa_manager")
    page = other.get(f"/recordings/{direct.pk}/").content.decode()
    assert "Request the download" not in page
    limit(noa.person, level="view")
    assert "Request the download" not in noa.get(f"/recordings/{direct.pk}/").content.decode()


@pytest.mark.parametrize(
    ("role", "scope", "status"),
    [
        ("qa_manager", {}, 403),  # a role without the right
        ("external_auditor", {}, 403),
        ("administrator", {}, 403),
        ("compliance_officer", {"level": "view"}, 403),
        ("compliance_officer", {"channels": [1]}, 404),
        ("compliance_officer", {"level": "download"}, 200),
    ],
)
def test_role_level_and_scope_decide(direct, role, scope, status):
    client = signed_in(role)
    limit(client.person, **scope)
    response = download(client, direct)
    assert response.status_code == status
    assert bool(link_in(response)) == (status == 200)
    if status != 200:
        assert kinds() == ["access.denied"]


def test_a_person_may_download_some_and_only_watch_others(noa, direct):
    limit(noa.person, level="view")
    Grant.objects.create(user=noa.person, role="compliance_officer", level="download", channels=[1])
    assert download(noa, direct).status_code == 403
    assert noa.get(f"/recordings/{direct.pk}/").status_code == 200


def test_without_a_purpose_nothing_is_issued(noa, direct):
    response = noa.post(f"/recordings/{direct.pk}/download/", {"note": "x"}, headers={"HX-Request": "true"})
    assert (response.status_code, kinds(), link_in(response)) == (422, [], "")
    assert "Choose a purpose" in response.content.decode()


def test_another_site_cannot_request_it(noa, direct):
    response = download(noa, direct, **{"Sec-Fetch-Site": "cross-site"})
    assert (response.status_code, kinds(), link_in(response)) == (403, ["download.refused"], "")


def test_what_only_commbox_can_sign_is_refused(noa, presigned, settings):
    settings.AWS_ACCESS_KEY_ID = ""
    response = download(noa, presigned)
    if response.status_code == 200:
        pytest.skip("the portal's key reads this bucket too")
    assert (response.status_code, kinds()) == (409, ["download.requested", "download.refused"])
    assert bodies("download.refused")[0]["action_detail"]["reason"] == "not_signed_by_portal"
    assert link_in(response) == ""


def test_a_file_that_is_not_there_is_refused(noa, upstream, db):
    gone = recorded(upstream)
    gone.url = gone.url.replace(".mp4", "-gone.mp4")
    gone.save(update_fields=["url"])
    response = download(noa, gone)
    assert (response.status_code, kinds()[-1], link_in(response)) == (
        response.status_code,
        "download.refused",
        "",
    )
    assert response.status_code in (409, 503)


class TestNoLogNoDownload:
    @pytest.fixture
    def officer(self, committed_db):
        return signed_in("compliance_officer")

    def test_without_the_right_to_insert(self, officer, upstream, admin_connection):
        one = recorded(upstream)
        admin_connection.execute(REVOKE)
        response = download(officer, one)
        assert response.status_code == 503
        assert says_no_url(response)

    def test_a_right_lost_after_the_request(self, officer, upstream, admin_connection, monkeypatch):
        one, real = recorded(upstream), downloads.fresh_url

        def losing(*args, **options):
            admin_connection.execute(REVOKE)
            return real(*args, **options)

        monkeypatch.setattr(downloads, "fresh_url", losing)
        response = download(officer, one)
        assert (response.status_code, kinds()) == (503, ["download.requested"])
        assert says_no_url(response)
