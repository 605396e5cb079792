"""Presigning: AWS's published example, an independent verifier, and the limits of what is signed."""

import logging
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, urlsplit

import pytest
import time_machine
from hypothesis import assume, given
from hypothesis import strategies as st

from recordings.storage.locations import Location, Style, locate
from recordings.storage.presign import MEDIA_TYPES, SigningKey, presign_with, sign_get
from recordings.storage.refusals import NotPlayable
from tests.unit.storage.sigv4 import verifies

SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
KEY = SigningKey("AKIAIOSFODNN7EXAMPLE", SECRET, "us-east-1")
EXAMPLE_DAY = datetime(2013, 5, 24, tzinfo=UTC)
EXAMPLE_URL = (
    "https://examplebucket.s3.amazonaws.com/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256"
    "&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
    "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
    "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
)
PLACE = Location("https", "s3.eu-west-1.amazonaws.com", 443, "acme", "2026/05/13/1.mp4", "", Style.PATH)
NOW = datetime(2026, 5, 13, 9, 20, 11, tzinfo=UTC)

keys = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=60).filter(
    lambda key: "\\" not in key and all(part not in ("", ".", "..") for part in key.split("/"))
)
places = st.builds(
    Location,
    scheme=st.just("https"),
    host=st.sampled_from(["s3.eu-west-1.amazonaws.com", "acme.store.example", "[::1]"]),
    port=st.sampled_from([443, 8443]),
    bucket=st.just("acme"),
    key=keys,
    version_id=st.sampled_from(
        ["", "null", "3sL4kqtJlcpXroDTDmJ+rmSpXd3dIbrHY+MTRCxf3vjVBH40Nr8X8gdRQBpUMLUo"]
    ),
    style=st.sampled_from(Style),
)


def signed(place: Location = PLACE, **changes: object) -> str:
    options: dict[str, object] = {"ttl_seconds": 90, "viewing_id": "0199-viewing", **changes}
    return presign_with(KEY, place, **options).url  # type: ignore[arg-type]


def test_the_published_example_of_aws_comes_out_to_the_letter() -> None:
    """Signature Version 4, authenticating requests with query parameters: Amazon's own example."""
    with time_machine.travel(EXAMPLE_DAY, tick=False):
        url, signed_at = sign_get(KEY, "https://examplebucket.s3.amazonaws.com/test.txt", {}, 86_400)

    assert url == EXAMPLE_URL
    assert signed_at == EXAMPLE_DAY


def test_the_independent_verifier_agrees_with_the_published_example() -> None:
    assert verifies(EXAMPLE_URL, SECRET, at=EXAMPLE_DAY)
    assert not verifies(EXAMPLE_URL, SECRET + "x", at=EXAMPLE_DAY)
    assert not verifies(EXAMPLE_URL, SECRET, at=EXAMPLE_DAY + timedelta(days=2))


@given(
    place=places, ttl=st.integers(15, 300), moment=st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1))
)
def test_whatever_is_signed_verifies_until_it_ends(place: Location, ttl: int, moment: datetime) -> None:
    """X-Amz-Expires is the requested lifetime, within 15 to 300 s."""
    with time_machine.travel(moment.replace(tzinfo=UTC), tick=False):
        issued = presign_with(KEY, place, ttl_seconds=ttl, viewing_id="v-1")

    assert verifies(issued.url, SECRET, at=issued.expires_at)
    assert not verifies(issued.url, SECRET, at=issued.expires_at + timedelta(seconds=1))
    assert dict(parse_qsl(urlsplit(issued.url).query))["X-Amz-Expires"] == str(ttl)
    assert issued.host == place.authority


@given(data=st.data(), place=places)
def test_any_flipped_character_breaks_the_signature(data: st.DataObject, place: Location) -> None:
    """The signature covers every character of path and query."""
    with time_machine.travel(NOW, tick=False):
        url = signed(place)
    start = url.index("/", len("https://"))
    position = data.draw(st.integers(start + 1, len(url) - 1))
    other = data.draw(st.sampled_from("abcXYZ019-%&=/+~").filter(lambda letter: letter != url[position]))
    broken = url[:position] + other + url[position + 1 :]
    assume(not _same_request(url, broken))

    assert not verifies(broken, SECRET, at=NOW)


