"""Recordings in every shape, and what becomes of odd, foreign and doubled ones (F08, F10, F15)."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recordings.commbox.errors import BadResponse, CommBoxError
from recordings.commbox.parsing.document import read_json
from recordings.commbox.parsing.envelope import MOST_PROBLEMS
from recordings.commbox.parsing.recordings import parse_recordings
from recordings.commbox.records import Parsed, Problem, RecordingItem
from recordings.storage import NotPlayable, locate
from tests.unit.commbox.examples import (
    HOST,
    METADATA,
    OBJECT_ID,
    SIGNED_900,
    SIGNED_1800,
    URL,
    activity,
    envelope,
    flat,
    metadata,
)

NOW = datetime(2026, 5, 13, 12, tzinfo=UTC)
RECORDED = datetime(2026, 5, 13, 9, 14, 22, tzinfo=UTC)
CREATED = datetime(2026, 5, 13, 9, 14, 25, tzinfo=UTC)


def parse(document: Any, object_id: str = OBJECT_ID) -> Parsed[RecordingItem]:
    return parse_recordings(document, object_id=object_id, now=NOW)


def only(document: Any) -> RecordingItem:
    parsed = parse(document)
    assert parsed.problems == []
    (item,) = parsed.items
    return item


SHAPES = {
    "A enveloped": envelope([activity()]),
    "A with integer ids and PascalCase": envelope(
        [{"ObjectId": int(OBJECT_ID), "Type": "27", "Data": METADATA}]
    ),
    "A with data as object": envelope([activity(dict(METADATA))]),
    "A with data as a list of one": envelope([activity(json.dumps([METADATA]))]),
    "A in a bare list": [activity()],
    "A bare": activity(),
    "B flat": envelope([flat()]),
    "B with data as object": envelope(flat()),
    "B with data as JSON text": envelope(json.dumps([flat()])),
    "B without its type": envelope([metadata()]),
    "B in underscores": envelope(
        [
            {
                "activity_type": 27,
                "recording_type": "video",
                "recording_url": URL,
                "DURATION": "542",
                "time_stamp": "2026-05-13T09:14:22",
                "file_size": 104857600,
            }
        ]
    ),
    "B in a bare list": [flat()],
    "C flat and bare": flat(),
    "without description and time": {"status": 200, "data": [flat()]},
    "without status": {"data": [flat()]},
}


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_is_the_same_recording(shape: str) -> None:
    item = only(SHAPES[shape])
    assert (
        item.object_id,
        item.recording_type,
        item.recording_url,
        item.url_kind,
        item.url_expires_at,
        item.duration_seconds,
        item.file_size_bytes,
        item.recorded_at,
        item.flags,
        item.upstream_activity_id,
    ) == (OBJECT_ID, "video", URL, "direct", None, 542, 104857600, RECORDED, (), None)
    assert item.fingerprint == only(SHAPES["A enveloped"]).fingerprint


def test_an_enveloped_activity_tells_who_and_when() -> None:
    item = only(envelope([activity(id=565533)]))
    assert (item.actor_id, item.actor_name, item.activity_created_at, item.upstream_activity_id) == (
        5501,
        "Avery Cole",
        CREATED,
        "565533",
    )


@pytest.mark.parametrize("data", [[], None, "", "null", "[]"])
def test_nothing_recorded(data: Any) -> None:
    assert parse(envelope(data)) == Parsed([], [])


def test_absent_data_means_nothing() -> None:
    assert parse({"status": "200", "description": "Operation successful"}) == Parsed([], [])


@pytest.mark.parametrize(
    "document",
    [
        *(None, True, 7, 1.5, "text", "", {}, {"foo": 1}, {"errors": []}),
        *(envelope("text"), envelope(7), envelope(True), envelope("7"), envelope('"x"')),
    ],
)
def test_what_is_no_answer_of_commbox_is_refused_whole(document: Any) -> None:
    """Only a well-formed success answer may change what we hold."""
    with pytest.raises(BadResponse):
        parse(document)


@pytest.mark.parametrize("other", [1, 26, 28, "1", -27])
def test_other_activities_are_left_out_silently(other: Any) -> None:
    assert parse([activity(type=other), {**flat(), "activityType": other}]) == Parsed([], [])


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        (None, "It is not an object with fields."),
        (7, "It is not an object with fields."),
        ([], "It is not an object with fields."),
        ({}, "Nothing in it says that it is a recording."),
        ({"activityType": 27}, "It describes no recording: link, length, size and time are all missing."),
        (activity({}), "It describes no recording: link, length, size and time are all missing."),
        (activity(None), "It describes no recording: link, length, size and time are all missing."),
        (activity("not json"), "Its data is text that is not JSON."),
        (activity('{"duration":NaN}'), "Its data is text that is not JSON."),
        (activity("[" * 100 + "]" * 100), "Its data is text that is not JSON."),
        (activity("[1,2]"), "Its data is not an object with fields."),
        (activity(7), "Its data is not an object with fields."),
        (activity(type="video"), "Its activity type is no number."),
        (activity(type=27.0), "Its activity type is no number."),
        (activity(type=True), "Its activity type is no number."),
        (activity(objectId="1407374990000102"), "It belongs to another object."),
        (activity(objectId=1407374990000102), "It belongs to another object."),
        (activity(objectId=float(OBJECT_ID)), "It belongs to another object."),
        (activity(objectId="x"), "It belongs to another object."),
        (activity(metadata(objectId="7")), "It belongs to another object."),
        (flat(object_id=7), "It belongs to another object."),
        (flat(note="x" * 65_537), "One of its texts is longer than 64 KiB."),
        (activity(metadata(note="x" * 65_537)), "One of its texts is longer than 64 KiB."),
    ],
)
def test_a_bad_item_is_named_and_its_neighbours_are_kept(item: Any, reason: str) -> None:
    parsed = parse(envelope([activity(), item, flat(recordingUrl=f"{HOST}/2.mp4")]))

    assert [item.recording_url for item in parsed.items] == [URL, f"{HOST}/2.mp4"]
    assert [(problem.reason, problem.index) for problem in parsed.problems] == [(reason, 1)]


def test_one_broken_item_in_ten_thousand() -> None:
    """F08."""
    items: list[Any] = [flat(recordingUrl=f"{HOST}/{number}.mp4") for number in range(10_000)]
    items[5_000] = activity("{broken")
    parsed = parse(envelope(items))
    assert (len(parsed.items), len(parsed.problems), parsed.problems[0].index) == (9_999, 1, 5_000)


ODD = [
    ({"duration": -5}, "negative_duration", "duration_seconds"),
    ({"duration": 2**31}, "huge_duration", "duration_seconds"),
    ({"duration": 2**80}, "bad_duration", "duration_seconds"),
    ({"duration": -0.5}, "negative_duration", "duration_seconds"),
    ({"duration": "-0.5"}, "negative_duration", "duration_seconds"),
    ({"duration": 1_000_000_000}, "huge_duration", "duration_seconds"),
    ({"duration": 1e300}, "bad_duration", "duration_seconds"),
    ({"duration": "5.4e2"}, "bad_duration", "duration_seconds"),
    ({"duration": "5,5"}, "bad_duration", "duration_seconds"),
    ({"duration": "5."}, "bad_duration", "duration_seconds"),
    ({"duration": True}, "bad_duration", "duration_seconds"),
    ({"duration": "long"}, "bad_duration", "duration_seconds"),
    ({"fileSize": -1}, "negative_file_size", "file_size_bytes"),
    ({"fileSize": 2**63}, "bad_file_size", "file_size_bytes"),
    ({"fileSize": [1]}, "bad_file_size", "file_size_bytes"),
    ({"timestamp": "soon"}, "bad_recorded_at", "recorded_at"),
    ({"timestamp": 1778663662}, "bad_recorded_at", "recorded_at"),
]


@pytest.mark.parametrize(("change", "flag", "field"), ODD)
def test_an_odd_value_is_unknown_and_flagged(change: dict[str, Any], flag: str, field: str) -> None:
    """F15: the recording is kept."""
    item = only([flat(**change)])
    assert (item.flags, getattr(item, field)) == ((flag,), None)


def test_a_time_to_come_is_kept_and_flagged() -> None:
    """F14: an upstream clock ahead by more than a day."""
    ahead = only([flat(timestamp="2026-05-14T12:00:01Z")])
    assert (ahead.flags, ahead.recorded_at) == (
        ("future_recorded_at",),
        datetime(2026, 5, 14, 12, 0, 1, tzinfo=UTC),
    )
    assert only([flat(timestamp="2026-05-14T12:00:00Z")]).flags == ()
    assert only([activity(createdTime="2027-01-01T00:00:00")]).flags == ("future_created_at",)
    assert only([activity(createdTime="never")]).flags == ("bad_created_at",)


@pytest.mark.parametrize(
    ("url", "flags", "kind"),
    [(None, (), "none"), ("", (), "none"), ("null", (), "none"), (7, ("bad_recording_url",), "none")],
)
def test_a_recording_without_a_link_is_listed(url: Any, flags: tuple[str, ...], kind: str) -> None:
    item = only([flat(recordingUrl=url)])
    assert (item.recording_url, item.flags, item.url_kind) == ("", flags, kind)


HARMFUL = ["\x00", "\n", "\r\n", "\t", "\x1f", "\x85", "\u2028", "\ud800", "\udc00", "\ufffd", "\x00\x00"]


@pytest.mark.parametrize("place", [0, 1, 40, len(URL) // 2, len(URL) - 4, len(URL)])
@pytest.mark.parametrize(
    "shape", [lambda url: flat(recordingUrl=url), lambda url: activity(metadata(recordingUrl=url))]
)
def test_a_link_is_refused_and_never_cleaned(shape: Any, place: int) -> None:
    """A character that cannot be stored is not dropped from an address: what is left could be another file's."""
    for harmful in HARMFUL:
        url = URL[:place] + harmful + URL[place:]
        item = only(read_json(json.dumps(envelope([shape(url)]))))
        with pytest.raises(NotPlayable):
            locate(item.recording_url, [HOST])
        item.recording_url.encode()  # it can be stored
        assert "\x00" not in item.recording_url


