"""Recording activities: every shape, the two kinds of URL, and what odd ones look like."""

import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from auditportal.sandbox.world.account import Activity, Conversation
from auditportal.sandbox.world.seed import DIRECT_BUCKET, OUTSIDE_BUCKET, PRESIGNED_BUCKET

from .conftest import Answer, Api, send

METADATA = ["recordingType", "recordingUrl", "duration", "timestamp", "fileSize"]


def ask(api: Api, talk: Conversation, kind: int = 27) -> Answer:
    return api.get(f"objects/{talk.id}/activities", activityType=kind)


def with_recordings(api: Api, number: int, stream: int = 31245) -> Conversation:
    """An object with so many recordings."""
    talks = api.sandbox.control.world.of_stream(stream)
    return next(talk for talk in talks if len(talk.activities_of(27)) == number)


def told(api: Api, talk: Conversation) -> list[dict[str, Any]]:
    """The metadata of an object's recordings, told in shape A."""
    return [json.loads(item["data"]) for item in ask(api, talk).data]


def find(api: Api, test: Any) -> tuple[Conversation, Activity]:
    """The first recording whose file passes a test."""
    return next(
        pair for pair in api.sandbox.control.world.recordings() if pair[1].file and test(pair[1].file)
    )


class TestShapes:
    def test_a_is_enveloped_with_text_ids_and_json_text(self, api: Api) -> None:
        talk = with_recordings(api, 2)
        answer = ask(api, talk)
        assert list(answer.json()) == ["status", "description", "response_time", "data"]
        assert len(answer.data) == 2
        item = answer.data[0]
        assert list(item) == ["objectId", "user", "type", "data", "createdTime"]
        assert (item["objectId"], item["type"]) == (str(talk.id), 27)
        assert list(item["user"]) == ["id", "first_name", "last_name", "identity"]
        assert list(json.loads(item["data"])) == METADATA
        assert datetime.fromisoformat(item["createdTime"]).tzinfo is None

    def test_b_is_flat_in_the_envelope(self, api: Api) -> None:
        api.sandbox.control.switch(activity_shape="B")
        data = ask(api, with_recordings(api, 2)).data
        assert [list(item) for item in data] == [["activityType", *METADATA]] * 2

    @pytest.mark.parametrize("number", [1, 3])
    def test_c_is_flat_and_bare(self, api: Api, number: int) -> None:
        api.sandbox.control.switch(activity_shape="C")
        body = ask(api, with_recordings(api, number)).json()
        items = [body] if number == 1 else body
        assert [list(item) for item in items] == [["activityType", *METADATA]] * number

    def test_a_list_without_envelope(self, api: Api) -> None:
        api.sandbox.control.switch(activity_shape="list")
        body = ask(api, with_recordings(api, 2)).json()
        assert [item["type"] for item in body] == [27, 27]

    @pytest.mark.parametrize("shape", ["A", "B", "C"])
    def test_no_recordings_are_an_empty_list_in_the_envelope(self, api: Api, shape: str) -> None:
        api.sandbox.control.switch(activity_shape=shape)
        assert ask(api, with_recordings(api, 0)).data == []

    def test_mixed_has_every_shape_and_stays_the_same_per_object(self, api: Api) -> None:
        api.sandbox.control.switch(activity_shape="mixed")
        shapes = set()
        for talk in {talk.id: talk for talk, _ in api.sandbox.control.world.recordings()}.values():
            body = ask(api, talk).json()
            assert type(body) is type(ask(api, talk).json())
            if isinstance(body, list) or "data" not in body:
                items = body if isinstance(body, list) else [body]
                shapes.add("list" if "type" in items[0] else "C")
            else:
                shapes.add("A" if "type" in body["data"][0] else "B")
        assert shapes == {"A", "B", "C", "list"}

    def test_only_recordings_come_in_other_shapes(self, api: Api) -> None:
        api.sandbox.control.switch(activity_shape="C")
        talk = with_recordings(api, 1)
        assert [item["type"] for item in ask(api, talk, kind=6).data] == [6]

    def test_data_as_object_and_ids(self, api: Api) -> None:
        api.sandbox.control.switch(activity_data="object", activity_ids=True)
        talk = with_recordings(api, 1)
        item = ask(api, talk).data[0]
        assert list(item["data"]) == METADATA
        assert item["id"] == talk.activities_of(27)[0].id

    def test_times_with_z(self, api: Api) -> None:
        api.sandbox.control.switch(activity_times="z")
        text = ask(api, with_recordings(api, 1)).data[0]["createdTime"]
        assert datetime.fromisoformat(text).tzinfo is UTC

    def test_every_type_without_a_type(self, api: Api) -> None:
        talk = with_recordings(api, 1)
        types = [item["type"] for item in api.get(f"objects/{talk.id}/activities").data]
        assert types == [one.type for one in talk.activities]
        assert len(set(types)) > 1

    def test_all_empty_by_switch(self, api: Api) -> None:
        api.sandbox.control.switch(no_activities=True)
        assert ask(api, with_recordings(api, 1)).data == []


