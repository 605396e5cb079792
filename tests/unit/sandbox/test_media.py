"""The committed files: what upstream would say of them is what is inside them."""

import struct

import pytest

from auditportal.sandbox.world.media import MEDIA, Medium, medium_named

VIDEOS = [medium for medium in MEDIA.values() if medium.ending in ("mp4", "m4a")]
LARGEST_TOGETHER = 4_000_000


def boxes(data: bytes) -> dict[str, bytes]:
    """The boxes of an MP4 level by type, in file order (ISO/IEC 14496-12)."""
    found, at = {}, 0
    while at < len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        found.setdefault(kind.decode(), data[at + 8 : at + size])
        at += size
    return found


@pytest.mark.parametrize("medium", VIDEOS, ids=lambda one: one.name)
def test_an_mp4_lasts_as_long_as_is_told_and_starts_fast(medium: Medium) -> None:
    top = boxes(medium.content)
    header = boxes(top["moov"])["mvhd"]
    timescale, duration = struct.unpack_from(">II", header, 12)
    assert duration / timescale == pytest.approx(medium.seconds, abs=0.05)
    assert list(top).index("moov") < list(top).index("mdat")


def test_the_webm_is_one() -> None:
    medium = medium_named("call-40s.webm")
    assert medium.content[:4] == b"\x1a\x45\xdf\xa3"
    assert b"webm" in medium.content[:64]
    assert b"V_VP8" in medium.content[:2000]
    assert b"A_OPUS" in medium.content[:2000]


def test_one_has_no_picture() -> None:
    sounds = [one for one in VIDEOS if b"vide" not in boxes(one.content)["moov"]]
    assert [(one.name, one.recording_type) for one in sounds] == [("call-45s.m4a", "audio")]


def test_together_they_are_small() -> None:
    assert sum(medium.size for medium in MEDIA.values()) < LARGEST_TOGETHER


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"There is no medium 'x'\. There are: call-20s\.mp4, "):
        medium_named("x")
