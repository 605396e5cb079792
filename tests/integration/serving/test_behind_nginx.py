"""The portal with its production settings, through the nginx of deploy/nginx.conf and without it."""

import re
import shutil
import ssl
import subprocess
import sys
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from auditportal.embedded.process import Process
from auditportal.embedded.redis import free_port
from tests.integration.serving.conftest import ROOT, Served, read_to_end, serving
from tests.services import Databases
from tests.waiting import PATIENCE_SECONDS, wait_for

HOST = "audit.example.com"
TOKEN = "only-for-tests-to-scrape"
HOOK = "only-for-tests-" + "t" * 32
SETTINGS = {
    "DEBUG": "false",
    "PUBLIC_URL": f"https://{HOST}",
    "ALLOWED_HOSTS": f"{HOST},127.0.0.1",
    "TRUSTED_PROXY_HOPS": "1",
    "METRICS_TOKEN": TOKEN,
    "COMMBOX_WEBHOOK_TOKEN": HOOK,
    "DATABASE_POOL_SIZE": "4",
}


@dataclass
class Proxied:
    """nginx in front of a portal; `https` speaks to nginx, `direct` to the portal as nginx would."""

    portal: Served
    https: httpx.Client
    direct: httpx.Client
    http_port: int
    tls_port: int
    folder: Path

    def connect(self) -> ssl.SSLSocket:
        import socket

        context = ssl._create_unverified_context()
        plain = socket.create_connection(("127.0.0.1", self.tls_port), timeout=PATIENCE_SECONDS)
        return context.wrap_socket(plain, server_hostname=HOST)


@pytest.fixture(scope="module")
def nginx(
    databases: Databases, worker_id: str, tmp_path_factory: pytest.TempPathFactory, django_db_blocker: Any
) -> Iterator[Proxied]:
    with django_db_blocker.unblock():
        databases.ensure_template()
    folder = tmp_path_factory.mktemp("nginx")
    with (
        databases.copied(f"portal_{worker_id}_nginx") as services,
        serving(folder, services.database_url, **SETTINGS) as portal,
        started(folder, portal) as proxied,
    ):
        yield proxied


def started(folder: Path, portal: Served) -> Any:
    from contextlib import contextmanager

    @contextmanager
    def run() -> Iterator[Proxied]:
        http_port, tls_port = free_port(), free_port()
        _certificate(folder)
        (folder / "nginx.conf").write_text(_whole(folder, portal.port, http_port, tls_port))
        command = ["nginx", "-p", str(folder), "-c", str(folder / "nginx.conf"), "-g", "daemon off;"]
        process = Process("nginx", command, folder / "nginx.lock", folder / "nginx.log")
        process.start()
        try:
            headers = {"Host": HOST}
            with (
                httpx.Client(
                    base_url=f"https://127.0.0.1:{tls_port}", verify=False, headers=headers, timeout=60
                ) as https,
                httpx.Client(base_url=portal.url, headers=headers, timeout=60) as direct,
            ):

                def answers() -> bool:
                    assert process.running, (folder / "nginx.log").read_text()
                    try:
                        return https.get("/health/live").status_code == 200
                    except httpx.HTTPError:
                        return False

                wait_for(answers)
                yield Proxied(portal, https, direct, http_port, tls_port, folder)
        finally:
            process.stop()

    return run()


def _certificate(folder: Path) -> None:
    from datetime import UTC, datetime, timedelta

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "cert.key").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )


