"""From bytes to text: Unicode by itself, charsets of a list by their label, nothing by any other codec of Python."""

import codecs
from encodings import aliases

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recordings.commbox.parsing.charsets import UnknownCharset, decode

HEBREW = '{"name":"נועה"}'
CHARSETS = ("utf_", "cp125", "cp874", "iso8859_", "latin_1", "ascii")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_every_unicode_encoding_is_read_without_a_label(encoding: str) -> None:
    assert decode(HEBREW.encode(encoding)) == HEBREW


@pytest.mark.parametrize(
    ("body", "charset", "text"),
    [
        (HEBREW.encode("windows-1255"), "windows-1255", HEBREW),
        (HEBREW.encode("windows-1255"), "CP1255", HEBREW),
        (HEBREW.encode("iso8859-8"), "ISO-8859-8-I", HEBREW),
        ("é".encode("latin-1"), "ISO-8859-1", "é"),
        ("é".encode("latin-1"), " Latin1 ", "é"),
        ("ж".encode("iso8859-5"), "iso_8859-5", "ж"),
        (HEBREW.encode(), "ISO-8859-1", HEBREW),
        (b"{}", "no-such-charset", "{}"),
        (b"{}", "zlib_codec", "{}"),
    ],
)
def test_unicode_counts_whatever_the_label_says_and_else_the_label(
    body: bytes, charset: str, text: str
) -> None:
    assert decode(body, charset) == text


@pytest.mark.parametrize("charset", ["", "utf-8", "ascii", "no-such-charset", "hex", "x" * 100_000])
def test_bytes_of_no_encoding_are_refused(charset: str) -> None:
    with pytest.raises(UnknownCharset, match="no known encoding"):
        decode(b'{"a":"\xff\xfe\xe9"}', charset)


@pytest.mark.parametrize("label", sorted({*aliases.aliases, *aliases.aliases.values(), "punycode", "idna"}))
def test_no_label_chooses_a_codec_that_is_not_on_the_list(label: str) -> None:
    """Of all that Python knows: punycode takes half a minute for a megabyte, others are no charsets at all."""
    body = b'{"a":"\xe9\xff"}'
    try:
        text = decode(body, label)
    except UnknownCharset:
        return
    assert codecs.lookup(label).name.replace("-", "_").startswith(CHARSETS), label
    assert text == body.decode(label)


@given(st.binary(max_size=200), st.text(max_size=40))
def test_any_bytes_with_any_label_are_text_or_refused(body: bytes, label: str) -> None:
    try:
        decode(body, label)
    except UnknownCharset:
        return