class TestUrls:
    def test_a_direct_url_is_private(self, api: Api) -> None:
        _, activity = find(api, lambda file: not file.presigned and not file.virtual_host)
        talk = next(talk for talk, one in api.sandbox.control.world.recordings() if one is activity)
        url = told(api, talk)[talk.activities_of(27).index(activity)]["recordingUrl"]
        assert url.startswith(f"{api.sandbox.s3_url}/{DIRECT_BUCKET}/brands/northwind/")
        assert urlsplit(url).query == ""
        assert send("GET", url).status == 403

    def test_a_presigned_url_opens_the_file_as_long_as_its_ttl(self, api: Api) -> None:
        talk, activity = find(api, lambda file: file.presigned and not file.virtual_host)
        item = told(api, talk)[talk.activities_of(27).index(activity)]
        answer = send("GET", item["recordingUrl"])
        assert (answer.status, len(answer.body)) == (200, item["fileSize"])
        assert parse_qs(urlsplit(item["recordingUrl"]).query)["X-Amz-Expires"] == ["900"]
        api.sandbox.control.advance_clock(901)
        assert send("GET", item["recordingUrl"]).status == 403
        assert (
            send("GET", told(api, talk)[talk.activities_of(27).index(activity)]["recordingUrl"]).status == 200
        )

    def test_the_ttl_is_a_switch(self, api: Api) -> None:
        api.sandbox.control.switch(presigned_ttl=2)
        talk, activity = find(api, lambda file: file.presigned and not file.virtual_host)
        url = told(api, talk)[talk.activities_of(27).index(activity)]["recordingUrl"]
        assert send("GET", url).status == 200
        api.sandbox.control.advance_clock(2)
        assert send("GET", url).status == 403

    @pytest.mark.parametrize("bucket", [DIRECT_BUCKET, PRESIGNED_BUCKET])
    def test_some_are_virtual_host_style(self, api: Api, bucket: str) -> None:
        talk, activity = find(api, lambda file: file.virtual_host and file.bucket == bucket)
        url = told(api, talk)[talk.activities_of(27).index(activity)]["recordingUrl"]
        parts = urlsplit(url)
        assert parts.hostname == f"{bucket}.localhost"
        by_address = url.replace(parts.netloc, f"127.0.0.1:{parts.port}", 1)
        assert send("GET", by_address, Host=parts.netloc).status == (
            200 if bucket == PRESIGNED_BUCKET else 403
        )

    def test_every_presigned_url_works_and_every_allowed_bucket_is_listed(self, api: Api) -> None:
        seen = set()
        for talk in {talk.id: talk for talk, _ in api.sandbox.control.world.recordings()}.values():
            for item in told(api, talk):
                parts = urlsplit(item["recordingUrl"])
                bucket = f"http://{parts.netloc}" + (
                    "" if "localhost" in parts.netloc else "/" + parts.path.split("/")[1]
                )
                seen.add(bucket)
                if parts.query:
                    url = item["recordingUrl"].replace(parts.netloc, f"127.0.0.1:{parts.port}", 1)
                    assert send("GET", url, Host=parts.netloc, Range="bytes=0-0").status == 206
        assert seen == {*api.sandbox.bucket_urls, f"{api.sandbox.s3_url}/{OUTSIDE_BUCKET}"}


class TestOddOnes:
    def test_dropped_and_restored(self, api: Api) -> None:
        talk = with_recordings(api, 2)
        before = told(api, talk)
        first = talk.activities_of(27)[0].id
        api.sandbox.control.drop_activity(first)
        assert told(api, talk) == before[1:]
        api.sandbox.control.restore_activity(first)
        assert told(api, talk) == before

    def test_told_twice(self, api: Api) -> None:
        talk = with_recordings(api, 1)
        api.sandbox.control.repeat_activity(talk.activities_of(27)[0].id)
        items = told(api, talk)
        assert len(items) == 2
        assert items[0] == items[1]

    def test_what_is_told_may_be_odd(self, api: Api) -> None:
        talk = with_recordings(api, 0)
        url = "https://elsewhere.example/x.mp4"
        api.sandbox.control.add_recording(
            talk.id, duration=-5, recordingType="screen", recordingUrl=url, claims_object=1, fileSize=2**40
        )
        item = ask(api, talk).data[0]
        metadata = json.loads(item["data"])
        assert item["objectId"] == "1"
        assert (metadata["duration"], metadata["recordingType"], metadata["fileSize"]) == (
            -5,
            "screen",
            2**40,
        )
        assert metadata["recordingUrl"] == url

    def test_a_recording_without_a_file(self, api: Api) -> None:
        talk = with_recordings(api, 0, stream=31246)
        api.sandbox.control.add_recording(talk.id, stored=False)
        assert send("GET", told(api, talk)[0]["recordingUrl"]).status == 404

    def test_a_recording_on_a_chat_object(self, api: Api) -> None:
        talk = api.sandbox.control.world.of_stream(31200)[0]
        api.sandbox.control.add_recording(talk.id)
        assert len(told(api, talk)) == 1

    @pytest.mark.parametrize(
        "name", ["drop_activity", "restore_activity", "repeat_activity", "add_recording"]
    )
    def test_what_is_not_there_is_said(self, api: Api, name: str) -> None:
        with pytest.raises(KeyError, match="The sandbox has no"):
            getattr(api.sandbox.control, name)(5)