def test_a_character_dropped_from_the_text_around_it_changes_no_link() -> None:
    """The link travels in JSON text inside the item's text: there, too, nothing is dropped."""
    contents = json.dumps(metadata()).replace("-1.mp4", "-\x001.mp4")
    item = only(read_json(json.dumps(envelope([activity(contents)]))))
    with pytest.raises(NotPlayable):
        locate(item.recording_url, [HOST])


@pytest.mark.parametrize("url", [f" {URL}", f"   {SIGNED_900}"])
def test_blanks_before_a_link_are_no_part_of_it(url: str) -> None:
    assert locate(only([flat(recordingUrl=url)]).recording_url, [HOST]).url == URL


@pytest.mark.parametrize("word", ["hologram", "אודיו", "5", "", None])
def test_a_new_recording_type_is_kept_as_it_is(word: Any) -> None:
    item = only([flat(recordingType=word)])
    assert (item.recording_type, item.flags) == (word or "", ())


@pytest.mark.parametrize("word", [5, 0, -1, 1.5, True, ["video"], {"a": 1}])
def test_a_recording_type_that_is_no_word_is_unknown_and_flagged(word: Any) -> None:
    item = only([flat(recordingType=word)])
    assert (item.recording_type, item.flags) == ("", ("bad_recording_type",))


