"""A URL's kind, expiry and identity."""

import base64
import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recordings.storage.s3_urls import UrlKind, expiry_of, file_of, fingerprint, kind_of, strip_query

BASE = "https://acme.s3.eu-west-1.amazonaws.com/2026/1.mp4"
V4 = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date=20260513T092011Z&X-Amz-Expires=900&X-Amz-Signature=0f"
MAY_13 = datetime(2026, 5, 13, 9, 35, 11, tzinfo=UTC)
EPOCH = int(MAY_13.timestamp())


def _policy(end: object) -> str:
    document = {"Statement": [{"Resource": "*", "Condition": {"DateLessThan": {"AWS:EpochTime": end}}}]}
    return base64.b64encode(json.dumps(document).encode()).decode().translate(str.maketrans("+=/", "-_~"))


@pytest.mark.parametrize(
    ("query", "kind", "end"),
    [
        ("", "direct", None),
        ("?versionId=abc", "direct", None),
        (f"?{V4}", "presigned", MAY_13),
        (f"?{V4.lower().replace('20260513t092011z', '20260513T092011Z')}", "presigned", MAY_13),
        (f"?AWSAccessKeyId=AKIA&Signature=s%3D&Expires={EPOCH}", "presigned", MAY_13),
        (f"?Expires={EPOCH}&Signature=s&Key-Pair-Id=K1", "presigned", MAY_13),
        (f"?Policy={_policy(EPOCH)}&Signature=s&Key-Pair-Id=K1", "presigned", MAY_13),
        (f"?Policy={_policy(str(EPOCH))}&Signature=s&Key-Pair-Id=K1", "presigned", None),
        (f"?Policy={_policy(True)}&Signature=s&Key-Pair-Id=K1", "presigned", None),
        ("?Policy=%25%25&Signature=s&Key-Pair-Id=K1", "presigned", None),
        ("?Policy=bnVsbA__&Signature=s&Key-Pair-Id=K1", "presigned", None),
        ("?Signature=s&Key-Pair-Id=K1", "direct", None),
        ("?Signature=s", "direct", None),
        (f"?Expires={EPOCH}", "direct", None),
        ("?X-Amz-Signature=0f", "presigned", None),
        (f"?{V4.replace('900', '604801')}", "presigned", MAY_13 + timedelta(seconds=604_800 - 900)),
        (f"?{V4.replace('900', '9' * 5000)}", "presigned", None),
        (f"?{V4.replace('900', '-1')}", "presigned", None),
        (f"?{V4.replace('900', '９００')}", "presigned", None),
        (f"?{V4.replace('20260513', '20261341')}", "presigned", None),
        (
            f"?{V4.replace('20260513', '99991231')}",
            "presigned",
            datetime(9999, 12, 31, 9, 35, 11, tzinfo=UTC),
        ),
        (f"?{V4.replace('20260513T092011Z', '99991231T235959Z')}", "presigned", None),
        ("?AWSAccessKeyId=A&Signature=s&Expires=253402300800", "presigned", None),
        ("?AWSAccessKeyId=A&Signature=s&Expires=soon", "presigned", None),
        ("?" + "&".join(f"a{n}=1" for n in range(300)), "direct", None),
    ],
)
def test_kind_and_end(query: str, kind: str, end: datetime | None) -> None:
    assert (kind_of(BASE + query), expiry_of(BASE + query)) == (kind, end)


def test_no_url_is_of_no_kind() -> None:
    assert (kind_of(""), expiry_of(""), strip_query("")) == (UrlKind.NONE, None, "")


@pytest.mark.parametrize(
    ("url", "stripped"),
    [
        (BASE, BASE),
        (f"{BASE}?{V4}", BASE),
        (f"{BASE}?versionId=a%2Fb&{V4}", f"{BASE}?versionId=a%2Fb"),
        (f"{BASE}?{V4}#X-Amz-Signature=1", f"{BASE}#"),
        (f"{BASE}#?{V4}", f"{BASE}#"),
        ("http://[::1?x=1", "http://[::1?"),
        (f"{BASE}?.mp4", f"{BASE}?"),
        (f"{BASE}?.mp4?{V4}", f"{BASE}?"),
        (f"{BASE}?{V4}&any=thing", BASE),
        ("not a url", "not a url"),
    ],
)
def test_what_is_stored_holds_no_query_but_the_version(url: str, stripped: str) -> None:
    assert strip_query(url) == stripped


