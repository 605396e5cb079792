"""Only files in listed buckets have a location; everything else is refused with its reason."""

import json
from urllib.parse import quote, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recordings.commbox.parsing.recordings import parse_recordings
from recordings.storage.locations import Location, Style, check_bucket, has_two_readings, locate
from recordings.storage.refusals import NotPlayable, Reason

PATH_STYLE = "https://s3.eu-west-1.amazonaws.com/acme"
VIRTUAL_HOST = "https://acme.store.example"
LOCAL = "http://127.0.0.1:9000/acme"
ALLOWED = (PATH_STYLE, VIRTUAL_HOST, LOCAL)

HOSTILE = [
    ("", Reason.NO_URL),
    ("acme/1.mp4", Reason.NOT_A_URL),
    ("https:/s3.eu-west-1.amazonaws.com/acme/1.mp4", Reason.NOT_A_URL),
    ("https:s3.eu-west-1.amazonaws.com/acme/1.mp4", Reason.NOT_A_URL),
    ("https:///acme/1.mp4", Reason.NOT_A_URL),
    ("x https://s3.eu-west-1.amazonaws.com/acme/1.mp4", Reason.NOT_A_URL),
    (f"{PATH_STYLE}/{'k' * 9000}", Reason.NOT_A_URL),
    ("https://s3.eu-west-1.amazonaws.com./acme/1.mp4", Reason.NOT_A_URL),
    ("https://s3_eu.amazonaws.com/acme/1.mp4", Reason.NOT_A_URL),
    ("https://%73%33.eu-west-1.amazonaws.com/acme/1.mp4", Reason.NOT_A_URL),
    ("https://[::1/acme/1.mp4", Reason.NOT_A_URL),
    ("http://s3.eu-west-1.amazonaws.com/acme/1.mp4", Reason.SCHEME),
    ("//s3.eu-west-1.amazonaws.com/acme/1.mp4", Reason.SCHEME),
    ("ftp://s3.eu-west-1.amazonaws.com/acme/1.mp4", Reason.SCHEME),
    ("s3://acme/1.mp4", Reason.SCHEME),
    ("file:///etc/passwd", Reason.SCHEME),
    ("javascript:alert(1)", Reason.SCHEME),
    ("data:video/mp4;base64,AAAA", Reason.SCHEME),
    ("https://127.0.0.1:9000/acme/1.mp4", Reason.SCHEME),
    ("https://user@s3.eu-west-1.amazonaws.com/acme/1.mp4", Reason.USER_INFO),
    ("https://user:word@s3.eu-west-1.amazonaws.com/acme/1.mp4", Reason.USER_INFO),
    ("https://s3.eu-west-1.amazonaws.com@evil.example/acme/1.mp4", Reason.USER_INFO),
    ("https://s3.eu-west-1.amazonaws.com%40evil.example/acme/1.mp4", Reason.USER_INFO),
    ("https://s3.eu-west-1.amazonaws.com:8443/acme/1.mp4", Reason.PORT),
    ("https://s3.eu-west-1.amazonaws.com:/acme/1.mp4", Reason.PORT),
    ("https://s3.eu-west-1.amazonaws.com:0443/acme/1.mp4", Reason.PORT),
    ("https://s3.eu-west-1.amazonaws.com:65536/acme/1.mp4", Reason.PORT),
    ("https://s3.eu-west-1.amazonaws.com:４４３/acme/1.mp4", Reason.PORT),
    ("http://127.0.0.1/acme/1.mp4", Reason.PORT),
    ("https://s3.eu-west-1.amazonaws.com.evil.example/acme/1.mp4", Reason.HOST_NOT_LISTED),
    ("https://evil-s3.eu-west-1.amazonaws.com/acme/1.mp4", Reason.HOST_NOT_LISTED),
    ("https://x.s3.eu-west-1.amazonaws.com/acme/1.mp4", Reason.HOST_NOT_LISTED),
    ("https://s3.amazonaws.com/acme/1.mp4", Reason.HOST_NOT_LISTED),
    ("https://store.example/acme/1.mp4", Reason.HOST_NOT_LISTED),
    ("https://127.0.0.1.nip.io/acme/1.mp4", Reason.HOST_NOT_LISTED),
    ("https://8.8.8.8/acme/1.mp4", Reason.HOST_NOT_LISTED),
    ("https://s3.eu-west-1.amazonaws.com/other/1.mp4", Reason.BUCKET_NOT_LISTED),
    ("https://s3.eu-west-1.amazonaws.com/acme-2/1.mp4", Reason.BUCKET_NOT_LISTED),
    ("https://s3.eu-west-1.amazonaws.com/ACME/1.mp4", Reason.BUCKET_NOT_LISTED),
    ("https://s3.eu-west-1.amazonaws.com/%61cme/1.mp4", Reason.BUCKET_NOT_LISTED),
    ("https://10.0.0.8/acme/1.mp4", Reason.PRIVATE_ADDRESS),
    ("https://169.254.169.254/latest/meta-data", Reason.PRIVATE_ADDRESS),
    ("https://192.168.1.1/acme/1.mp4", Reason.PRIVATE_ADDRESS),
    ("https://100.64.0.1/acme/1.mp4", Reason.PRIVATE_ADDRESS),
    ("https://224.0.0.1/acme/1.mp4", Reason.PRIVATE_ADDRESS),
    ("https://0.0.0.0/acme/1.mp4", Reason.PRIVATE_ADDRESS),
    ("https://localhost/acme/1.mp4", Reason.PRIVATE_ADDRESS),
    ("https://acme.localhost/1.mp4", Reason.PRIVATE_ADDRESS),
    ("https://[fd00::1]/acme/1.mp4", Reason.PRIVATE_ADDRESS),
    ("http://127.0.0.2:9000/acme/1.mp4", Reason.PRIVATE_ADDRESS),
    ("https://xn--s-8ga.eu-west-1.amazonaws.com/acme/1.mp4", Reason.INTERNATIONAL_NAME),
    ("https://ѕ3.eu-west-1.amazonaws.com/acme/1.mp4", Reason.INTERNATIONAL_NAME),
    ("https://s3。eu-west-1。amazonaws。com/acme/1.mp4", Reason.INTERNATIONAL_NAME),
    ("https://①27.0.0.1/acme/1.mp4", Reason.INTERNATIONAL_NAME),
    ("http://0177.0.0.1:9000/acme/1.mp4", Reason.ADDRESS_FORM),
    ("http://0x7f.0.0.1:9000/acme/1.mp4", Reason.ADDRESS_FORM),
    ("http://0x7f000001:9000/acme/1.mp4", Reason.ADDRESS_FORM),
    ("http://2130706433:9000/acme/1.mp4", Reason.ADDRESS_FORM),
    ("http://127.1:9000/acme/1.mp4", Reason.ADDRESS_FORM),
    ("http://127.0.0.1.:9000/acme/1.mp4", Reason.ADDRESS_FORM),
    ("https://[::ffff:127.0.0.1]/acme/1.mp4", Reason.ADDRESS_FORM),
    ("https://[::ffff:7f00:1]/acme/1.mp4", Reason.ADDRESS_FORM),
    ("https://[::127.0.0.1]/acme/1.mp4", Reason.ADDRESS_FORM),
    ("https://[64:ff9b::7f00:1]/acme/1.mp4", Reason.ADDRESS_FORM),
    ("https://[2002:7f00:1::]/acme/1.mp4", Reason.ADDRESS_FORM),
    ("http://[0:0:0:0:0:0:0:1]:9000/acme/1.mp4", Reason.ADDRESS_FORM),
    ("http://[::1%25eth0]:9000/acme/1.mp4", Reason.ADDRESS_FORM),
    ("https://[nonsense]/acme/1.mp4", Reason.ADDRESS_FORM),
    (f"{PATH_STYLE}/../other/1.mp4", Reason.DOT_STEPS),
    (f"{PATH_STYLE}/./1.mp4", Reason.DOT_STEPS),
    (f"{PATH_STYLE}/a/..", Reason.DOT_STEPS),
    (f"{VIRTUAL_HOST}/..//1.mp4", Reason.DOT_STEPS),
    (f"{PATH_STYLE}/%2e%2e/other/1.mp4", Reason.DOT_STEPS),
    (f"{PATH_STYLE}/%2E./other/1.mp4", Reason.DOT_STEPS),
    (f"{PATH_STYLE}/.%2e/other/1.mp4", Reason.DOT_STEPS),
    (f"{PATH_STYLE}/%252e%252e/other/1.mp4", Reason.DOT_STEPS),
    (f"{PATH_STYLE}%2F..%2Fother/1.mp4", Reason.DOT_STEPS),
    (f"{PATH_STYLE}/a%252f..%252fb.mp4", Reason.DOT_STEPS),
    (f"{PATH_STYLE}/a%25252f%25252e%25252e%25252fb.mp4", Reason.DOT_STEPS),
    (f"{PATH_STYLE}/a%5c..%5cb.mp4", Reason.BACKSLASH),
    (f"{PATH_STYLE}/a%255cb.mp4", Reason.BACKSLASH),
    (f"{PATH_STYLE}/a\\b.mp4", Reason.BACKSLASH),
    (f"{PATH_STYLE}/a%00.mp4", Reason.CHARACTER),
    (f"{PATH_STYLE}/a%0d%0aHost:x", Reason.CHARACTER),
    (f"{PATH_STYLE}/a%250ab.mp4", Reason.CHARACTER),
    (f"{PATH_STYLE}/a\r\nb.mp4", Reason.CHARACTER),
    (f"{PATH_STYLE}/ab.mp4\n", Reason.CHARACTER),
    (f"\n{PATH_STYLE}/ab.mp4", Reason.CHARACTER),
    (f"{PATH_STYLE}/a\tb.mp4", Reason.CHARACTER),
    (f"{PATH_STYLE}/a\x00b.mp4", Reason.CHARACTER),
    (f"{PATH_STYLE}/a\x85b.mp4", Reason.CHARACTER),
    (f"{PATH_STYLE}/a%C2%85b.mp4", Reason.CHARACTER),
    (f"{PATH_STYLE}/a\u2028b.mp4", Reason.CHARACTER),
    (f"{PATH_STYLE}/a%E2%80%A9b.mp4", Reason.CHARACTER),
    (f"{PATH_STYLE}/a\ud800b.mp4", Reason.CHARACTER),
    (f"{PATH_STYLE}/a\ufffdb.mp4", Reason.CHARACTER),
    (f"{PATH_STYLE}/1.mp4 ", Reason.BLANK_AT_END),
    (f"{PATH_STYLE}/1.mp4\u00a0", Reason.BLANK_AT_END),
    (f"{PATH_STYLE}/a%zz.mp4", Reason.ESCAPE),
    (f"{PATH_STYLE}/100%", Reason.ESCAPE),
    (f"{PATH_STYLE}/%ff.mp4", Reason.ENCODING),
    (f"{PATH_STYLE}/{'é' * 513}", Reason.KEY_TOO_LONG),
    ("https://s3.eu-west-1.amazonaws.com//acme/1.mp4", Reason.BUCKET_NOT_LISTED),
    ("https://s3.eu-west-1.amazonaws.com/acme%2F1.mp4", Reason.BUCKET_NOT_LISTED),
    (f"{PATH_STYLE}/what?.mp4", Reason.QUERY),
    (f"{PATH_STYLE}/what?", Reason.QUERY),
    (f"{PATH_STYLE}/what?x=1", Reason.QUERY),
    (f"{PATH_STYLE}/what?versionId=1&part.mp4", Reason.QUERY),
    (f"{PATH_STYLE}/what?acl", Reason.QUERY),
    (f"{PATH_STYLE}/what?acl=", Reason.QUERY),
    (f"{PATH_STYLE}/what?versionId", Reason.QUERY),
    (f"{PATH_STYLE}/what?&versionId=1", Reason.QUERY),
    (f"{PATH_STYLE}/what?versionId=1?.mp4", Reason.QUERY),
    (f"{PATH_STYLE}/what?.mp4?X-Amz-Date=1&X-Amz-Signature=0", Reason.QUERY),
    (f"{PATH_STYLE}/what?a=b.mp4?X-Amz-Date=1&X-Amz-Signature=0", Reason.QUERY),
    (f"{PATH_STYLE}/what?a b.mp4&X-Amz-Signature=0", Reason.QUERY),
    (PATH_STYLE, Reason.EMPTY_KEY),
    (f"{PATH_STYLE}/", Reason.EMPTY_KEY),
    (f"{PATH_STYLE}/folder/", Reason.EMPTY_KEY),
    (f"{PATH_STYLE}/folder%2F", Reason.EMPTY_KEY),
    (f"{PATH_STYLE}//", Reason.EMPTY_KEY),
    ("https://s3.eu-west-1.amazonaws.com", Reason.EMPTY_KEY),
    (VIRTUAL_HOST, Reason.EMPTY_KEY),
    (f"{PATH_STYLE}/1.mp4#t=10", Reason.FRAGMENT),
    (f"{PATH_STYLE}/1.mp4#", Reason.FRAGMENT),
    (f"{PATH_STYLE}/1.mp4?versionId=a&versionId=b", Reason.VERSION_ID),
    (f"{PATH_STYLE}/1.mp4?versionId=a%0ab", Reason.VERSION_ID),
]


