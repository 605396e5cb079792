"""Starting a viewing: it is in the trail before anything leaves the server (F16, F35)."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone, translation
from django.utils.translation import gettext

from recordings.models import AuditEvent, Recording, RecordingState, Viewing
from recordings.storage import expiry_of
from tests.integration.playback.helpers import (
    bodies,
    fetch,
    kinds,
    known_for_a_day,
    post,
    query,
    recorded,
    signed_in,
    start,
    url_in,
)


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


def test_a_presigned_recording_is_asked_for_again_and_plays(noa, presigned, upstream):
    upstream.clear_logs()
    url = url_in(start(noa, presigned))
    assert fetch(url, "bytes=0-0")[0] == 206
    assert [request.path for request in upstream.requests()] == [f"/objects/{presigned.object_id}/activities"]
    issued = bodies("viewing.url_issued")[0]["action_detail"]
    assert (issued["signed_by"], issued["bucket"]) == ("commbox", "northwind-vault")
    assert Viewing.objects.get().url_expires_at == expiry_of(url)


def test_the_request_says_who_why_and_which(noa, direct):
    start(noa, direct)
    body = bodies("viewing.requested")[0]
    assert body["actor"]["ref"] == f"user:{noa.person.pk}"
    assert body["object"]["ref"] == f"recording:{direct.pk}"
    assert body["object"]["parent"] == f"object:{direct.object_id}"
    assert body["purpose"]["code"] == "compliance"
    assert re.fullmatch("[0-9a-f]{64}", body["purpose"]["note"]), "the note stands as a commitment"
    viewing = Viewing.objects.get()
    assert (viewing.purpose, viewing.note, viewing.viewer) == ("compliance", "case 14", noa.person)


def test_no_signature_rests_anywhere(noa, direct, presigned, caplog, capfd):
    """Not in rows, not in the trail, not in logs."""
    urls = [url_in(start(noa, one)) for one in (direct, presigned)]
    written = "".join(bytes(body).decode() for body in AuditEvent.objects.values_list("body", flat=True))
    rows = str(list(Recording.objects.values())) + str(list(Viewing.objects.values()))
    logged = caplog.text + "".join(capfd.readouterr())
    for url in urls:
        signature = query(url)["X-Amz-Signature"]
        assert signature not in written + rows + logged
    assert "X-Amz-" not in written + rows + logged


def test_the_answer_is_kept_by_nobody(noa, direct):
    for htmx in (True, False):
        response = start(noa, direct, htmx=htmx)
        assert response.headers["Cache-Control"] == "no-store"
        assert response.headers["Referrer-Policy"] == ("no-referrer" if htmx else "same-origin")
        assert "HX-Request" in response.headers["Vary"]


def test_without_htmx_the_same_post_is_the_whole_page(noa, direct):
    response = start(noa, direct, htmx=False)
    assert "<html" in response.content.decode()
    assert fetch(url_in(response), "bytes=0-0")[0] == 206
    assert "<html" not in start(noa, direct).content.decode()


def test_no_get_ever_holds_a_url(noa, direct, presigned):
    """The event is committed before the URL is in the response."""
    for one in (direct, presigned):
        start(noa, one)
        page = noa.get(f"/recordings/{one.pk}/")
        assert page.status_code == 200
        assert "X-Amz-" not in page.content.decode()
        assert "<video" not in page.content.decode()


@pytest.mark.parametrize("what", ["viewings"])
def test_get_does_not_begin_a_viewing(noa, direct, what):
    assert noa.get(f"/recordings/{direct.pk}/{what}/").status_code == 405
    assert not Viewing.objects.exists()


@pytest.mark.parametrize("data", [{"purpose": ""}, {"purpose": "curiosity"}, {"note": "x" * 501}])
def test_a_viewing_without_a_purpose_is_asked_for_one(noa, direct, data):
    response = start(noa, direct, data=data)
    text = response.content.decode()
    assert (response.status_code, Viewing.objects.count(), kinds()) == (422, 0, [])
    assert '<ul class="errors"' in text
    assert "X-Amz-" not in text


def test_the_purpose_is_asked_once_per_object(noa, direct):
    """It is chosen for the object's other recordings, and for no other object."""
    start(noa, direct, data={"purpose": "dispute", "note": "case 15"})
    page = noa.get(f"/recordings/{direct.pk}/").content.decode()
    assert re.search(r'value="dispute"[^>]*checked', page)
    assert 'value="case 15"' in page
    session = noa.session
    assert session["purposes"] == {str(direct.object_id): ["dispute", "case 15"]}