SAME_PLACE = [
    [
        "https://acme.s3.eu-west-1.amazonaws.com/2026/1.mp4",
        "https://ACME.S3.EU-WEST-1.amazonaws.com/2026/1.mp4?X-Amz-Signature=1",
        "https://s3.eu-west-1.amazonaws.com/acme/2026/1.mp4",
        "https://s3.amazonaws.com/acme/2026/1.mp4",
        "https://acme.s3.amazonaws.com/2026/1.mp4",
        "https://s3-eu-west-1.amazonaws.com/acme/2026/1.mp4",
        "https://acme.s3.dualstack.eu-west-1.amazonaws.com:443/2026/1.mp4",
        "https://s3.us-gov-west-1.amazonaws.com/acme/2026/%31.mp4",
    ],
    [
        "https://acme.s3.cn-north-1.amazonaws.com.cn/1.mp4",
        "https://s3.cn-north-1.amazonaws.com.cn/acme/1.mp4",
    ],
    ["https://my.dotted.s3.amazonaws.com/1.mp4", "https://s3.amazonaws.com/my.dotted/1.mp4"],
    ["https://acme.store.example:8443/1.mp4", "https://store.example:8443/acme/1.mp4"],
    ["https://acme.store.example/1.mp4", "https://store.example:443/acme/1.mp4"],
    ["http://acme.localhost:9000/1.mp4", "http://127.0.0.1:9000/acme/1.mp4", "http://[::1]:9000/acme/1.mp4"],
    ["https://192.0.2.7/acme/1.mp4"],
    ["http://store.example/acme/1.mp4"],
    ["https://store.example/acme/2.mp4"],
    ["not a url", "not a url?x=1#y"],
    ["http://[::1", "http://[::1?a"],
    ["https://host:99999/x"],
    [""],
]


@pytest.mark.parametrize("urls", SAME_PLACE)
def test_path_style_and_virtual_host_style_name_one_place(urls: list[str]) -> None:
    """F10: the same activity in either form of its URL is one row."""
    assert len({file_of(url) for url in urls}) == 1


def test_different_files_are_different_places() -> None:
    assert len({file_of(urls[0]) for urls in SAME_PLACE}) == len(SAME_PLACE)


WHEN = datetime(2026, 5, 13, 9, 14, 22, tzinfo=UTC)
IDENTITY = {"object_id": "1407374990000101", "url": BASE, "recorded_at": WHEN, "upstream_id": None}


def _print(**changes: object) -> str:
    return fingerprint(**{**IDENTITY, **changes})  # type: ignore[arg-type]


def test_signing_again_changes_no_identity() -> None:
    assert (
        _print() == _print(url=f"{BASE}?{V4}") == _print(url=f"{BASE}?AWSAccessKeyId=A&Signature=s&Expires=1")
    )


def test_the_zone_a_time_is_written_in_changes_no_identity() -> None:
    assert _print() == _print(recorded_at=WHEN.astimezone(timezone(timedelta(hours=3))))


@pytest.mark.parametrize(
    "changes",
    [
        {"object_id": "1407374990000102"},
        {"url": BASE.replace("1.mp4", "2.mp4")},
        {"url": f"{BASE}?versionId=2"},
        {"recorded_at": WHEN + timedelta(seconds=1)},
        {"recorded_at": None},
        {"upstream_id": "565533"},
        {"upstream_id": "565533", "url": f"{BASE}?versionId=2"},
    ],
)
def test_another_file_time_object_version_or_id_is_another_recording(changes: dict[str, object]) -> None:
    assert _print(**changes) != _print()


def test_with_an_upstream_id_the_address_may_move() -> None:
    moved = "https://elsewhere.example/x.mp4"
    assert _print(upstream_id="7") == _print(upstream_id="7", url=moved, recorded_at=None)
    assert _print(upstream_id="7") != _print(upstream_id="7", url=f"{moved}?versionId=2")
    assert _print(upstream_id="7") != _print(upstream_id="8")


@given(text=st.text(max_size=200), query=st.text(max_size=50))
def test_no_text_at_all_makes_it_stumble(text: str, query: str) -> None:
    """Any URL from CommBox gets a kind, an identity and a form that can be stored."""
    url = f"{text}?{query}"
    assert kind_of(url) in set(UrlKind)
    assert expiry_of(url) is None or expiry_of(url).tzinfo is UTC  # type: ignore[union-attr]
    assert len(_print(url=url)) == 64
    assert (
        "X-Amz-Signature"
        not in strip_query(f"{text.replace('X-Amz', '')}?X-Amz-Signature=1&{query}")[len(text) :]
    )


@given(url=st.text(max_size=100))
def test_stripping_twice_is_stripping_once(url: str) -> None:
    assert strip_query(strip_query(url)) == strip_query(url)
