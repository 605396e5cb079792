"""What the first and last bytes of a file say: real films, cut ones, odd ones, and any bytes at all."""

import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recordings.assurance.media import WINDOW, Inspection, inspect_media

FILMS = Path(__file__).resolve().parents[3] / "auditportal" / "sandbox" / "media"


def box(kind: bytes, content: bytes = b"", *, wide: bool = False) -> bytes:
    if wide:
        return struct.pack(">I4sQ", 1, kind, len(content) + 16) + content
    return struct.pack(">I4s", len(content) + 8, kind) + content


def mvhd(scale: int, length: int, *, version: int = 0) -> bytes:
    times = (
        struct.pack(">QQIQ", 0, 0, scale, length) if version else struct.pack(">IIII", 0, 0, scale, length)
    )
    return box(b"mvhd", bytes([version, 0, 0, 0]) + times + bytes(80))


FTYP = box(b"ftyp", b"isom\0\0\2\0isomiso2")
MOOV = box(b"moov", mvhd(1000, 61_000) + box(b"trak", bytes(500)))


def whole(data: bytes) -> Inspection:
    """Judge a file as the sampler does: the head first, then where the boxes say the index is."""
    seen = inspect_media(data[:WINDOW], len(data))
    if seen.more_at is None:
        return seen
    return inspect_media(data[:WINDOW], len(data), (seen.more_at, data[seen.more_at :][:WINDOW]))


@pytest.mark.parametrize("path", sorted(FILMS.glob("call-*")), ids=lambda path: path.name)
def test_real_films_open_and_say_their_length(path: Path) -> None:
    seconds = int(path.stem.removeprefix("call-").removesuffix("s"))
    seen = whole(path.read_bytes())
    assert (seen.container, seen.opens) == ("webm" if path.suffix == ".webm" else "mp4", True)
    assert seen.duration_ms is not None
    assert abs(seen.duration_ms - seconds * 1000) <= 200


@pytest.mark.parametrize("path", sorted(FILMS.glob("call-*")), ids=lambda path: path.name)
def test_a_film_that_is_cut_off_does_not_open(path: Path) -> None:
    data = path.read_bytes()
    assert whole(data[: len(data) * 2 // 3]).opens is False


@pytest.mark.parametrize("version", [0, 1])
@pytest.mark.parametrize("wide", [False, True])
def test_an_index_behind_the_pictures_is_found_where_the_boxes_say(version: int, wide: bool) -> None:
    moov = box(b"moov", mvhd(600, 600 * 42, version=version) + box(b"trak", bytes(200_000)))
    seen = whole(FTYP + box(b"mdat", bytes(300_000), wide=wide) + moov)
    assert (seen.opens, seen.duration_ms) == (True, 42_000)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (FTYP + box(b"mdat", bytes(9)), "no index (moov), so"),
        (FTYP + box(b"mdat", bytes(100_000)), "no index (moov), so"),
        (FTYP + box(b"mdat", bytes(100_000)) + b"no box here at all", "no index (moov) where"),
        (FTYP + box(b"moov", box(b"trak")), "no header (mvhd)"),
        (FTYP + box(b"moov", box(b"mvhd", b"\0\0\0")), "truncated"),
        (FTYP + box(b"moov", mvhd(0, 5)), "no time scale"),
        (FTYP + MOOV + box(b"mdat", bytes(999))[:-1], "ends before the video does"),
    ],
)
def test_what_no_player_opens(data: bytes, sentence: str) -> None:
    seen = whole(data)
    assert seen.opens is False
    assert sentence in seen.sentence


def test_what_is_no_box_behind_a_good_film_is_passed_over() -> None:
    assert whole(FTYP + MOOV + b"made by somebody's camera").opens is True


@pytest.mark.parametrize("length", [0, 2**32 - 1])
def test_a_film_written_while_it_was_recorded_opens_and_has_no_length(length: int) -> None:
    seen = whole(FTYP + box(b"moov", mvhd(1000, length)) + box(b"moof", bytes(50)))
    assert (seen.opens, seen.duration_ms) == (True, None)


@pytest.mark.parametrize("data", [b"", b"ID3\4\0", b"RIFF\0\0\0\0WAVE", b"<html>", b"\0" * 64])
def test_what_is_no_known_kind_of_file_cannot_be_told(data: bytes) -> None:
    assert (whole(data).opens, whole(data).container) == (None, "")


def test_a_live_webm_has_no_length() -> None:
    """MediaRecorder writes a segment of unknown length and no duration."""
    cluster = b"\x1f\x43\xb6\x75\x84abcd"
    data = b"\x1a\x45\xdf\xa3\x80" + b"\x18\x53\x80\x67\x01" + b"\xff" * 7 + b"\x15\x49\xa9\x66\x80" + cluster
    assert inspect_media(data, len(data)) == Inspection("webm", True, "The file's header was found.", None)
    assert inspect_media(data[:5], 5).opens is False


@given(st.binary(max_size=400), st.integers(0, 2**63), st.integers(0, 2**63), st.binary(max_size=200))
def test_any_bytes_get_an_answer(data: bytes, size: int, at: int, more: bytes) -> None:
    for start in (b"", FTYP, b"\x1a\x45\xdf\xa3"):
        assert inspect_media(start + data, size, (at, more)).opens in (True, False, None)


@given(st.integers(0, len(FTYP + MOOV)), st.binary(min_size=1, max_size=8))
def test_a_spoilt_index_gets_an_answer(place: int, spoilt: bytes) -> None:
    data = FTYP + MOOV
    data = data[:place] + spoilt + data[place + len(spoilt) :]
    assert whole(data).opens in (True, False, None)