@pytest.mark.parametrize(
    ("key", "field", "name"),
    [
        ("duration", "duration_seconds", "duration"),
        ("fileSize", "file_size_bytes", "file_size"),
    ],
)
@given(
    number=st.integers(0, 86_400), fraction=st.sampled_from([0, 0.25, 0.5, 0.7, 0.999]), as_text=st.booleans()
)
def test_a_number_with_a_point_is_cut_to_a_whole_one(
    key: str, field: str, name: str, number: int, fraction: float, as_text: bool
) -> None:
    value: Any = number + fraction
    item = only([flat(**{key: str(value) if as_text else value})])
    assert getattr(item, field) == number
    assert item.flags == ((f"fractional_{name}",) if fraction else ())


@pytest.mark.parametrize(
    ("change", "flags"),
    [
        ({"duration": 86_400}, ()),
        ({"duration": 86_401}, ("improbable_duration",)),
        ({"duration": 542_000}, ("improbable_duration",)),
        ({"duration": 542_000.5}, ("fractional_duration", "improbable_duration")),
        ({"duration": 31 * 86_400}, ("improbable_duration",)),
        ({"fileSize": 2**40}, ()),
        ({"fileSize": 2**40 + 1}, ("improbable_file_size",)),
        ({"fileSize": 2**62}, ("improbable_file_size",)),
    ],
)
def test_an_improbable_number_is_kept_and_flagged(change: dict[str, Any], flags: tuple[str, ...]) -> None:
    item = only([flat(**change)])
    assert item.flags == flags
    assert item.duration_seconds == int(change.get("duration", 542))
    assert item.file_size_bytes == change.get("fileSize", 104857600)


