"""CommBox's API: who may call, and what each call answers, beside the published examples."""

import gzip
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import pytest

from auditportal.sandbox import make_key
from auditportal.sandbox.world.account import VIDEO_MODULE, Conversation

from .conftest import TODAY, Api

OBJECT_KEYS = """objectId streamId substreamId streamProviderId streamProviderType user_identity firstName lastName
    userStreamProviderId userStreamProviderType content message createdTime updatedTime closedTime firstResponseTime
    lastResponseTime priorityTime statusId assignedManagerId lastAssignedManagerId type numTags user isManager"""
CALLS = """core/systemstatus streams/31245/objects streams/31245/objects/1 streams/31245/objects/1/transcript
    objects/1/activities users/1 users/identities/1/objects managers managers/1 managers/teams managers/teams/1
    managers/profiles managers/profiles/1 tags tags/groups stats/streams"""


def recorded(api: Api) -> Conversation:
    return api.sandbox.control.world.recordings()[-1][0]


def path_of(talk: Conversation) -> str:
    return f"streams/{talk.stream_id}/objects/{talk.id}"


class TestWhoMayCall:
    def test_two_keys_are_valid_at_once(self, api: Api) -> None:
        for key in (api.sandbox.api_key, api.sandbox.next_api_key):
            answer = api.get("core/systemstatus", key=key)
            assert (answer.status, answer.json()["description"]) == (200, "System is operational")
            assert (answer.json()["status"], answer.data) == ("200", None)

    @pytest.mark.parametrize("path", CALLS.split())
    def test_without_a_valid_key_every_call_is_401(self, api: Api, path: str) -> None:
        for headers in (
            {"Authorization": ""},
            {"Authorization": "Basic eA=="},
            {"Authorization": "Bearer x"},
        ):
            answer = api.get(path, headers=headers)
            body = answer.json()
            assert answer.status == 401
            assert (body["status"], body["description"], "data" in body) == (
                401,
                "Unauthorized access",
                False,
            )

    def test_an_expired_key_is_401(self, api: Api) -> None:
        assert api.get("core/systemstatus", key=api.sandbox.expired_api_key).status == 401

    def test_a_key_expires_by_the_clock(self, api: Api) -> None:
        token = make_key("short", api.sandbox.control.clock.now().replace(microsecond=0))
        api.sandbox.control.add_key(token)
        api.sandbox.control.advance_clock(-10)
        assert api.get("core/systemstatus", key=token).status == 200
        api.sandbox.control.advance_clock(20)
        assert api.get("core/systemstatus", key=token).status == 401

    def test_a_revoked_key_is_401_while_the_other_works(self, api: Api) -> None:
        api.sandbox.control.revoke_key(api.sandbox.api_key)
        assert api.get("tags").status == 401
        assert api.get("tags", key=api.sandbox.next_api_key).status == 200

    def test_outside_the_ip_list_is_403(self, api: Api) -> None:
        api.sandbox.control.switch(ip_allow=["10.0.0.0/8"])
        assert api.get("tags").status == 403
        api.sandbox.control.switch(ip_allow=["10.0.0.0/8", "127.0.0.0/8"])
        assert api.get("tags").status == 200

    def test_more_than_the_burst_is_429(self, api: Api) -> None:
        api.sandbox.control.switch(throttle_rate=0.01, throttle_burst=3)
        answers = [api.get("tags") for _ in range(4)]
        assert [one.status for one in answers] == [200, 200, 200, 429]
        assert answers[3].json()["description"] == "Too Many Requests"
        assert "retry-after" not in answers[3].headers
        assert api.get("tags", key=api.sandbox.next_api_key).status == 200

    @pytest.mark.parametrize("form", ["seconds", "date", "past", "garbage", "year", "endless"])
    def test_retry_after_in_every_form(self, api: Api, form: str) -> None:
        api.sandbox.control.switch(throttle_rate=0.01, throttle_burst=1, retry_after=form)
        api.get("tags")
        header = api.get("tags").headers["retry-after"]
        if form in ("seconds", "year", "endless"):
            assert header.isdigit()
        elif form in ("date", "past"):
            assert (parsedate_to_datetime(header) > datetime.now(UTC)) is (form == "date")
        else:
            assert header == "soon, please"

    def test_the_default_throttle_is_five_a_second_with_burst_ten(self) -> None:
        from auditportal.sandbox.behaviour.switches import Switches

        assert (Switches().throttle_rate, Switches().throttle_burst) == (5.0, 10)


