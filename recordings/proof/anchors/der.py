"""As much DER as it takes to put the certificates of a time stamp into the order DER asks for (X.690, 11.6).

OpenSSL, and with it many an authority, lists the signer's certificate first. Strict readers refuse that. The list is
not under the signature, so sorting it changes nothing that was signed.
"""

from collections.abc import Iterator

_SEQUENCE, _CONTEXT_0 = 0x30, 0xA0


class NotDer(ValueError):
    """Bytes that are not what they should be."""


def with_sorted_certificates(response: bytes) -> bytes:
    """The same TimeStampResp with SignedData.certificates sorted; unchanged when it carries no token.

    Raises NotDer for what is no TimeStampResp in definite lengths.
    """
    place = _certificates(response)
    if place is None:
        return response
    start, end = place
    ordered = sorted(response[begin:stop] for _, begin, _, stop in _items(response, start, end))
    return response[:start] + b"".join(ordered) + response[end:]


def _certificates(response: bytes) -> tuple[int, int] | None:
    """TimeStampResp { status, token: ContentInfo { type, [0] SignedData { version, digests, content, [0] … } } }."""
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
        raise NotDer("It ends too early.")
    length, content = data[start + 1], start + 2
    if length & 0x80:
        count = length & 0x7F
        content += count
        length = int.from_bytes(data[start + 2 : content], "big")
        if not 1 <= count <= 4:
            raise NotDer("It has a length that DER does not have.")
    if content + length > end:
        raise NotDer("It ends too early.")
    return data[start], start, content, content + length


def _inside(item: Item, tag: int) -> tuple[int, int]:
    if item[0] != tag:
        raise NotDer("It is made of other parts.")
    return item[2], item[3]


def _only(data: bytes, start: int, end: int, tag: int) -> tuple[int, int]:
    item = _item(data, start, end)
    if item[3] != end:
        raise NotDer("There is more behind it.")
    return _inside(item, tag)
