"""The webhook receiver under pressure: thousands of deliveries, rows before answers, comparisons that tell nothing."""

import hmac
import json
import random
import time
from typing import Any

import psycopg
import pytest
from django.test import Client

from auditportal.sandbox.control.control import Control
from recordings.models import CommBoxObject, Delivery, Recording, Stream
from recordings.refresh.sweep import refresh_due
from recordings.webhooks import authentication
from recordings.webhooks.hints import FETCH_AT_ONCE, fetch_hinted
from tests.integration.refresh.helpers import VIDEO
from tests.integration.webhooks.helpers import TOKEN, deliver
from tests.thorough import amount

FLOOD = amount(200, 10_000)


def hostile(dice: random.Random, number: int, known: int) -> bytes:
    """A delivery that nobody should believe, about a known object, an unknown one, or none."""
    lies: tuple[Any, ...] = (
        "https://evil.example/x.mp4?X-Amz-Signature=1",
        "javascript:alert(1)",
        "' OR 1=1 --",
        "\u0000\u202e<script>",
        10**400,
        {"$ne": None},
        None,
    )
    activity = {
        "Id": str(number),
        "Type": dice.choice(("27", 27, True, "27 ", "１")),
        "Data": {"recordingUrl": dice.choice(lies), "duration": dice.choice(lies), "fileSize": -1},
    }
    thing = {
        "Id": dice.choice((known, str(known), number, f"{number}'", 2**63, "-1", dice.choice(lies))),
        "StreamId": dice.choice((VIDEO, str(VIDEO), 5, dice.choice(lies))),
        "Name": dice.choice(lies),
        "Activities": dice.choice(({"Activity": activity}, [activity], {"Activity": [activity] * 3})),
    }
    return json.dumps({"Event": {"Name": "OnNewActivity", "Object": thing}}).encode()


@pytest.mark.slow
def test_a_flood_of_hostile_deliveries_makes_no_fact_and_few_calls(
    held: CommBoxObject, upstream: Control
) -> None:
    """No recording, no object, one refresh of what is known, a handful of calls a sweep for what is not."""
    dice = random.Random(60)
    objects = CommBoxObject.objects.count()
    upstream.clear_logs()
    for number in range(FLOOD):
        deliver(hostile(dice, number, held.pk))
    assert upstream.requests() == []
    assert Delivery.objects.count() > FLOOD * 0.99
    refresh_due()
    asked = len(upstream.requests())
    assert asked == 1
    fetch_hinted()
    assert len(upstream.requests()) - asked <= FETCH_AT_ONCE
    assert Recording.objects.count() == 0
    assert CommBoxObject.objects.count() == objects


@pytest.fixture
def receiver(committed_db: None, settings: Any) -> str:
    settings.COMMBOX_WEBHOOK_TOKEN = TOKEN
    Stream.objects.create(pk=VIDEO)
    return f"/webhooks/commbox/{TOKEN}"


def test_an_answer_comes_after_the_row_is_kept(receiver: str, admin_connection: psycopg.Connection) -> None:
    """What was answered with 200 is there for whoever looks from outside. `make bench` measures how soon."""
    for number in range(1, 51):
        body = json.dumps(
            {
                "Event": {
                    "Object": {"Id": number, "StreamId": VIDEO, "Activities": {"Activity": {"Type": "27"}}}
                }
            }
        )
        assert Client().post(receiver, body, content_type="application/json").status_code == 200
        kept = admin_connection.execute("SELECT count(*) FROM recordings_delivery").fetchone()
        assert kept == (number,)


def test_every_token_is_compared_whole_and_with_every_right_one(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever is sent, the same number of comparisons of the same length, each in constant time."""
    settings.COMMBOX_WEBHOOK_TOKEN = f"{TOKEN},another-token-that-is-long-enough"
    compared: list[tuple[int, int]] = []
    real = hmac.compare_digest

    def noted(one: bytes, other: bytes) -> bool:
        compared.append((len(one), len(other)))
        return real(one, other)

    monkeypatch.setattr(authentication.hmac, "compare_digest", noted)
    for token in (TOKEN, TOKEN[:-1], "", "x", TOKEN * 50, "another-token-that-is-long-enough", "é"):
        compared.clear()
        authentication.token_matches(token)
        assert compared == [(32, 32), (32, 32)], token


def test_ten_thousand_tries_take_as_long_whether_they_begin_rightly_or_not(settings: Any) -> None:
    """The medians of wrong tokens that share no, half or nearly all of the right one's beginning."""
    settings.COMMBOX_WEBHOOK_TOKEN = TOKEN
    tries = {"none": "x" * 32, "half": TOKEN[:16] + "x" * 16, "nearly all": TOKEN[:-1] + "x"}

    def medians() -> list[int]:
        took: dict[str, list[int]] = {name: [] for name in tries}
        for _ in range(10_000 // len(tries)):
            for name, token in tries.items():
                started = time.perf_counter_ns()
                authentication.token_matches(token)
                took[name].append(time.perf_counter_ns() - started)
        return [sorted(times)[len(times) // 2] for times in took.values()]

    # A comparison that tells something tells it each time, a neighbour on the machine does not.
    assert any(max(found) < 1.25 * min(found) for found in (medians() for _ in range(5)))
