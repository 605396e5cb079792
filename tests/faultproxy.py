"""A TCP proxy that misbehaves: between the portal and CommBox it delays, drips, cuts, resets, stalls or refuses.

Whatever stands behind it is real; only the wire is bad.
"""

import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field


@dataclass
class Wire:
    """How the wire behaves from now on; change it while connections are open. Seconds and bytes."""

    latency: float = 0.0
    drip: float = 0.0  # seconds between single bytes of an answer
    cut_after: int | None = None  # bytes of an answer, then the connection ends
    reset: bool = False  # … and ends with a reset
    stall: bool = False  # nothing of an answer comes through
    connections: int = field(default=0, init=False)


class FaultProxy:
    """Listens on a loopback port of its own and passes bytes to `target`."""

    def __init__(self, target: tuple[str, int]) -> None:
        self.wire = Wire()
        self._target = target
        self._listener: socket.socket | None = None
        self._open: list[socket.socket] = []
        self._ending = threading.Event()
        self.port = self._listen(0)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def go_down(self) -> None:
        """Refuse connections and end those that are open, as a host that went away."""
        self._hang_up()

    def come_back(self) -> None:
        """Listen on the same port again, the wire as new."""
        self.wire = Wire()
        self._listen(self.port)

    def close(self) -> None:
        self._ending.set()
        self._hang_up()

    def _hang_up(self) -> None:
        if self._listener:
            _end(self._listener)  # shut down as well: closing alone wakes nobody who waits in accept()
        self._end_all()

    def _listen(self, port: int) -> int:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen(64)
        self._listener = listener
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()
        return int(listener.getsockname()[1])

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
                server = socket.create_connection(self._target, timeout=60)
            except OSError:
                return
            self.wire.connections += 1
            self._open += [client, server]
            threading.Thread(target=self._forward, args=(client, server), daemon=True).start()
            threading.Thread(target=self._answer, args=(server, client), daemon=True).start()

    def _forward(self, client: socket.socket, server: socket.socket) -> None:
        """What the portal asks goes through as it is."""
        with suppress(OSError):
            while data := client.recv(65536):
                server.sendall(data)
        _end(server)

    def _answer(self, server: socket.socket, client: socket.socket) -> None:
        sent = 0
        with suppress(OSError):
            while data := server.recv(65536):
                wire = self.wire
                self._ending.wait(wire.latency)
                while wire.stall and not self._ending.is_set():
                    time.sleep(0.02)
                room = len(data) if wire.cut_after is None else max(0, wire.cut_after - sent)
                self._send(client, data[:room], wire.drip)
                sent += min(room, len(data))
                if room < len(data):
                    break
        _end(client, reset=self.wire.reset)

    def _send(self, client: socket.socket, data: bytes, drip: float) -> None:
        if not drip:
            client.sendall(data)
            return
        for number in range(len(data)):
            client.sendall(data[number : number + 1])
            if self._ending.wait(drip):
                return

    def _end_all(self) -> None:
        while self._open:
            _end(self._open.pop())


def _end(sock: socket.socket, *, reset: bool = False) -> None:
    with suppress(OSError):
        if reset:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        else:
            sock.shutdown(socket.SHUT_RDWR)
    sock.close()


@contextmanager
def between(host: str, port: int) -> Iterator[FaultProxy]:
    """A proxy to that address while the block runs."""
    proxy = FaultProxy((host, port))
    try:
        yield proxy
    finally:
        proxy.close()
