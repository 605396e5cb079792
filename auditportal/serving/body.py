"""Read the body of a request as it arrives, up to a maximum size and not slower than a minimum rate."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from tempfile import SpooledTemporaryFile
from time import monotonic
from typing import Any

from auditportal.serving.refusals import BodyTooLarge, BodyTooSlow, ClientGone

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]

# A body arrives at 8 KiB a second or faster, with ten seconds of pauses in all.
PATIENCE_SECONDS = 10.0
LEAST_BYTES_A_SECOND = 8 * 1024
MOST_DISCARDED, DISCARD_SECONDS = 2 * 1024 * 1024, 1.0
IN_MEMORY = 64 * 1024


async def read_body(receive: Receive, most: int) -> "SpooledTemporaryFile[bytes]":
    """Read a whole body of at most `most` bytes; in memory up to 64 KiB, in a temporary file beyond.

    Raises BodyTooLarge, BodyTooSlow (after 10 s plus one second for each 8 KiB received) or ClientGone. Nothing of the
    body is kept then.
    """
    body: SpooledTemporaryFile[bytes] = SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115  (the caller closes it)
    began, size = monotonic(), 0
    try:
        while True:
            deadline = began + PATIENCE_SECONDS + size / LEAST_BYTES_A_SECOND
            message = await asyncio.wait_for(receive(), deadline - monotonic())
            if message["type"] != "http.request":
                raise ClientGone
            chunk = message.get("body", b"")
            size += len(chunk)
            if size > most:
                raise BodyTooLarge
            body.write(chunk)
            if not message.get("more_body"):
                body.seek(0)
                return body
    except TimeoutError:
        body.close()
        raise BodyTooSlow from None
    except BaseException:
        body.close()
        raise


async def discard_rest(receive: Receive) -> None:
    """Read and discard up to 2 MiB, for at most a second.

    A client that is still sending when the connection closes may lose the answer; a proxy then reports 502.
    """
    size = 0
    with suppress(TimeoutError):
        async with asyncio.timeout(DISCARD_SECONDS):
            while size < MOST_DISCARDED:
                message = await receive()
                if message["type"] != "http.request" or not message.get("more_body"):
                    return
                size += len(message.get("body", b""))