def test_two_presses_are_two_viewings(noa, direct):
    first, second = (url_in(start(noa, direct)) for _ in range(2))
    assert Viewing.objects.count() == 2
    assert query(first)["x-grant"] != query(second)["x-grant"]


# --- refusals


def test_a_role_without_the_right_is_refused_about_the_recording(direct):
    """The refusal is in the recording's own trail."""
    client = signed_in("administrator")
    response = start(client, direct)
    assert response.status_code == 403
    body = bodies("viewing.denied")[0]
    assert (body["outcome"], body["object"]["ref"]) == ("denied", f"recording:{direct.pk}")
    assert body["authz"]["rule"] == "play_recordings"
    assert not Viewing.objects.exists()


@pytest.mark.parametrize(
    ("site", "passes"), [("cross-site", False), ("same-site", False), ("same-origin", True)]
)
def test_another_site_is_refused(noa, direct, site, passes):
    """With a token and a session, but from another site."""
    response = start(noa, direct, headers={"Sec-Fetch-Site": site})
    assert response.status_code == (200 if passes else 403)
    assert kinds() == (["viewing.requested", "viewing.url_issued"] if passes else ["viewing.denied"])
    assert ("X-Amz-" in response.content.decode()) is passes


def test_a_recording_elsewhere_is_refused_without_a_connection(noa, upstream):
    """F16: it is listed with its reason. Pressing Play is refused and logged, and connects to nothing."""
    recording = recorded(upstream, recordingUrl="https://elsewhere.example/bucket/x.mp4")
    assert recording.state == RecordingState.NOT_PLAYABLE
    page = noa.get(f"/recordings/{recording.pk}/").content.decode()
    assert recording.state_reason in page
    upstream.clear_logs()
    response = start(noa, recording)
    assert (response.status_code, kinds()) == (409, ["viewing.denied"])
    assert recording.state_reason in response.content.decode()
    assert (upstream.requests(), upstream.access_log()) == ([], [])


def test_a_refusal_is_english_in_the_trail_and_in_the_readers_language_on_the_page(noa, upstream):
    recording = recorded(upstream, recordingUrl="https://elsewhere.example/bucket/x.mp4")
    page = start(noa, recording, headers={"Accept-Language": "he"}).content.decode()
    with translation.override("he"):
        sentence = gettext(recording.state_reason)
    assert sentence != recording.state_reason
    assert sentence in page
    assert recording.state_reason not in page
    (event,) = bodies("viewing.denied")
    assert event["action_detail"]["sentence"] == recording.state_reason


def test_a_url_that_moved_off_the_list_meanwhile_is_refused(noa, presigned, settings):
    """The URL in CommBox's answer is checked against the allow-list again."""
    settings.RECORDING_BUCKETS = ("https://s3.eu-west-1.amazonaws.com/other",)
    response = start(noa, presigned)
    assert (response.status_code, kinds()) == (409, ["viewing.requested", "viewing.url_refused"])
    assert bodies("viewing.url_refused")[0]["outcome"] == "denied"
    assert "X-Amz-" not in response.content.decode()


def test_a_viewing_without_a_url_is_over(noa, presigned, settings):
    settings.RECORDING_BUCKETS = ()
    start(noa, presigned)
    assert Viewing.objects.get().ended_at is not None


def test_a_recording_commbox_no_longer_reports(noa, presigned, upstream):
    """The row stays. Only CommBox could sign."""
    talk = upstream.world.conversation(presigned.object_id)
    upstream.drop_activity(talk.activities_of(27)[0].id)
    response = start(noa, presigned)
    assert response.status_code == 409
    assert bodies("viewing.url_refused")[0]["action_detail"]["reason"] == "no_longer_reported"


