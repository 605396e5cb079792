"""The API key: which one is tried, what is refused as one, and that it shows nowhere."""

import logging
import traceback

import pytest

from recordings.commbox import CommBox, CommBoxError, Unauthorized
from tests.integration.commbox.conftest import KEY, OTHER_KEY, Connect
from tests.integration.commbox.stub import Stub, reply, wire
from tests.unit.commbox.examples import OBJECT_ID, SIGNED_900, envelope, flat

OK = envelope(None)


def test_on_401_the_second_key_is_tried_once_and_remembered(stub: Stub, connect: Connect) -> None:
    """F13."""
    client = connect(KEY, OTHER_KEY)
    stub.answer(reply(401), reply(body=OK))
    client.system_status()
    client.system_status()
    assert [seen.key for seen in stub.seen] == [KEY, OTHER_KEY, OTHER_KEY]


def test_when_both_keys_are_refused_it_is_said_after_one_try_each(stub: Stub, connect: Connect) -> None:
    stub.answer(reply(200, envelope("", 401, "Unauthorized access")))
    with pytest.raises(Unauthorized):
        connect(KEY, OTHER_KEY).system_status()
    assert [seen.key for seen in stub.seen] == [KEY, OTHER_KEY]


@pytest.mark.parametrize(
    "url",
    [
        "http://api.commbox.io/",
        "ftp://api.commbox.io/",
        "https://user:word@api.commbox.io/",
        "https://api.commbox.io/?x=1",
        "https:///",
        "api.commbox.io",
        "",
    ],
)
def test_an_address_that_would_carry_the_key_in_the_open_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="CommBox's address must be https"):
        CommBox(url, [KEY])


@pytest.mark.parametrize("keys", [[], [""], ["with space"], ["line\r\nbreak"], ["ключ"], [KEY, ""]])
def test_a_key_that_is_none_is_refused_without_being_shown(keys: list[str]) -> None:
    with pytest.raises(ValueError, match="CommBox needs an API key") as refusal:
        CommBox("https://api.commbox.io/", keys)
    assert not any(key and key in str(refusal.value) for key in keys)


def _everything_about(error: BaseException) -> str:
    """All that a log or an error page could show of an exception, its context included."""
    parts = [*traceback.format_exception(error), repr(error), str(vars(error))]
    seen: BaseException | None = error
    while seen is not None:
        parts += [repr(seen), str(seen.args), str(vars(seen))]
        seen = seen.__cause__ or seen.__context__
    return "\n".join(parts)


FAILURES = {
    "echo": reply(400, envelope("", 400, f"Bad key {KEY}")),
    "throttled": reply(429),
    "server": reply(500, envelope(f"{KEY}", 500, KEY)),
    "html": reply(200, raw=f"<html>{KEY}".encode()),
    "broken": wire(b""),
    "redirect": reply(302, headers={"Location": f"https://evil.example/?{KEY}"}),
    "refused": reply(401, envelope("", 401, KEY)),
}


@pytest.mark.parametrize("name", FAILURES)
def test_the_key_is_in_no_error_log_or_repr(
    stub: Stub, connect: Connect, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    """Not even when CommBox repeats it, and not at the most talkative log level."""
    stub.answer(FAILURES[name])
    client = connect()
    with caplog.at_level(logging.DEBUG), pytest.raises(CommBoxError) as failure:
        client.system_status()
    assert KEY not in _everything_about(failure.value)
    assert KEY not in caplog.text + repr(client) + str(client)
    assert failure.value.__context__ is None or isinstance(failure.value.__context__, CommBoxError)


def test_a_key_that_commbox_repeats_does_not_reach_the_records(stub: Stub, connect: Connect) -> None:
    stub.answer(reply(body=envelope([flat(note=KEY, recordingUrl=SIGNED_900)])))
    parsed = connect().recordings(OBJECT_ID)
    assert KEY not in str(parsed.items[0].raw)
    assert parsed.items[0].raw["note"] == "…"