def _whole(folder: Path, portal: int, http_port: int, tls_port: int) -> str:
    """The example as it stands, with the places of this test, inside what Debian's nginx.conf has around it."""
    example = (ROOT / "deploy" / "nginx.conf").read_text()
    for written, here in (
        ("127.0.0.1:8000", f"127.0.0.1:{portal}"),
        ("listen 80;", f"listen 127.0.0.1:{http_port};"),
        ("listen 443 ssl http2;", f"listen 127.0.0.1:{tls_port} ssl http2;"),
        (f"/etc/ssl/certs/{HOST}.pem", str(folder / "cert.pem")),
        (f"/etc/ssl/private/{HOST}.key", str(folder / "cert.key")),
        ("/var/log/nginx/", f"{folder}/"),
    ):
        assert written in example
        example = example.replace(written, here)
    places = "".join(
        f"{what}_temp_path {folder}/{what};\n"
        for what in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    user = "user root;\n" if _is_root() else ""
    return f"{user}pid {folder}/nginx.pid;\nerror_log stderr;\nevents {{}}\nhttp {{\n{places}{example}\n}}\n"


def _is_root() -> bool:
    import os

    return os.geteuid() == 0


@pytest.fixture(params=["through nginx", "without it"])
def side(request: pytest.FixtureRequest, nginx: Proxied) -> tuple[httpx.Client, Proxied]:
    return (nginx.https if request.param == "through nginx" else nginx.direct), nginx


AS_NGINX = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.9"}
HEADERS = {
    "Strict-Transport-Security": "max-age=31536000",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'",
}


def test_every_answer_has_its_headers_once(side: tuple[httpx.Client, Proxied]) -> None:
    """Pages, files, refusals of the portal and of nginx itself; none says a version."""
    client, nginx = side
    for path, statuses in (
        ("/accounts/login/", {200}),
        ("/static/portal/css/base.css", {200, 404}),  # collected for an image only
        ("/nothing/here", {404}),
        ("/metrics", {404}),
        ("/?" + "q" * 9000, {414}),
    ):
        answer = client.get(path, headers=AS_NGINX)
        assert answer.status_code in statuses, path
        for name, value in HEADERS.items():
            given = answer.headers.get_list(name)
            assert len(given) == 1, (path, name, given)
            assert value in given[0]
        assert answer.headers["server"] == ("granian" if client is nginx.direct else "nginx")
        if not path.startswith("/static/"):
            assert answer.headers.get_list("Cache-Control") == ["no-store"], path


def test_a_cookie_is_for_this_host_over_https_and_not_for_scripts(side: tuple[httpx.Client, Proxied]) -> None:
    client, _ = side
    set_here = [
        cookie
        for path in ("/accounts/login/", "/", "/nothing/here")
        for cookie in client.get(path, headers=AS_NGINX).headers.get_list("Set-Cookie")
    ]
    assert set_here
    for cookie in set_here:
        name, *attributes = cookie.split("; ")
        assert name.startswith("__Host-"), cookie
        assert {"HttpOnly", "Secure", "SameSite=Lax", "Path=/"} <= set(attributes), cookie
        assert not any(each.startswith("Domain=") for each in attributes), cookie


@pytest.mark.parametrize(
    ("ciphers", "version", "accepted"),
    [
        ("ECDHE-ECDSA-AES128-GCM-SHA256", ssl.TLSVersion.TLSv1_2, True),
        ("ECDHE-ECDSA-AES128-SHA256", ssl.TLSVersion.TLSv1_2, False),  # no authenticated encryption
        ("AES128-GCM-SHA256:AES256-SHA", ssl.TLSVersion.TLSv1_2, False),  # no forward secrecy
        ("ALL:@SECLEVEL=0", ssl.TLSVersion.TLSv1_1, False),
    ],
)
def test_only_strong_ciphers_are_agreed_on(
    nginx: Proxied, ciphers: str, version: ssl.TLSVersion, accepted: bool
) -> None:
    import socket

    context = ssl._create_unverified_context()
    context.set_ciphers(ciphers)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, version
    plain = socket.create_connection(("127.0.0.1", nginx.tls_port), timeout=PATIENCE_SECONDS)
    try:
        with context.wrap_socket(plain, server_hostname=HOST) as connection:
            assert (connection.version(), accepted) == ("TLSv1.2", True)
    except (ssl.SSLError, ConnectionResetError):
        assert not accepted


def test_large_bodies_are_refused(side: tuple[httpx.Client, Proxied]) -> None:
    client, _ = side
    for path, size in (
        ("/accounts/login/", 70_000),
        ("/", 2_000_000),
        ("/audit/verify/", 2_000_000),
        (f"/webhooks/commbox/{HOOK}", 1_100_000),
    ):
        try:
            assert client.post(path, content=bytes(size), headers=AS_NGINX).status_code == 413, path
        except httpx.WriteError:  # the connection was closed before all was sent
            assert client is side[1].direct


def test_slow_bodies_hold_nobody_up(nginx: Proxied) -> None:
    """Held by nginx, none of them reaches the portal; held by the portal, none takes a thread."""
    lines = (
        "POST /objects/ HTTP/1.1",
        f"Host: {HOST}",
        "X-Forwarded-Proto: https",
        "Content-Length: 60000",
    )
    head = "\r\n".join([*lines, "", "x"])
    held: list[Any] = [nginx.connect() for _ in range(20)] + [nginx.portal.connect() for _ in range(20)]
    with ExitStack() as closing:
        for connection in held:
            closing.callback(connection.close)
            connection.sendall(head.encode())
        for client in (nginx.https, nginx.direct):
            # Not the sign-in page: nginx bounds how often an address asks for it.
            for path, status in (("/health/live", 200), ("/", 302)):
                assert client.get(path, headers=AS_NGINX).status_code == status
        for connection in held:
            said = read_to_end(connection)
            assert not said or b" 408 " in said.split(b"\r\n")[0]


def test_a_webhook_is_received(side: tuple[httpx.Client, Proxied]) -> None:
    client, _ = side
    answer = client.post(f"/webhooks/commbox/{HOOK}", content=b'{"a": 1}', headers=AS_NGINX)
    assert answer.status_code in (200, 400)
    assert client.post("/webhooks/commbox/wrong", content=b"{}", headers=AS_NGINX).status_code == 404


def test_monitoring_is_answered_inside_only(nginx: Proxied) -> None:
    monitor = {"Authorization": f"Bearer {TOKEN}"}
    assert "portal_request_seconds" in nginx.direct.get("/metrics", headers=monitor).text
    assert nginx.direct.get("/health/ready", headers=monitor).json()["database"] == "ok"
    for path in ("/metrics", "/health/ready"):
        assert nginx.https.get(path, headers=monitor).status_code == 404
    forged = {**AS_NGINX, "X-Forwarded-For": "127.0.0.1"}
    assert nginx.direct.get("/metrics", headers=forged).status_code == 404


def test_neither_an_id_nor_an_address_of_the_client_is_taken_over(
    nginx: Proxied, django_db_blocker: Any
) -> None:
    """nginx replaces the list; the portal takes the last entry; the id is the portal's, and nginx logs it."""
    sent = {
        "X-Request-ID": "f" * 32,
        "X-Forwarded-For": "198.51.100.7",
        "X_Forwarded_For": "198.51.100.7",
        "Forwarded": "for=198.51.100.7",
        "X-Forwarded-Proto": "http",
    }
    answer = nginx.https.get("/accounts/login/?next=/objects/%3Fq%3Dsecretword", headers=sent)
    assert answer.status_code == 200
    given = answer.headers["X-Request-ID"]
    assert re.fullmatch(r"[0-9a-f]{32}", given)
    assert given != "f" * 32
    wait_for(lambda: given in (nginx.folder / "portal.log").read_text())
    logged = (nginx.folder / "portal.log").read_text()
    assert "secretword" not in logged
    assert HOOK not in logged
    assert HOOK not in nginx.portal.log()


def test_plain_http_is_sent_to_https(nginx: Proxied) -> None:
    answer = httpx.get(f"http://127.0.0.1:{nginx.http_port}/objects/", headers={"Host": HOST}, timeout=60)
    assert (answer.status_code, answer.headers["Location"]) == (301, f"https://{HOST}/objects/")
    direct = nginx.direct.get("/objects/")
    assert (direct.status_code, direct.headers["Location"]) == (301, f"https://{HOST}/objects/")


def test_two_lengths_are_refused(nginx: Proxied) -> None:
    both = (
        f"POST /accounts/login/ HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n"
        "Connection: close\r\n\r\n0\r\n\r\n"
    ).encode()
    with nginx.connect() as connection:
        connection.sendall(both)
        assert b" 400 " in read_to_end(connection).split(b"\r\n")[0]
    assert b" 400 " in nginx.portal.ask(both).split(b"\r\n")[0]


def test_many_sign_ins_at_once_are_refused_in_words(nginx: Proxied) -> None:
    with ThreadPoolExecutor(10) as crowd:
        answers = list(crowd.map(lambda _: nginx.https.get("/accounts/login/"), range(80)))
    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused
    assert all("Too many requests from here" in answer.text for answer in refused)
    assert {answer.status_code for answer in answers} == {200, 429}


# --- systemd


UNITS = sorted((ROOT / "deploy" / "systemd").glob("*.service"))


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_a_unit_is_hardened_and_starts_what_there_is(unit: Path) -> None:
    text = unit.read_text()
    said = dict(line.split("=", 1) for line in text.splitlines() if "=" in line and not line.startswith("#"))
    assert said["User"] != "root"
    assert said["NoNewPrivileges"] == said["PrivateTmp"] == "yes"
    assert (said["ProtectSystem"], said["CapabilityBoundingSet"]) == ("strict", "")
    assert said["MemoryMax"]
    if unit.stem == "auditportal-signer":
        assert (said["PrivateNetwork"], said["RestrictAddressFamilies"]) == ("yes", "AF_UNIX")
    program, *arguments = said["ExecStart"].split()
    assert program.startswith("/opt/auditportal/.venv/bin/")
    if arguments[0] == "manage.py":
        known = subprocess.run(
            [sys.executable, "-W", "ignore", "manage.py", arguments[1], "--help"],
            cwd=ROOT, capture_output=True, text=True, timeout=300,
        )  # fmt: skip
        assert known.returncode == 0, known.stderr[-500:]
        for option in re.findall(r"--[a-z-]+", said["ExecStart"]):
            assert option in known.stdout


def test_the_key_of_the_log_is_the_signers_alone() -> None:
    """Its folder is closed to every other user, and no other unit runs as the signer or names the folder."""
    texts = {unit.stem: unit.read_text() for unit in UNITS}
    signer = texts.pop("auditportal-signer")
    assert "StateDirectory=auditportal-signer\nStateDirectoryMode=0700\n" in signer
    users = {name: set(re.findall(r"^User=(\S+)$", text, re.MULTILINE)) for name, text in texts.items()}
    assert [name for name, found in users.items() if len(found) != 1 or "auditportal-signer" in found] == []
    assert [name for name, text in texts.items() if "/var/lib/auditportal-signer" in text] == []


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd-analyze here")
def test_systemd_reads_the_units(tmp_path: Path) -> None:
    """Its programs are looked up where this checkout has them."""
    for unit in UNITS:
        here = unit.read_text().replace("/opt/auditportal/.venv/bin/", f"{Path(sys.executable).parent}/")
        (tmp_path / unit.name).write_text(here)
    units = [str(tmp_path / unit.name) for unit in UNITS]
    done = subprocess.run(["systemd-analyze", "verify", *units], capture_output=True, text=True, timeout=120)
    said = [line for line in (done.stderr + done.stdout).splitlines() if "auditportal" in line]
    assert said == []
