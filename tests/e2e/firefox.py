"""Run Debian's Firefox for Playwright, which drives it by WebDriver BiDi: this program stands where it expects Firefox.

Playwright asks for the newest commands of BiDi, and the Firefox that Debian keeps for long does not know them all. What
it does not know, and no test here needs, is answered in between. Ends with Firefox.
"""

import asyncio
import json
import signal
import stat
import sys
from pathlib import Path

from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve

LISTENS = "WebDriver BiDi listening on "
# Media features of a page, such as its colour scheme, are not emulated: it is looked at in Chromium.
UNKNOWN = frozenset({"emulation.setMediaFeaturesOverride"})


def write_launcher(path: Path, firefox: str) -> Path:
    """Write an executable that starts this program for that Firefox, and return its path."""
    path.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{__file__}" "{firefox}" "$@"\n')
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


async def run(firefox: str, arguments: list[str]) -> int:
    """Start Firefox, answer for it at an address of our own, and return its exit status."""
    process = await asyncio.create_subprocess_exec(firefox, *arguments, stderr=asyncio.subprocess.PIPE)
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, process.terminate)
    address: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def read_log() -> None:
        assert process.stderr is not None
        async for line in process.stderr:
            text = line.decode(errors="replace").rstrip()
            if LISTENS in text and not address.done():
                address.set_result(text.split(LISTENS)[1])
            else:
                print(text, file=sys.stderr, flush=True)

    log = asyncio.create_task(read_log())
    async with serve(
        lambda client: _between(client, address), "127.0.0.1", 0, max_size=None, ping_interval=None
    ) as server:
        await asyncio.wait({log, asyncio.ensure_future(address)}, return_when=asyncio.FIRST_COMPLETED)
        port = next(iter(server.sockets)).getsockname()[1]
        print(f"{LISTENS}ws://127.0.0.1:{port}", file=sys.stderr, flush=True)
        return await process.wait()


async def _between(client: ServerConnection, address: "asyncio.Future[str]") -> None:
    """Pass messages both ways until one side is gone."""
    async with connect(f"{await address}/session", max_size=None, ping_interval=None) as browser:

        async def to_browser() -> None:
            async for message in client:
                command = json.loads(message)
                if command.get("method") in UNKNOWN:
                    await client.send(json.dumps({"type": "success", "id": command["id"], "result": {}}))
                else:
                    await browser.send(message)

        async def to_client() -> None:
            async for message in browser:
                await client.send(message)

        ways = {asyncio.create_task(to_browser()), asyncio.create_task(to_client())}
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in ways:
            way.cancel()


if __name__ == "__main__":
    sys.exit(asyncio.run(run(sys.argv[1], sys.argv[2:])))