def test_a_recording_is_known_again_when_commbox_starts_to_give_ids(noa, presigned, upstream):
    """Every fingerprint changes, but no recording does."""
    upstream.switch(activity_ids=True)
    assert fetch(url_in(start(noa, presigned)), "bytes=0-0")[0] == 206


def test_a_link_that_has_ended_already_is_not_given_out(noa, presigned, upstream):
    upstream.switch(presigned_ttl=3)
    response = start(noa, presigned)
    assert response.status_code == 503
    assert bodies("viewing.url_refused")[0]["action_detail"]["reason"] == "already_expired"


@pytest.mark.parametrize(("fault", "status"), [("error_500", 503), ("unauthorized", 409), ("html_200", 503)])
def test_commbox_in_trouble_is_said_in_a_sentence(noa, presigned, upstream, fault, status):
    upstream.script_faults([{"kind": fault, "path": "*/activities", "count": 9}])
    response = start(noa, presigned)
    text = response.content.decode()
    assert response.status_code == status
    assert "CommBox" in text
    assert "Traceback" not in text
    assert kinds() == ["viewing.requested", "viewing.url_refused"]


def test_commbox_away_does_not_matter_where_we_sign_ourselves(noa, direct, upstream):
    """F13: the portal's own credentials still work."""
    upstream.script_faults([{"kind": "error_500", "path": "*", "count": 99}])
    assert fetch(url_in(start(noa, direct)), "bytes=0-0")[0] == 206


def test_a_direct_url_is_never_handed_over_unsigned(noa, direct, settings):
    """Without credentials there is no URL, and a sentence says so."""
    settings.AWS_SECRET_ACCESS_KEY = ""
    response = start(noa, direct)
    assert response.status_code == 409
    assert bodies("viewing.url_refused")[0]["action_detail"]["reason"] == "no_credentials"
    assert direct.url not in response.content.decode()


def test_a_missing_file_found_missing_before_is_looked_at_first(noa, upstream):
    """F35: refused at once, and playable as soon as the file is back."""
    recording = known_for_a_day(recorded(upstream, stored=False))
    Recording.objects.update(state=RecordingState.FILE_MISSING)
    response = start(noa, recording)
    assert (response.status_code, kinds()) == (409, ["viewing.requested", "viewing.url_refused"])
    key = recording.url.split("/northwind-recordings/")[1]
    upstream.put_file("northwind-recordings", key, b"x" * 100, "video/mp4")
    assert fetch(url_in(start(noa, recording)), "bytes=0-0")[0] == 206
    assert Recording.objects.get().state == RecordingState.PLAYABLE


def test_storage_expires_what_was_issued(noa, direct, upstream, settings):
    """Storage refuses it a second after it has expired."""
    url = url_in(start(noa, direct))
    upstream.advance_clock(settings.PLAYBACK_URL_TTL - 2)
    assert fetch(url, "bytes=0-0")[0] == 206
    upstream.advance_clock(3)
    status, body = fetch(url, "bytes=0-0")
    assert (status, b"Request has expired" in body) == (403, True)


def test_reads_and_grants_match(noa, direct, upstream):
    """No read without a grant, and none outside its lifetime."""
    upstream.clear_logs()
    fetch(url_in(start(noa, direct)), "bytes=0-0")
    reads = upstream.access_log()
    assert {read.user_agent == "AuditPortal" for read in reads} == {True, False}, (
        "the portal's and the browser's"
    )
    for read in reads:
        viewing = Viewing.objects.get(pk=read.parameters["x-grant"])
        assert viewing.started_at - timedelta(seconds=1) <= read.at <= viewing.url_expires_at
        assert read.referer == ""


