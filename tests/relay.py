"""`python tests/relay.py FROM TO`: pass connections on between addresses, each `tcp:PORT` of loopback or `unix:PATH`.

A socket in the file system is the one way into another network namespace: what a published port is to a container.
"""

import socket
import sys
import threading
from contextlib import suppress


def _socket(address: str) -> tuple[socket.socket, tuple[str, int] | str]:
    kind, _, rest = address.partition(":")
    if kind == "unix":
        return socket.socket(socket.AF_UNIX), rest
    return socket.socket(socket.AF_INET), ("127.0.0.1", int(rest))


def _copy(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)


def _pass_on(client: socket.socket, to: str) -> None:
    server, address = _socket(to)
    with client, server, suppress(OSError):
        server.connect(address)
        back = threading.Thread(target=_copy, args=(server, client))
        back.start()
        _copy(client, server)
        back.join()


def main(listen: str, to: str) -> None:
    """Serve until killed."""
    listener, address = _socket(listen)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(address)
    listener.listen(64)
    while True:
        client, _ = listener.accept()
        threading.Thread(target=_pass_on, args=(client, to), daemon=True).start()


if __name__ == "__main__":
    main(*sys.argv[1:])