class TestWrongCalls:
    @pytest.mark.parametrize("path", ["", "x", "core", "objects/1", "streams/31245", "managers/1/2", "Tags"])
    def test_an_unknown_path_is_404(self, api: Api, path: str) -> None:
        answer = api.get(path)
        assert (answer.status, answer.json()["description"]) == (404, "Not found")

    @pytest.mark.parametrize("path", CALLS.split())
    @pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
    def test_a_wrong_method_is_501(self, api: Api, path: str, method: str) -> None:
        answer = api.send(method, path)
        assert (answer.status, answer.json()["description"]) == (501, "Not Implemented")

    def test_reading_what_is_posted_is_501(self, api: Api) -> None:
        assert [api.get(f"objects/1/{name}").status for name in ("remarks", "activitylog")] == [501, 501]

    @pytest.mark.parametrize("text", ["x", "-1", "1.5", "9" * 40, str(2**63), "٣", "%00"])
    def test_an_id_that_is_none_is_400(self, api: Api, text: str) -> None:
        from urllib.parse import quote

        for path in ("objects/{}/activities", "streams/31245/objects/{}", "users/{}", "managers/{}"):
            assert api.get(path.format(quote(text, safe="%"))).status == 400

    @pytest.mark.parametrize(
        ("switch", "status", "words"), [("404", 404, "Not found"), ("400", 400, "Object not found")]
    )
    def test_an_unknown_object_by_switch(self, api: Api, switch: str, status: int, words: str) -> None:
        api.sandbox.control.switch(object_missing=switch)
        other_stream = recorded(api)
        paths = [
            "objects/1/activities",
            "streams/31245/objects/1",
            f"streams/31200/objects/{other_stream.id}",
        ]
        for path in [*paths, "streams/31245/objects/1/transcript"]:
            answer = api.get(path)
            assert (answer.status, answer.json()["description"]) == (status, words)

    def test_an_unknown_stream_is_a_list_of_errors(self, api: Api) -> None:
        answer = api.get("streams/1/objects", userIdentityId=1)
        assert answer.status == 400
        assert answer.data["errors"][0]["code"] == "INVALID_STREAM"