def _same_request(one: str, other: str) -> bool:
    """Percent-escapes read alike in either case of their digits; everything else is another request."""
    first, second = urlsplit(one), urlsplit(other)
    return first.path == second.path and parse_qsl(first.query) == parse_qsl(second.query)


@given(key=keys)
def test_the_key_that_was_located_is_the_key_that_is_signed(key: str) -> None:
    """Spaces, letters of any script, plus and percent signs reach storage as they are."""
    try:
        place = locate(replace(PLACE, key=key).url, ["https://s3.eu-west-1.amazonaws.com/acme"])
    except NotPlayable:
        assume(False)

    assert place.key == key
    assert urlsplit(signed(place)).path == urlsplit(place.url).path


@pytest.mark.parametrize("ttl", [-1, 0, 14, 301, 604_800, True, 90.0, "90", None])
def test_a_lifetime_out_of_bounds_is_refused(ttl: object) -> None:
    with pytest.raises(ValueError, match="lives 15 to 300 seconds"):
        signed(ttl_seconds=ttl)


@pytest.mark.parametrize("viewing_id", ["", "a b", "a&x-amz-date=1", "é", "x" * 65, "a\nb"])
def test_a_viewing_id_that_could_be_more_than_an_id_is_refused(viewing_id: str) -> None:
    with pytest.raises(ValueError, match="A viewing id is"):
        signed(viewing_id=viewing_id)


@pytest.mark.parametrize("media_type", ["text/html", "image/svg+xml", "video/mp4; x", "", "VIDEO/MP4"])
def test_a_media_type_off_the_short_list_is_refused(media_type: str) -> None:
    """An HTML file in the bucket never renders as a page."""
    with pytest.raises(ValueError, match="media type"):
        signed(media_type=media_type)


@pytest.mark.parametrize("media_type", sorted(MEDIA_TYPES))
def test_what_is_signed_beside_the_file(media_type: str) -> None:
    """The signature covers no-store, the version, the media type and the grant."""
    with time_machine.travel(NOW, tick=False):
        url = signed(replace(PLACE, version_id="v/1+="), media_type=media_type)

    assert dict(parse_qsl(urlsplit(url).query)) == {
        "response-cache-control": "no-store",
        "response-content-disposition": "inline",
        "x-grant": "0199-viewing",
        "response-content-type": media_type,
        "versionId": "v/1+=",
        "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
        "X-Amz-Credential": "AKIAIOSFODNN7EXAMPLE/20260513/us-east-1/s3/aws4_request",
        "X-Amz-Date": "20260513T092011Z",
        "X-Amz-Expires": "90",
        "X-Amz-SignedHeaders": "host",
        "X-Amz-Signature": url.rpartition("=")[2],
    }
    assert verifies(url, SECRET, at=NOW)


def test_temporary_credentials_carry_their_token() -> None:
    with time_machine.travel(NOW, tick=False):
        url = presign_with(replace(KEY, session_token="T/k+n="), PLACE, ttl_seconds=15, viewing_id="v").url

    assert "X-Amz-Security-Token=T%2Fk%2Bn%3D" in url
    assert verifies(url, SECRET, at=NOW)


def test_an_issued_url_hides_itself_and_a_signing_key_its_secret() -> None:
    with time_machine.travel(NOW, tick=False):
        issued = presign_with(KEY, PLACE, ttl_seconds=90, viewing_id="v")

    assert repr(issued) == str(issued) == f"{issued}"
    assert "X-Amz" not in repr(issued)
    assert "https://" not in repr(issued)
    assert SECRET not in repr(KEY)
    assert issued.expires_at == NOW + timedelta(seconds=90)
    assert (issued.host, issued.key) == ("s3.eu-west-1.amazonaws.com", "2026/05/13/1.mp4")


def test_signing_writes_no_signature_to_the_log(caplog: pytest.LogCaptureFixture) -> None:
    """botocore would log it at DEBUG."""
    with caplog.at_level(logging.DEBUG):
        signed()

    assert caplog.text == ""