@pytest.mark.parametrize("times", [1, 2, 3])
def test_data_in_strings_in_strings_is_opened_and_a_fourth_time_not(times: int) -> None:
    data = json.dumps(METADATA)
    for _ in range(times - 1):
        data = json.dumps(data)
    assert only(envelope([activity(data)])).fingerprint == only([flat()]).fingerprint
    if times == 3:
        parsed = parse(envelope([activity(json.dumps(data))]))
        assert [problem.reason for problem in parsed.problems] == ["Its data is not an object with fields."]


BROKEN = [
    "Customer asked to be called back",
    '{"cut',
    "x" * 70_000,
    "[" * 500,
    "\x00",
    7,
    [1, 2],
    {"a": "x" * 70_000},
]


@pytest.mark.parametrize("data", BROKEN, ids=lambda data: str(data)[:20])
@pytest.mark.parametrize("other", [1, "1", 10, 0, -27])
def test_other_activities_are_left_out_whatever_their_data_is(data: Any, other: Any) -> None:
    """A remark is text and no JSON: it is no problem, and what is missing beside it may count as missing."""
    parsed = parse(envelope([activity(data, type=other), activity(), {"type": other}]))
    assert ([item.recording_url for item in parsed.items], parsed.problems) == ([URL], [])


@pytest.mark.parametrize(
    "item",
    [
        activity(metadata(activityType=26)),
        activity(metadata(ActivityType="1")),
        {**activity(), "activityType": 26},
        {**flat(), "type": 4},
        {**activity({**METADATA, "activity_type": 0})},
    ],
)
def test_an_item_that_names_two_types_is_no_recording_and_reported(item: Any) -> None:
    parsed = parse(envelope([item, flat(recordingUrl=f"{HOST}/2.mp4")]))
    assert [item.recording_url for item in parsed.items] == [f"{HOST}/2.mp4"]
    assert [problem.reason for problem in parsed.problems] == [
        "It names two activity types, of which one is a recording's."
    ]


@pytest.mark.parametrize(
    "document",
    [
        {"type": 3, "message": "try later"},
        {"id": 5, "type": 3},
        envelope({"type": 3, "message": "try later"}),
        envelope([]) | {"type": 3},
    ],
)
def test_a_message_in_place_of_the_list_does_not_say_that_there_is_nothing(document: Any) -> None:
    with pytest.raises(BadResponse):
        parse(document)


def test_a_field_that_stands_twice_costs_its_item_only() -> None:
    good = json.dumps(flat(recordingUrl=f"{HOST}/2.mp4"))
    for twice in (
        '{"activityType":27,"recordingUrl":"https://a.example/1.mp4","recordingUrl":"https://a.example/2.mp4"}',
        '{"type":27,"data":"{\\"duration\\":1,\\"duration\\":2}"}',
        '{"type":27,"data":{"duration":1,"duration":1}}',
        '{"type":27,"duration":1,"user":{"id":1,"id":2}}',
    ):
        parsed = parse(read_json(f'{{"status":"200","data":[{twice},{good}]}}'))
        assert [item.recording_url for item in parsed.items] == [f"{HOST}/2.mp4"]
        assert [problem.reason for problem in parsed.problems] == ["One of its fields stands in it twice."]


TEXTS = st.text(st.characters(codec=None, categories=None), max_size=12)  # type: ignore[arg-type]


@given(TEXTS, st.integers(1, 3))
def test_an_address_is_never_cleaned_into_another_one(odd: str, times: int) -> None:
    """NUL, lone surrogates and line ends stay to be seen, or are replaced by U+FFFD: the URL is refused when played."""
    url = f"{HOST}/a{odd}b.mp4"
    data = json.dumps(metadata(recordingUrl=url))
    for _ in range(times - 1):
        data = json.dumps(data)
    for document in (envelope([activity(data)]), envelope([flat(recordingUrl=url)])):
        item = only(read_json(json.dumps(document)))
        expected = "".join("\ufffd" if ch == "\0" or "\ud800" <= ch <= "\udfff" else ch for ch in url)
        assert item.recording_url == expected.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def test_more_unreadable_items_than_a_page_could_show_are_not_all_kept() -> None:
    parsed = parse(envelope([flat(), *([{}] * 5000), flat(recordingUrl=f"{HOST}/2.mp4")]))
    assert (len(parsed.items), len(parsed.problems)) == (2, MOST_PROBLEMS)