class TestObjects:
    def test_first_spelling(self, api: Api) -> None:
        talk = recorded(api)
        answer = api.get(path_of(talk))
        assert len(answer.data) == 1
        item = answer.data[0]
        assert list(item) == OBJECT_KEYS.split()
        assert (item["objectId"], item["streamId"], item["statusId"]) == (
            talk.id,
            talk.stream_id,
            talk.status_id,
        )
        assert item["user_identity"] == talk.customer.identity_id

    def test_second_spelling(self, api: Api) -> None:
        talk = recorded(api)
        api.sandbox.control.switch(item_spelling="second")
        item = api.get(path_of(talk)).data[0]
        assert (item["id"], item["streamid"], item["substreamid"]) == (
            talk.id,
            talk.stream_id,
            talk.sub_stream_id,
        )
        assert item["user"]["identity"]["id"] == talk.customer.identity_id
        assert item.keys().isdisjoint({"objectId", "streamId", "substreamId", "user_identity", "firstName"})

    def test_mixed_spelling_has_both(self, api: Api) -> None:
        api.sandbox.control.switch(item_spelling="mixed")
        items = api.get("streams/31245/objects", unixStartTime=0, unixEndTime=2**33).data
        assert {"objectId" in item for item in items} == {True, False}

    def test_the_encrypted_stream_id_works_encoded_once(self, api: Api) -> None:
        from urllib.parse import quote

        stream = api.sandbox.control.world.streams[31245]
        assert stream.code.endswith("==")
        once = quote(stream.code, safe="")
        assert "%3D%3D" in once
        same = [
            api.get(f"streams/{one}/objects", userIdentityId=1).status
            for one in ("31245", once, once.lower())
        ]
        assert same[:2] == [200, 200]
        assert api.get(f"streams/{quote(once, safe='')}/objects", userIdentityId=1).status == 400

    @pytest.mark.parametrize(("digits", "length"), [(0, 20), (3, 24), (6, 27), (7, 28)])
    def test_times_with_switched_digits(self, api: Api, digits: int, length: int) -> None:
        api.sandbox.control.switch(fraction_digits=digits)
        text = api.get(path_of(recorded(api))).data[0]["createdTime"]
        assert len(text) == length
        assert datetime.fromisoformat(text).tzinfo is UTC

    def test_loose_types(self, api: Api) -> None:
        api.sandbox.control.switch(loose_types=True)
        items = api.get("streams/31245/objects", unixStartTime=0, unixEndTime=2**33).data
        assert {type(item["statusId"]) for item in items} == {str}
        assert {type(item["user"]["phone1"]) for item in items} == {str, int}

    def test_messages_and_activities_on_request(self, api: Api) -> None:
        talk = recorded(api)
        item = api.get(path_of(talk), includeChilds="true", includeActivityLog="true").data[0]
        assert [child["id"] for child in item["childs"]] == [one.id for one in reversed(talk.messages)]
        assert {child["user"]["isManager"] for child in item["childs"]} == {True, False}
        assert {one["type"] for one in item["activityLogs"]} >= {6, 27}

    def test_hostile_texts_arrive_as_they_are(self, api: Api) -> None:
        items = [
            item
            for stream in (31245, 31246, 31200)
            for page in range(2)
            for item in api.get(
                f"streams/{stream}/objects", unixStartTime=0, unixEndTime=2**33, pageNumber=page
            ).data
        ]
        messages = {item["message"] for item in items}
        assert "<script>alert('message')</script>" in messages
        assert "a NUL \x00 in the middle" in messages
        assert len(items) == 400

    @pytest.mark.parametrize(("form", "key"), [("list", "trasncript"), ("object", "transcript")])
    def test_transcript(self, api: Api, form: str, key: str) -> None:
        api.sandbox.control.switch(transcript_form=form)
        talk = recorded(api)
        data: Any = api.get(f"{path_of(talk)}/transcript").data
        item = data[0] if form == "list" else data
        assert list(item) == ["objectId", "streamid", "substreamid", key, "user"]
        assert talk.messages[0].text in item[key]
        assert item[key].endswith(f"/widget/object/{talk.id}")


class TestPeople:
    def test_a_customer(self, api: Api) -> None:
        talk = recorded(api)
        user = api.get(f"users/{talk.customer.id}").data
        assert (user["id"], user["permissionId"]) == (talk.customer.id, 1)
        assert user["identities"][0]["id"] == talk.customer.identity_id
        assert user["userTags"].startswith("[")
        assert api.get("users/1").status == 404

    def test_the_objects_of_an_identity(self, api: Api) -> None:
        talk = recorded(api)
        path = f"users/identities/{talk.customer.identity_id}/objects"
        own = [one.id for one in api.sandbox.control.world.of_customer(talk.customer.id)]
        assert sorted(item["objectId"] for item in api.get(path).data) == sorted(own)
        assert "childs" in api.get(path).data[0]
        assert "childs" not in api.get(path, includeChilds="false").data[0]
        assert {item["streamId"] for item in api.get(path, stream=talk.stream_id).data} == {talk.stream_id}
        chats = [item["streamId"] for item in api.get(path, moduleId=9).data]
        assert set(chats) <= {31200}

    def test_agents(self, api: Api) -> None:
        managers = api.get("managers").data
        assert (len(managers), managers[0]["team"], managers[0]["teamName"]) == (8, "61,62", "Claims")
        assert managers[1]["maxSyncObjectsAssignments"] is None
        one = api.get("managers/5501").data
        assert one == managers[0] | {"content": "{}", "multiReplyAccess": False}
        assert api.get("managers/1").status == 404

    def test_teams_and_profiles(self, api: Api) -> None:
        assert [one["teamId"] for one in api.get("managers/teams").data] == [61, 62, 63]
        members = api.get("managers/teams/62").data
        assert list(members[0]) == [
            "Id",
            "FirstName",
            "LastName",
            "Permission",
            "Email",
            "UserName",
            "TeamId",
        ]
        assert {one["Id"] for one in members} == {5501, 5504, 5505}
        assert [list(one) for one in api.get("managers/profiles").data] == [["id", "name", "UniqueName"]] * 2
        assert len(api.get("managers/profiles/301").data) == 8
        assert [api.get(f"managers/{name}/1").status for name in ("teams", "profiles")] == [404, 404]

    def test_tags(self, api: Api) -> None:
        assert api.get("tags").data[0] == {"id": 1007, "identityId": "VIP", "streamProviderId": None}
        assert list(api.get("tags/groups").data[0]) == ["id", "name", "brandId"]

    def test_stats_count_every_object_once(self, api: Api) -> None:
        rows = api.get("stats/streams").data
        assert list(rows[0]) == ["moduleId", "streamId", "subStreamId", "statusId", "c"]
        assert sum(row["c"] for row in rows) == 400
        assert {row["streamId"] for row in rows if row["moduleId"] == VIDEO_MODULE} == {31245, 31246}
        assert all(row["c"] > 0 for row in rows)

    def test_no_name_of_a_stream_anywhere(self, api: Api) -> None:
        assert "name" not in "".join(api.get("stats/streams").data[0])


