"""Sort the certificates of a time stamp as DER requires (X.690, 11.6).

OpenSSL, and with it many authorities, lists the signer's certificate first, and strict readers refuse that. The list is
not part of the signed data, so sorting it does not affect the signature. Only as much DER as this needs is parsed.
"""

from collections.abc import Iterator

_SEQUENCE, _CONTEXT_0 = 0x30, 0xA0


class NotDer(ValueError):
    """The bytes are not the expected DER."""


def with_sorted_certificates(response: bytes) -> bytes:
    """Return the TimeStampResp with SignedData.certificates sorted; unchanged when it has no token.

    Raises NotDer for anything but a TimeStampResp in definite lengths.
    """
    certificates = _certificates(response)
    if certificates is None:
        return response
    start, end = certificates
    ordered = sorted(response[begin:stop] for _, begin, _, stop in _items(response, start, end))
    return response[:start] + b"".join(ordered) + response[end:]


def _certificates(response: bytes) -> tuple[int, int] | None:
    """Locate the certificates (start, end); None without a token.

    TimeStampResp { status, token: ContentInfo { type, [0] SignedData { version, digests, content, [0] … } } }
    """
    outer = _only(response, 0, len(response), _SEQUENCE)
    parts = list(_items(response, *outer))
    if len(parts) < 2:
        return None
    content = list(_items(response, *_inside(parts[1], _SEQUENCE)))
    signed = _only(response, *_inside(content[-1], _CONTEXT_0), _SEQUENCE)
    fields = list(_items(response, *signed))
    return _inside(fields[3], _CONTEXT_0) if len(fields) > 3 and fields[3][0] == _CONTEXT_0 else None


Item = tuple[int, int, int, int]  # tag, where it begins, where its content begins, where it ends


def _items(data: bytes, start: int, end: int) -> Iterator[Item]:
    while start < end:
        item = _item(data, start, end)
        yield item
        start = item[3]


def _item(data: bytes, start: int, end: int) -> Item:
    if start + 2 > end:
        raise NotDer("The data is truncated.")
    length, content = data[start + 1], start + 2
    if length & 0x80:
        count = length & 0x7F
        content += count
        length = int.from_bytes(data[start + 2 : content], "big")
        if not 1 <= count <= 4:
            raise NotDer("A length is not allowed in DER.")
    if content + length > end:
        raise NotDer("The data is truncated.")
    return data[start], start, content, content + length


def _inside(item: Item, tag: int) -> tuple[int, int]:
    if item[0] != tag:
        raise NotDer("An element has an unexpected tag.")
    return item[2], item[3]


def _only(data: bytes, start: int, end: int, tag: int) -> tuple[int, int]:
    item = _item(data, start, end)
    if item[3] != end:
        raise NotDer("There is data after the element.")
    return _inside(item, tag)
