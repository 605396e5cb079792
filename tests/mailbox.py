"""A real SMTP server on loopback (RFC 5321, as much as one sender needs): keeps what it was sent, refuses on demand."""

import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import cast


@dataclass
class Letter:
    """One mail as it came over the wire."""

    sender: str
    recipients: list[str]
    data: bytes
    encrypted: bool
    user: str = ""

    @property
    def message(self) -> EmailMessage:
        return cast(
            EmailMessage, message_from_bytes(self.data.replace(b"\r\n", b"\n"), policy=policy.default)
        )


@dataclass
class Mailbox:
    """What arrived, and how the server behaves: `refuse` maps a command (or a recipient) to the reply it gets."""

    letters: list[Letter] = field(default_factory=list)
    refuse: dict[str, str] = field(default_factory=dict)
    tls: ssl.SSLContext | None = None
    tls_from_start: bool = False
    port: int = 0


class _Session(socketserver.StreamRequestHandler):
    """One connection, line by line."""

    server: "_Server"

    def handle(self) -> None:
        self.box = self.server.box
        self.sender, self.user, self.encrypted = "", "", False
        self.recipients: list[str] = []
        if self.box.tls and self.box.tls_from_start:
            self._wrap(self.box.tls)
        self._say("220 mailbox.test ESMTP")
        while line := self.rfile.readline(1000):
            command, _, rest = line.decode().strip().partition(" ")
            if command.upper() == "QUIT":
                self._say("221 bye")
                return
            self._one(command.upper(), rest)

    def finish(self) -> None:
        super().finish()
        self.connection.close()  # the server closes the plain one only

    def _one(self, command: str, rest: str) -> None:
        if command in self.box.refuse:
            return self._say(self.box.refuse[command])
        match command:
            case "EHLO":
                offers = ["AUTH PLAIN", *(["STARTTLS"] if self.box.tls and not self.encrypted else [])]
                self._say(
                    "\r\n".join(
                        ["250-mailbox.test", *(f"250-{offer}" for offer in offers), "250 SIZE 1000000"]
                    )
                )
            case "STARTTLS":
                self._encrypt()
            case "AUTH":
                self.user = rest
                self._say("235 welcome")
            case "MAIL":
                self.sender = rest.partition("<")[2].partition(">")[0]
                self._say("250 sender ok")
            case "RCPT":
                self._recipient(rest.partition("<")[2].partition(">")[0])
            case "DATA":
                self._data()
            case "RSET":
                self.recipients = []
                self._say("250 forgotten")
            case _:
                self._say("502 unknown command")

    def _encrypt(self) -> None:
        assert self.box.tls
        self._say("220 go ahead")
        self._wrap(self.box.tls)

    def _wrap(self, tls: ssl.SSLContext) -> None:
        self.connection = tls.wrap_socket(self.connection, server_side=True)
        self.rfile = self.connection.makefile("rb")
        self.encrypted = True

    def _recipient(self, address: str) -> None:
        if address in self.box.refuse:
            return self._say(self.box.refuse[address])
        self.recipients.append(address)
        self._say("250 recipient ok")

    def _data(self) -> None:
        self._say("354 end with a dot")
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line.removeprefix(b"."))
        letter = Letter(self.sender, self.recipients, b"".join(lines), self.encrypted, self.user)
        self.box.letters.append(letter)
        self._say(f"250 queued as M{len(self.box.letters):04}")

    def _say(self, reply: str) -> None:
        self.connection.sendall(f"{reply}\r\n".encode())


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def __init__(self, box: Mailbox) -> None:
        self.box = box
        super().__init__(("127.0.0.1", 0), _Session)

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away in the middle is what some tests want."""


@contextmanager
def mailbox(
    tls: ssl.SSLContext | None = None, refuse: dict[str, str] | None = None, tls_from_start: bool = False
) -> Iterator[Mailbox]:
    """A server while the block runs; with `tls` it offers STARTTLS, or begins with TLS."""
    box = Mailbox(refuse=refuse or {}, tls=tls, tls_from_start=tls_from_start)
    with _Server(box) as server:
        box.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, args=[0.02], daemon=True).start()
        try:
            yield box
        finally:
            server.shutdown()
