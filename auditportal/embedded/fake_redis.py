"""A Redis replacement in Python, for platforms without a Redis binary: `python -m … HOST PORT`."""

import signal
import sys
import threading

from fakeredis import TcpFakeServer


def main(host: str, port: str) -> None:
    """Serve until SIGTERM or SIGINT."""
    server = TcpFakeServer((host, int(port)), server_type="redis")
    server.daemon_threads = True
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: threading.Thread(target=server.shutdown).start())
    server.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