class TestWriting:
    def test_a_remark(self, api: Api) -> None:
        talk = recorded(api)
        before = talk.updated_at
        body = {"data": {"Text": "Reviewed, RV-1", "ManagerId": 5501}}
        answer = api.send("POST", f"objects/{talk.id}/remarks", json_body=body)
        assert (answer.status, answer.data) == (200, None)
        remark = api.get(f"objects/{talk.id}/activities", activityType=1).data[-1]
        assert (remark["data"], remark["user"]["id"]) == ('{"text":"Reviewed, RV-1"}', 5501)
        assert talk.updated_at > before

    def test_an_activity_log_line(self, api: Api) -> None:
        talk = recorded(api)
        body = {"data": {"Text": "Reviewed", "Source": "portal", "ManagerId": 5501}}
        assert api.send("POST", f"objects/{talk.id}/activitylog", json_body=body).status == 200
        assert len(api.get(f"objects/{talk.id}/activities", activityType=12).data) == 1

    @pytest.mark.parametrize(
        "body",
        [
            None,
            [],
            {},
            {"data": []},
            {"data": {}},
            {"data": {"Text": ""}},
            {"data": {"Text": "x", "ManagerId": 1}},
        ],
    )
    def test_a_wrong_body_is_400(self, api: Api, body: Any) -> None:
        assert api.send("POST", f"objects/{recorded(api).id}/remarks", json_body=body).status == 400

    def test_on_an_unknown_object_404(self, api: Api) -> None:
        assert api.send("POST", "objects/1/remarks", json_body={"data": {"Text": "x"}}).status == 404


class TestWrapping:
    def test_status_as_number(self, api: Api) -> None:
        api.sandbox.control.switch(status_as_text=False)
        assert api.get("tags").json()["status"] == 200

    def test_chunked(self, api: Api) -> None:
        plain = api.get("managers").data
        api.sandbox.control.switch(transfer="chunked")
        answer = api.get("managers")
        assert (answer.headers["transfer-encoding"], answer.data) == ("chunked", plain)
        assert "content-length" not in answer.headers

    def test_gzip_only_for_who_asks(self, api: Api) -> None:
        api.sandbox.control.switch(transfer="gzip")
        zipped = api.get("managers", headers={"Accept-Encoding": "gzip"})
        assert zipped.headers["content-encoding"] == "gzip"
        plain = api.get("managers", headers={"Accept-Encoding": "identity"})
        assert b'"data"' in plain.body
        assert b'"data"' in gzip.decompress(zipped.body)

    def test_a_byte_order_mark(self, api: Api) -> None:
        api.sandbox.control.switch(transfer="bom")
        assert api.get("tags").body.startswith(b"\xef\xbb\xbf{")

    def test_the_request_log_has_no_key(self, api: Api) -> None:
        api.get("tags", headers={"X-Request-ID": "r-1", "User-Agent": "test"}, a=1)
        (entry,) = api.sandbox.control.requests()
        assert (entry.method, entry.path, entry.query, entry.status) == ("GET", "/tags", "a=1", 200)
        assert (entry.request_id, entry.user_agent, entry.client) == ("r-1", "test", "127.0.0.1")
        assert entry.key_ending == api.sandbox.api_key[-4:]
        assert api.sandbox.api_key not in repr(entry)

    def test_the_seed_is_of_the_day_asked_for(self, api: Api) -> None:
        newest = max(one.created_at.date() for one in api.sandbox.control.world.conversations.values())
        assert (TODAY - newest).days == 1
