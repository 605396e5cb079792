"""Whatever comes over the wire: every parser answers with what it read or with its own error, never with another.

Answers of every shape are bent, value by value and byte by byte, with a seed that a failure names. Some hundred in
each run of the suite, a hundred times as many by `make thorough`.
"""

import json
import random
from collections.abc import Callable
from typing import Any

import pytest

from recordings.commbox.errors import CommBoxError
from recordings.commbox.parsing.charsets import UnknownCharset, decode
from recordings.commbox.parsing.document import Unreadable, read_json
from recordings.commbox.parsing.envelope import failure_of
from recordings.commbox.parsing.objects import parse_objects
from recordings.commbox.parsing.people import (
    parse_agents,
    parse_stream_stats,
    parse_teams,
)
from recordings.commbox.parsing.recordings import parse_recordings
from recordings.webhooks.payload import Unreadable as NoDelivery
from recordings.webhooks.payload import parse as parse_delivery
from tests.thorough import amount
from tests.unit.commbox.examples import OBJECT_ID, SIGNED_900, activity, conversation, envelope, flat

ROUNDS = amount(1000, 100_000)
HOSTILE: tuple[Any, ...] = (
    *(
        None,
        True,
        False,
        0,
        -1,
        2**31,
        2**63,
        2**64,
        -(2**63) - 1,
        10**400,
        1e308,
        0.1,
        "",
        " ",
        "null",
        "NaN",
    ),
    *(
        "１２３",
        "1_000",
        "0x10",
        "+5",
        "1e3",
        "9" * 5000,
        "\u202e",
        "\ud800",
        "\x00",
        "<script>",
        "a" * 70_000,
    ),
    *("0001-01-01T00:00:00", "9999-12-31T23:59:60Z", "2026-02-30T10:00:00", "13/05/2026 25:61", "T", "-"),
    *(
        "https://[::1",
        "https://user:pw@host/x",
        "javascript:alert(1)",
        "//host/x",
        SIGNED_900,
        "{",
        '{"a":',
        "[[]]",
    ),
    *([], {}, [[]], [None], {"": ""}, {"data": {}}, [1, "2", {}]),
)
SEEDS: tuple[Any, ...] = (
    envelope([activity(), activity(user=None)]),
    envelope([activity({"recordingUrl": SIGNED_900, "duration": "542", "fileSize": 1.0})]),
    envelope([flat(), flat(objectId=OBJECT_ID)]),
    [flat()],
    envelope([conversation()]),
    envelope([{"id": 5, "name": "Avery", "teams": [{"id": 1, "name": "North"}], "email": "a@example.org"}]),
    {
        "Event": {
            "Name": "OnNewActivity",
            "Object": {"Id": OBJECT_ID, "Activities": {"Activity": {"Type": "27"}}},
        }
    },
)
PARSERS: tuple[Callable[[Any], object], ...] = (
    lambda document: parse_recordings(document, object_id=OBJECT_ID),
    parse_objects,
    parse_agents,
    parse_teams,
    parse_stream_stats,
    lambda document: failure_of(200, document),
)


def bent(dice: random.Random, value: Any) -> Any:
    """The value with some of its parts replaced, left out, doubled, nested or renamed."""
    if dice.random() < 0.08:
        return dice.choice(HOSTILE)
    if isinstance(value, dict):
        parts = {_key(dice, key): bent(dice, part) for key, part in value.items() if dice.random() > 0.04}
        return [parts] if dice.random() < 0.02 else parts
    if isinstance(value, list):
        parts_ = [bent(dice, part) for part in value]
        return parts_ * dice.choice((0, 1, 1, 1, 2))
    if isinstance(value, str) and value.startswith("{") and dice.random() < 0.5:
        return json.dumps(bent(dice, json.loads(value)))
    return value


def _key(dice: random.Random, key: str) -> str:
    return (
        dice.choice((key, key, key, key.upper(), key.title(), f"_{key}", key + "\u0000"))
        if dice.random() < 0.2
        else key
    )


def garbled(dice: random.Random, body: bytes) -> bytes:
    """The bytes with some of them changed, cut, doubled or encoded in another way."""
    data = bytearray(body)
    for _ in range(dice.choice((0, 0, 1, 3, 30))):
        at = dice.randrange(len(data) + 1)
        data[at : at + dice.randrange(3)] = dice.choice(
            (b"", b"{", b"]", b'"', b"\xff", b"\\u", b"\x00", b",", b"9" * 40)
        )
    text = bytes(data[: dice.randrange(len(data) + 1)]) if dice.random() < 0.05 else bytes(data)
    return dice.choice((b"", b"", b"", b"\xef\xbb\xbf", b"\xff\xfe")) + text


def answer(dice: random.Random) -> bytes:
    text = json.dumps(bent(dice, dice.choice(SEEDS)), ensure_ascii=dice.random() < 0.5)
    return garbled(dice, text.encode("utf-8", "surrogatepass"))


def parse(body: bytes, charset: str) -> None:
    try:
        document = read_json(decode(body, charset))
    except (UnknownCharset, Unreadable):
        return
    for parser in PARSERS:
        try:
            parser(document)
        except CommBoxError:
            continue


def rounds(work: Callable[[random.Random], None]) -> None:
    """Do the work with one seed after the other; a failure names its seed."""
    first = random.randrange(2**32)
    for seed in range(first, first + ROUNDS):
        try:
            work(random.Random(seed))
        except Exception as error:
            pytest.fail(f"seed {seed}: {type(error).__name__}: {error}")


@pytest.mark.slow
def test_no_answer_breaks_a_parser() -> None:
    charsets = ("", "utf-8", "latin-1", "utf-16", "no-such-charset", "rot13", "idna")
    rounds(lambda dice: parse(answer(dice), dice.choice(charsets)))


@pytest.mark.slow
def test_no_delivery_breaks_the_reader() -> None:

    def deliver(dice: random.Random) -> None:
        xml = b'<Event Name="OnNewActivity"><Object Id="5"><Activity Type="27"/></Object></Event>'
        body = answer(dice) if dice.random() < 0.6 else garbled(dice, xml)
        try:
            parse_delivery(body)
        except NoDelivery:
            return

    rounds(deliver)