def _enveloped(url: str) -> dict[str, object]:
    return {"objectId": "7", "type": 27, "data": json.dumps({"recordingUrl": url, "duration": 5})}


def _flat(url: str) -> dict[str, object]:
    return {"activityType": 27, "recordingUrl": url, "duration": 5}


@pytest.mark.parametrize("shape", [_enveloped, _flat])
@pytest.mark.parametrize(("url", "reason"), HOSTILE)
def test_a_hostile_url_is_listed_and_never_located(shape: object, url: str, reason: Reason) -> None:
    """The recording is kept, and its URL is refused for the right reason."""
    parsed = parse_recordings({"status": "200", "data": [shape(url)]}, object_id="7")  # type: ignore[operator]

    assert [item.object_id for item in parsed.items] == ["7"]
    with pytest.raises(NotPlayable) as refusal:
        locate(parsed.items[0].recording_url, ALLOWED)
    assert refusal.value.reason == reason
    assert str(refusal.value) == reason.sentence


def test_the_table_is_as_long_as_promised() -> None:
    assert len(HOSTILE) == len({url for url, _ in HOSTILE}) >= 45
    assert {reason for _, reason in HOSTILE} == set(Reason)


@pytest.mark.parametrize(
    ("url", "location"),
    [
        (
            f"{PATH_STYLE}/2026/1.mp4",
            Location(
                "https", "s3.eu-west-1.amazonaws.com", 443, "acme", "2026/1.mp4", "", Style.PATH, "eu-west-1"
            ),
        ),
        (
            "HTTPS://S3.EU-WEST-1.AmazonAWS.com:443/acme/1.mp4?versionId=null&X-Amz-Signature=0",
            Location(
                "https", "s3.eu-west-1.amazonaws.com", 443, "acme", "1.mp4", "null", Style.PATH, "eu-west-1"
            ),
        ),
        (
            f"{VIRTUAL_HOST}/a%20b+c%25/%D7%A9.mp4",
            Location(
                "https",
                "acme.store.example",
                443,
                "acme.store.example",
                "a b+c%/ש.mp4",
                "",
                Style.VIRTUAL_HOST,
            ),
        ),
        (
            f"{VIRTUAL_HOST}/a b/ש.mp4",
            Location(
                "https", "acme.store.example", 443, "acme.store.example", "a b/ש.mp4", "", Style.VIRTUAL_HOST
            ),
        ),
        (f"{LOCAL}/...", Location("http", "127.0.0.1", 9000, "acme", "...", "", Style.PATH)),
        (f"{LOCAL}//1.mp4", Location("http", "127.0.0.1", 9000, "acme", "/1.mp4", "", Style.PATH)),
        (f"{LOCAL}/a//b%2Fc.mp4", Location("http", "127.0.0.1", 9000, "acme", "a//b/c.mp4", "", Style.PATH)),
        (
            f"{LOCAL}/%D7%A9%2F%2B%25%252F.mp4?response-content-type=video%2Fmp4&x-id=GetObject",
            Location("http", "127.0.0.1", 9000, "acme", "ש/+%%2F.mp4", "", Style.PATH),
        ),
    ],
)
def test_a_file_in_a_listed_bucket_has_a_location(url: str, location: Location) -> None:
    assert locate(url, ALLOWED) == location