def test_large_files_and_numbers_as_text() -> None:
    item = only([flat(fileSize="9000000000", duration="7")])
    assert (item.file_size_bytes, item.duration_seconds) == (9_000_000_000, 7)


def test_the_metadata_inside_data_counts_before_the_item() -> None:
    item = only([{**activity(), "duration": 1, "RecordingURL": "https://elsewhere.example/x"}])
    assert (item.duration_seconds, item.recording_url) == (542, URL)


@pytest.mark.parametrize("upstream", [0, "0", "", None, "null", True, 1.5, []])
def test_an_id_that_is_none_is_not_used(upstream: Any) -> None:
    assert only([activity(id=upstream)]).upstream_activity_id is None


@pytest.mark.parametrize(
    "urls",
    [
        [SIGNED_900, SIGNED_1800],
        [SIGNED_1800, SIGNED_900],
        [URL, SIGNED_1800],
        [SIGNED_1800, URL],
        [SIGNED_1800, SIGNED_1800],
        ["https://s3.amazonaws.com/acme-recordings/" + URL.removeprefix(f"{HOST}/"), SIGNED_1800],
    ],
)
def test_of_two_copies_the_url_that_ends_later_stays(urls: list[str]) -> None:
    """F10: the same activity twice, re-signed, in path and virtual-host form: one recording."""
    item = only([flat(recordingUrl=url) for url in urls])
    assert (item.recording_url, item.url_kind) == (SIGNED_1800, "presigned")
    assert item.url_expires_at == datetime(2026, 5, 13, 9, 50, 11, tzinfo=UTC)


def test_versions_of_a_file_are_recordings_of_their_own() -> None:
    parsed = parse([flat(recordingUrl=f"{URL}?versionId={number}") for number in (1, 2)])
    assert len({item.fingerprint for item in parsed.items}) == 2


def test_no_signature_stays_anywhere_but_in_the_url_itself() -> None:
    """Neither raw, repr nor a problem's excerpt carries what plays the file."""
    items = [
        activity(metadata(recordingUrl=SIGNED_900, note=f"see {SIGNED_900}")),
        activity("[" + SIGNED_900),
    ]
    parsed = parse(envelope(items))
    assert parsed.items[0].recording_url == SIGNED_900
    assert parsed.items[0].raw["data"]["recordingUrl"] == URL
    assert "X-Amz" not in json.dumps(parsed.items[0].raw) + repr(parsed)


def test_unknown_keys_stay_in_the_raw_copy() -> None:
    assert only([flat(newKey={"a": [1]})]).raw["newKey"] == {"a": [1]}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
field_names = st.sampled_from(
    ["objectId", "type", "activityType", "data", "user", "id", "createdTime", *METADATA]
)
near_misses = st.dictionaries(field_names, json_values, max_size=6) | st.builds(
    lambda contents: activity(json.dumps(contents)), st.dictionaries(field_names, json_values, max_size=6)
)


@given(
    document=json_values | near_misses | st.builds(envelope, json_values | st.lists(near_misses, max_size=4))
)
def test_any_json_is_parsed_or_refused_by_our_own_error(document: Any) -> None:
    """Promise 6: what CommBox hands us is hostile until parsed."""
    try:
        parsed = parse(document)
    except CommBoxError:
        return
    for item in parsed.items:
        assert item.object_id == OBJECT_ID
        assert len(item.fingerprint) == 64
    for problem in parsed.problems:
        assert isinstance(problem, Problem)


@given(
    before=st.lists(json_values | near_misses, max_size=4),
    after=st.lists(json_values | near_misses, max_size=4),
)
def test_a_good_item_is_kept_among_any_neighbours(before: list[Any], after: list[Any]) -> None:
    good = flat(recordingUrl="https://store.example/the/good/one.mp4", duration=60)
    parsed = parse(envelope([*before, good, *after]))
    assert "https://store.example/the/good/one.mp4" in [item.recording_url for item in parsed.items]
