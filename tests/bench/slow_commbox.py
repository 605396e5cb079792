"""A CommBox far away: answers every request for recordings after a latency, in a process of its own.

Run as `python -m tests.bench.slow_commbox <latency in ms>`; prints its port. The n-th object has one recording whose
length follows the number that `POST /turn/<n>` set, so that a bench can have everything change.
"""

import asyncio
import json
import re
import sys

_OBJECT = re.compile(rb"GET /objects/(\d+)/activities")
_TURN = re.compile(rb"GET /turn/(\d+)/(\d+)")


class Far:
    def __init__(self, latency: float) -> None:
        self._latency = latency
        self._turn = 1
        self._each = 1

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                body = await self._body(head)
                writer.write(
                    b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s"
                    % (len(body), body)
                )
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def _body(self, head: bytes) -> bytes:
        if turn := _TURN.match(head):
            self._turn, self._each = int(turn[1]), int(turn[2])
            return b"{}"
        await asyncio.sleep(self._latency)
        found = _OBJECT.match(head)
        items = [self._item(int(found[1]), place) for place in range(self._each)] if found else []
        return json.dumps({"status": "200", "description": "ok", "data": items}).encode()

    def _item(self, number: int, place: int) -> dict[str, object]:
        day, second = divmod(place, 86_400)
        at = f"2026-{1 + day:02d}-01T{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}Z"
        return {
            "activityType": 27,
            "recordingType": "video",
            "recordingUrl": f"https://files.example.org/recordings/{number}/{place}.mp4",
            "duration": 60 + self._turn,
            "timestamp": at,
            "fileSize": 1_000_000 + place,
        }


async def main(latency: float) -> None:
    far = Far(latency)
    server = await asyncio.start_server(far.serve, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(float(sys.argv[1]) / 1000))