def test_what_storage_gives_is_a_video_whatever_it_claims(noa, upstream):
    """An HTML file named .mp4 in the bucket never renders as a page, and is not played."""
    recording = recorded(upstream)
    key = recording.url.split("/northwind-recordings/")[1]
    upstream.put_file("northwind-recordings", key, b"x<script>alert(1)</script>", "text/html")
    parameters = query(url_in(start(noa, recording)))
    assert parameters["response-content-type"] == "video/mp4"
    assert parameters["response-content-disposition"] == "inline"
    assert parameters["response-cache-control"] == "no-store"
    upstream.put_file("northwind-recordings", key, b"<script>alert(1)</script>", "text/html")
    assert start(noa, recording).status_code == 409


def test_the_id_of_no_recording(noa):
    response = noa.get("/recordings/0190f5d0-0000-7000-8000-000000000000/")
    assert response.status_code == 404
    assert "There is no recording with this id." in response.content.decode()
    assert noa.get("/recordings/17/").status_code == 404


def test_opening_the_page_is_an_event(noa, direct):
    noa.get(f"/recordings/{direct.pk}/")
    assert (
        AuditEvent.objects.filter(kind="recording.opened", target_ref=f"recording:{direct.pk}").count() == 1
    )


def test_the_page_says_which_recording_of_how_many_and_its_neighbours(noa, upstream):
    first = recorded(upstream, at=timezone.now() - timedelta(hours=2))
    upstream.add_recording(first.object_id, at=timezone.now() - timedelta(hours=1))
    from recordings.audit import Actor
    from recordings.refresh.actions import refresh_object

    refresh_object(object_id=first.object_id, by=Actor.system("refresh"))
    second = Recording.objects.exclude(pk=first.pk).get()
    page = noa.get(f"/recordings/{first.pk}/").content.decode()
    assert "recording 1 of 2" in page
    assert f'href="/recordings/{second.pk}/"' in page
    page = noa.get(f"/recordings/{second.pk}/").content.decode()
    assert "recording 2 of 2" in page
    assert f'href="/recordings/{first.pk}/"' in page


def test_who_may_not_read_the_trail_sees_none_of_it(direct):
    client = signed_in("qa_manager")
    viewer = signed_in("compliance_officer")
    start(viewer, direct)
    page = client.get(f"/recordings/{direct.pk}/").content.decode()
    assert "Trail of this recording" not in page
    assert viewer.person.full_name not in page
    assert client.get(f"/recordings/{direct.pk}/trail/", headers={"HX-Request": "true"}).status_code == 403
    page = viewer.get(f"/recordings/{direct.pk}/").content.decode()
    assert "Trail of this recording" in page
    assert viewer.person.full_name in page


def test_the_trail_beside_the_player_is_read_again(noa, direct):
    start(noa, direct)
    fragment = noa.get(f"/recordings/{direct.pk}/trail/", headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in fragment
    assert 'viewing <bdi class="num">V-' in fragment
    assert 'hx-swap-oob="morph"' in fragment
    assert noa.get(f"/recordings/{direct.pk}/trail/")["Location"] == f"/audit/?q={direct.pk}"


def test_two_people_see_their_own_and_everybodys_seconds(direct):
    ann, ben = signed_in("compliance_officer"), signed_in("qa_manager")
    for client, span in ((ann, [0, 4000]), (ben, [2000, 8000])):
        start(client, direct)
        viewing = Viewing.objects.get(viewer=client.person)
        Viewing.objects.update(watched_at=viewing.started_at - timedelta(minutes=1))
        totals = post(client, viewing, "watched", {"spans": [span]}).json()
    assert totals == {
        "mine": [[2000, 8000]],
        "everyone": [[0, 8000]],
        "mine_ms": 6000,
        "everyone_ms": 8000,
    }


def test_a_key_that_looks_like_a_credential_stops_nothing(noa, upstream):
    """CommBox may name a file anything. The event is written, without it."""
    recording = recorded(upstream, key="2026/Bearer abcdef.mp4")
    assert fetch(url_in(start(noa, recording)), "bytes=0-0")[0] == 206
    assert "abcdef" not in bodies("viewing.url_issued")[0]["action_detail"]["object_key"]
