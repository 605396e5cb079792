"""A real RFC 3161 time-stamping authority on loopback: OpenSSL's `ts` command behind a few lines of HTTP."""

import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

Answer = Callable[[bytes], tuple[int, bytes]]

_CONFIG = """
[req]
distinguished_name = name
prompt = no
[name]
CN = {name}
[root]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign
subjectKeyIdentifier = hash
[stamping]
basicConstraints = CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping
authorityKeyIdentifier = keyid
[tsa]
default_tsa = authority
[authority]
serial = {folder}/serial
signer_cert = {folder}/tsa.pem
signer_key = {folder}/tsa.key
certs = {folder}/root.pem
signer_digest = sha256
default_policy = 1.3.6.1.4.1.99999.1
digests = sha256, sha384, sha512
accuracy = secs:1
ess_cert_id_alg = sha256
"""


class Authority:
    """A root certificate, a stamping certificate below it, and replies made by `openssl ts -reply`."""

    def __init__(self, folder: Path, name: str = "Test TSA") -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        (folder / "serial").write_text("01\n")
        for who in ("root", "tsa"):
            (folder / f"{who}.cnf").write_text(_CONFIG.format(folder=folder, name=f"{name} {who}"))
            self._openssl(f"genrsa -out {who}.key 2048")
        self._openssl("req -x509 -days 9 -config root.cnf -extensions root -key root.key -out root.pem")
        self._openssl("req -new -config tsa.cnf -key tsa.key -out tsa.csr")
        self._openssl(
            "x509 -req -days 9 -in tsa.csr -CA root.pem -CAkey root.key -CAcreateserial"
            " -extfile tsa.cnf -extensions stamping -out tsa.pem"
        )

    @property
    def certificates(self) -> Path:
        """What a verifier must trust: the root, in PEM."""
        return self.folder / "root.pem"

    def reply(self, request: bytes) -> bytes:
        """The DER response to a DER request, as OpenSSL gives it."""
        (self.folder / "query").write_bytes(request)
        self._openssl("ts -reply -config tsa.cnf -section authority -queryfile query -out reply")
        return (self.folder / "reply").read_bytes()

    def _openssl(self, command: str) -> None:
        words = ["openssl", *command.split()]
        done = subprocess.run(words, cwd=self.folder, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"openssl {command.partition(' ')[0]} failed: {done.stderr[-500:]}")


class Stamper:
    """The authority over HTTP. `answer` may be replaced, to lie; `requests` is what was asked for."""

    def __init__(self, authority: Authority) -> None:
        self.authority = authority
        self.requests: list[tuple[dict[str, str], bytes]] = []
        self.answer: Answer = lambda request: (200, authority.reply(request))
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/tsr"

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        stamper = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                with stamper._lock:
                    stamper.requests.append((dict(self.headers), body))
                    status, reply = stamper.answer(body)
                self.send_response(status)
                self.send_header("Content-Type", "application/timestamp-reply")
                self.send_header("Content-Length", str(len(reply)))
                self.end_headers()
                self.wfile.write(reply)

            def log_message(self, *args: object) -> None:
                pass

        return Handler

    def start(self) -> None:
        threading.Thread(target=self._server.serve_forever, args=[0.02], daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def stamping(authority: Authority) -> Iterator[Stamper]:
    """The authority answers on loopback while the block runs."""
    stamper = Stamper(authority)
    stamper.start()
    try:
        yield stamper
    finally:
        stamper.stop()