@pytest.mark.parametrize(
    ("url", "canonical"),
    [
        (f"{PATH_STYLE}/1.mp4?x-id=GetObject", f"{PATH_STYLE}/1.mp4"),
        (f"{VIRTUAL_HOST}//a/%2Fb%252F+.mp4", f"{VIRTUAL_HOST}//a//b%252F%2B.mp4"),
        (f"{VIRTUAL_HOST}:443/a b+c~(1).mp4", f"{VIRTUAL_HOST}/a%20b%2Bc~%281%29.mp4"),
        (f"{LOCAL}/1.mp4", f"{LOCAL}/1.mp4"),
    ],
)
def test_a_location_has_one_url(url: str, canonical: str) -> None:
    location = locate(url, ALLOWED)
    assert location.url == canonical
    assert location.authority == urlsplit(canonical).netloc


@pytest.mark.parametrize("host", ["localhost", "[::1]", "acme.localhost", "127.8.9.1"])
def test_plain_http_is_accepted_for_this_machine(host: str) -> None:
    assert locate(f"http://{host}:9000/acme/1.mp4", [f"http://{host}:9000/acme"]).host == host


def test_a_private_store_may_be_listed_by_its_address() -> None:
    """On premises, the operator lists the private address."""
    assert locate("https://10.0.0.8/acme/1.mp4", ["https://10.0.0.8/acme"]).host == "10.0.0.8"


def test_two_buckets_on_one_host_are_told_apart() -> None:
    buckets = ["https://store.example/one", "https://store.example/two"]
    assert locate("https://store.example/two/k", buckets).bucket == "two"


def test_an_empty_list_admits_nothing() -> None:
    with pytest.raises(NotPlayable) as refusal:
        locate(f"{PATH_STYLE}/1.mp4", [])
    assert refusal.value.reason == Reason.HOST_NOT_LISTED


@pytest.mark.parametrize(
    ("entry", "complaint"),
    [
        ("https://s3.amazonaws.com", "is shared by every bucket"),
        ("https://s3.eu-west-1.amazonaws.com/", "is shared by every bucket"),
        ("http://store.example/acme", "must start with https"),
        ("https://store.example/acme/folder", "and no more"),
        ("https://store.example/acme?x=1", "may have .region=eu-west-1"),
        ("https://store.example/acme?", "may have .region=eu-west-1"),
        ("https://store.example/acme?region=", "may have .region=eu-west-1"),
        ("https://store.example/acme?region=EU%20", "may have .region=eu-west-1"),
        ("https://store.example/acme?region=a&x=1", "may have .region=eu-west-1"),
        ("https://store.example/acme#x", "cannot be a recording bucket"),
        ("https://*.store.example", "cannot be a recording bucket"),
        ("store.example/acme", "cannot be a recording bucket"),
        ("https://user:secret@store.example/acme", "cannot be a recording bucket"),
        ("", "cannot be a recording bucket"),
    ],
)
def test_a_wrong_entry_on_the_list_is_named(entry: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        check_bucket(entry)


@pytest.mark.parametrize(
    "entry", [*ALLOWED, f"{VIRTUAL_HOST}/", f"{PATH_STYLE}/", f"{VIRTUAL_HOST}?region=eu-1"]
)
def test_a_right_entry_is_accepted(entry: str) -> None:
    check_bucket(entry)


@given(url=st.text(max_size=120) | st.text(max_size=60).map(lambda text: f"{PATH_STYLE}/{text}"))
def test_any_text_is_located_in_a_listed_bucket_or_refused(url: str) -> None:
    """Any text that has a location is in a listed bucket, and the location's URL has the same location."""
    try:
        location = locate(url, ALLOWED)
    except NotPlayable:
        return
    assert location.url.startswith(tuple(f"{entry}/" for entry in ALLOWED))
    again = locate(location.url, ALLOWED)
    assert (again.url, again.key) == (location.url, location.key)


@pytest.mark.parametrize(
    ("entry", "region"),
    [
        ("https://store.example/acme", ""),
        ("https://store.example/acme?region=eu-central-1", "eu-central-1"),
        ("https://acme.store.example?region=garage", "garage"),
        ("https://s3.eu-west-1.amazonaws.com/acme", "eu-west-1"),
        ("https://s3-eu-west-1.amazonaws.com/acme", "eu-west-1"),
        ("https://acme.s3.dualstack.us-gov-west-1.amazonaws.com", "us-gov-west-1"),
        ("https://acme.s3.cn-north-1.amazonaws.com.cn", "cn-north-1"),
        ("https://s3.amazonaws.com/acme", ""),
        ("https://s3.amazonaws.com/acme?region=il-central-1", "il-central-1"),
        ("https://s3.eu-west-1.amazonaws.com/acme?region=eu-west-2", "eu-west-2"),
    ],
)
def test_each_bucket_has_its_region(entry: str, region: str) -> None:
    """The allow-list names the region, else a host of Amazon's does; else it is not known."""
    bucket = entry.partition("?")[0]
    others = ["https://store.example/other?region=xx-other-1", "https://other.example?region=xx-other-1"]
    location = locate(f"{bucket}/2026/1.mp4", [*others, entry])
    assert (location.region, location.place) == (region, bucket)


@pytest.mark.parametrize(
    ("path", "plus", "blank"),
    [
        ("Call+2026.mp4", "Call+2026.mp4", "Call 2026.mp4"),
        ("a+b/c%2Bd+e.mp4", "a+b/c+d+e.mp4", "a b/c+d e.mp4"),
        ("%D7%A9+%2B.mp4", "ש++.mp4", "ש +.mp4"),
    ],
)
def test_a_plus_may_be_a_blank(path: str, plus: str, blank: str) -> None:
    """As in links of the AWS console. An encoded plus is always a plus."""
    url = f"{PATH_STYLE}/{path}"
    assert has_two_readings(url)
    assert locate(url, ALLOWED).key == plus
    assert locate(url, ALLOWED, plus_is_blank=True).key == blank


@pytest.mark.parametrize(
    "url", [f"{PATH_STYLE}/a%2Bb c.mp4", f"{PATH_STYLE}/a.mp4?versionId=a+b", "a+b://c/d"]
)
def test_without_a_plus_in_the_path_there_is_one_reading(url: str) -> None:
    assert not has_two_readings(url)


letters = st.characters(exclude_categories=["Cs"])


def reading_of(url: str) -> str | Reason:
    """Return the key of a URL, or the reason why it is refused."""
    try:
        return locate(url, ALLOWED).key
    except NotPlayable as refusal:
        return refusal.reason


@given(key=st.text(letters | st.sampled_from("/%+?#. ;:&=\\"), min_size=1, max_size=60))
def test_a_key_is_played_as_it_is_or_refused(key: str) -> None:
    """Encoded once in the link, decoded once here and encoded once for signing, it is the same key."""
    url = f"{LOCAL}/{quote(key, safe='/')}"
    assert reading_of(url) in (key, *KEY_REASONS)
    if reading_of(url) == key:
        assert unquote(locate(url, ALLOWED).url) == f"{LOCAL}/{key}"


@given(key=st.text(letters | st.sampled_from("/%+?#. =&"), min_size=1, max_size=60))
def test_a_key_that_was_linked_to_raw_never_becomes_another(key: str) -> None:
    """An unencoded key is played only if every reading of the link is that key."""
    assert reading_of(f"{LOCAL}/{key}") in (unquote(key), *Reason)


KEY_REASONS = (
    Reason.DOT_STEPS,
    Reason.BACKSLASH,
    Reason.CHARACTER,
    Reason.KEY_TOO_LONG,
    Reason.EMPTY_KEY,
)
