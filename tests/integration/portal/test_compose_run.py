"""The services of docker-compose.yml, each in a container made by hand, do the portal's main job across their networks:
what CommBox recorded is found, played and sealed, and the report of it is built.
"""

import base64
import hmac
import html
import http.client
import os
import re
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest

from auditportal.embedded.redis import free_port
from auditportal.sandbox import Sandbox
from tests.compose import ROOT, environment_of, read_env
from tests.containers import Containers
from tests.waiting import wait_for

HOST = "audit.example.com"
PASSWORD = "a long password for the tests only"
SERVERS = {name: f"only-for-tests-{name.lower()}" for name in ("CACHE_PASSWORD", "BROKER_PASSWORD")}
LOGINS = ("POSTGRES_PASSWORD", "PORTAL_MIGRATOR_PASSWORD", "PORTAL_WEB_PASSWORD", "PORTAL_SEALER_PASSWORD")
# What the image postgres does before it becomes the server.
POSTGRES = """
data=/var/lib/postgresql/data; umask 077; export PGPASSWORD="$POSTGRES_PASSWORD"
printf %s "$POSTGRES_PASSWORD" > /tmp/password
initdb -D $data -U postgres --pwfile=/tmp/password --auth=scram-sha-256 --encoding=UTF8 --locale=C --no-instructions
echo 'host all all all scram-sha-256' >> $data/pg_hba.conf
postgres -D $data -k /run/postgresql -c listen_addresses= & first=$!
until pg_isready -q -h /run/postgresql; do sleep 0.1; done
psql -q -h /run/postgresql -U postgres -f /docker-entrypoint-initdb.d/roles.sql
kill -INT $first; wait $first || true
exec postgres -D $data -k /run/postgresql,/tmp -c listen_addresses='*'
"""


# What the image did when it was built, into a folder of the test's.
COLLECT = """
import sys, django
from django.conf import settings
from django.core.management import call_command
settings.STATIC_ROOT = sys.argv[1]
django.setup()
call_command("collectstatic", interactive=False, verbosity=0)
"""


@pytest.fixture
def containers(tmp_path: Path, sandbox: Sandbox) -> Iterator[Containers]:
    policy = tmp_path / "policy"
    policy.mkdir(mode=0o755)
    given = {name: value for name, value in read_env(ROOT / "deploy" / "example.env").items() if value}
    given |= SERVERS | {name: f"only-for-tests-{name.lower()}" for name in LOGINS}
    given |= {
        "SECRET_KEY": "s" * 25 + "0123456789abcdefghijklmnopqrstuvwxyz",
        "AUDIT_FIELD_KEY": "a" * 43 + "=",
        "COMMBOX_WEBHOOK_TOKEN": "t" * 40,
        "COMMBOX_REQUESTS_PER_SECOND": "100",
        "COMMBOX_API_URL": sandbox.api_url,
        "COMMBOX_API_KEY": sandbox.api_key,
        "RECORDING_BUCKETS": ",".join(sandbox.bucket_urls),
        "S3_REGION": sandbox.region,
        "AWS_ACCESS_KEY_ID": sandbox.access_key,
        "AWS_SECRET_ACCESS_KEY": sandbox.secret_key,
    }
    (tmp_path / "staticfiles").mkdir()
    with Containers(tmp_path, given, {"./deploy/policy": policy}) as made:
        web = environment_of(made.services["web"], given) | {"AUDIT_POLICY_FILE": ""}
        env = {"PATH": os.environ["PATH"], "DJANGO_SETTINGS_MODULE": "auditportal.settings", **web}
        collect = [sys.executable, "-W", "ignore", "-c", COLLECT, str(tmp_path / "staticfiles")]
        subprocess.run(collect, cwd=ROOT, env=env, check=True, timeout=300)
        yield made


class Visitor:
    """A browser behind the TLS proxy: it has a name, a scheme and cookies, and nothing of them is looked at here."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._cookies: dict[str, str] = {}

    def ask(self, method: str, path: str, form: Any = None, **headers: str) -> tuple[int, str, str]:
        """Return the status, the body, and where the answer leads."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=120)
        sent = {"Host": HOST, "X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.9", **headers}
        sent |= {
            "Referer": f"https://{HOST}/",
            "Cookie": "; ".join(f"{k}={v}" for k, v in self._cookies.items()),
        }
        body = None
        if form is not None:
            body = urlencode(form, doseq=True)
            sent["Content-Type"] = "application/x-www-form-urlencoded"
        try:
            connection.request(method, path, body, sent)
            answer = connection.getresponse()
            text = answer.read().decode(errors="replace")
            for line in answer.headers.get_all("Set-Cookie", []):
                self._cookies |= {name: morsel.value for name, morsel in SimpleCookie(line).items()}
            return answer.status, text, answer.headers.get("Location", "")
        finally:
            connection.close()

    def submit(self, page: str, path: str, form: dict[str, Any], **headers: str) -> tuple[int, str, str]:
        """Send a form that stands on a page."""
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', self.ask("GET", page)[1])
        assert token, page
        return self.ask("POST", path, {"csrfmiddlewaretoken": token[1], **form}, **headers)


def rows(containers: Containers, statement: str) -> str:
    password = containers.given["POSTGRES_PASSWORD"]
    command = ["psql", "-h", "/run/postgresql", "-U", "postgres", "-d", "auditportal", "-Atc", statement]
    return containers.run("database", *command, PGPASSWORD=password).strip()


def logs(containers: Containers) -> str:
    return "".join(f"--- {name}\n{containers.log_of(name)[-3000:]}" for name in containers.names)


def healthy(containers: Containers, *names: str) -> None:
    for name in names:
        try:
            wait_for(lambda name=name: containers.is_healthy(name), 120)
        except AssertionError:
            pytest.fail(f"{name} did not become healthy\n{logs(containers)}")


def started(containers: Containers, sandbox: Sandbox) -> Visitor:
    """Start everything in the order of depends_on; return a visitor of the web service."""
    containers.start("database", "bash", "-euc", POSTGRES)
    containers.start("cache")
    containers.start("broker")
    vkey = containers.run("signer", *containers.command_of("signer"), "--print-vkey").split()[-1]
    (containers.mounted["./deploy/policy"] / "policy.txt").write_text(f"log {vkey}\nquorum none\n")
    containers.start("signer")
    healthy(containers, "database", "cache", "broker", "signer")
    containers.run("migrate")
    # The world outside: CommBox and its storage, for those that may go there.
    for port in {
        sandbox.api_url.rsplit(":", 1)[1].strip("/"),
        sandbox.bucket_urls[0].split(":")[2].split("/")[0],
    }:
        way_out = containers.folder / f"out-{port}"
        containers.relay("", f"unix:{way_out}", f"tcp:{port}")
        for name in ("web", "worker"):
            containers.relay(name, f"tcp:{port}", f"unix:{way_out}")
    for name in ("sealer", "web", "worker", "beat"):
        containers.start(name)
    published, port = containers.folder / "web.socket", free_port()
    containers.relay("web", f"unix:{published}", "tcp:8000")
    containers.relay("", f"tcp:{port}", f"unix:{published}")
    healthy(containers, "sealer", "web", "worker", "beat")
    return Visitor(port)


def enrol(visitor: Visitor) -> None:
    """Set up an authenticator app: no page with data opens with a password alone."""
    path = "/accounts/second-factor/app/"
    page = visitor.ask("GET", path)[1]
    secret = re.findall(r'id="app-secret"[^>]*>([^<]+)<', page)[0].replace(" ", "")
    key, step = base64.b32decode(secret + "=" * (-len(secret) % 8)), int(time.time()) // 30
    digest = hmac.digest(key, struct.pack(">Q", step), "sha1")
    code = struct.unpack_from(">I", digest, digest[-1] & 15)[0] % (1 << 31) % 1_000_000
    token = re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)[0]
    status, shown, _ = visitor.ask("POST", path, {"code": f"{code:06}", "csrfmiddlewaretoken": token})
    assert status == 302, shown


@pytest.mark.slow
def test_the_main_job_is_done_across_the_services(containers: Containers, sandbox: Sandbox) -> None:
    visitor = started(containers, sandbox)
    create = "python manage.py create_user noa.levi --full-name Noa --role compliance_officer"
    containers.run("web", *create.split(), "--password-from", "NEW_PASSWORD", NEW_PASSWORD=PASSWORD)

    # Beat, broker and worker have CommBox's recordings listed by themselves.
    wait_for(lambda: int(rows(containers, "SELECT count(*) FROM recordings_recording") or 0) > 20, 240)
    playable = (
        "SELECT id FROM recordings_recording WHERE state = 'playable' ORDER BY recorded_at DESC LIMIT 1"
    )
    recording = rows(containers, playable)

    # Sign in, find it, play it.
    status, _, goes_to = visitor.submit(
        "/accounts/login/", "/accounts/login/", {"login": "noa.levi", "password": PASSWORD}
    )
    assert (status, goes_to) == (302, "/"), logs(containers)
    enrol(visitor)
    assert f"/recordings/{recording}/" in visitor.ask("GET", "/recordings/")[1]
    status, page, _ = visitor.submit(
        f"/recordings/{recording}/",
        f"/recordings/{recording}/viewings/",
        {"purpose": "compliance", "note": "case 14"},
        **{"HX-Request": "true"},
    )
    assert status == 200, page
    source = re.search(r'<video[^>]* src="([^"]+)"', page)
    assert source, page
    with urlopen(html.unescape(source[1]), timeout=60) as film:
        assert len(film.read()) > 1000

    # The viewing is in the sealed log.
    sealed = "SELECT count(*) FROM audit.event e JOIN audit.leaf l USING (event_id) WHERE e.kind = 'viewing.url_issued'"
    wait_for(lambda: rows(containers, sealed) == "1", 120)

    # The worker builds the report of it, and the web serves the file.
    status, _, report = visitor.submit(
        "/reports/", "/reports/request/", {"format": "jsonl", "group": ["viewing"]}
    )
    assert status == 302
    wait_for(lambda: visitor.ask("GET", f"{report}file")[0] == 200, 120)
    assert "viewing.url_issued" in visitor.ask("GET", f"{report}file")[1]

    # Nobody reaches what is not on a network of his, and nobody has a capability or another's user.
    connect = "import socket, sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), 3)"
    for name, neighbour, network, port in (
        *(("beat", other, other, port) for other, port in (("database", "5432"), ("cache", "6379"))),
        *(("sealer", other, other, "6379") for other in ("cache", "broker")),
        *(("cache", "database", "database", "5432"), ("signer", "database", "database", "5432")),
    ):
        for address in (neighbour, containers.address_of(neighbour, network)):
            with pytest.raises(AssertionError, match=r"[Ee]rror"):
                containers.run(name, "python", "-c", connect, address, port)
    for name in containers.services:
        if name not in ("migrate", "storage"):
            about = containers.run(name, "sh", "-c", "cat /proc/self/status; touch /x 2>&1 || true")
            assert re.search(r"CapEff:\s0+\n", about), name
            assert re.search(rf"Uid:\s{containers.uid_of(name)}\s", about), name
            assert "Read-only file system" in about, name

    # Without a name and a password Redis tells that it lives; the cache's login keeps to its keys.
    for name, password in (("cache", SERVERS["CACHE_PASSWORD"]), ("broker", SERVERS["BROKER_PASSWORD"])):
        assert containers.run(name, "valkey-cli", "get", "x").startswith("NOPERM")
        mine = ["valkey-cli", "--no-auth-warning", "--user", name, "--pass", password]
        for command in ("flushall", "config get *", "keys *", "acl list", "shutdown"):
            assert containers.run(name, *mine, *command.split()).startswith("NOPERM"), (name, command)
    cache = ["valkey-cli", "--no-auth-warning", "--user", "cache", "--pass", SERVERS["CACHE_PASSWORD"]]
    assert containers.run("cache", *cache, "get", "celery").startswith("NOPERM")
    assert containers.run("cache", *cache, "set", ":2:mine", "1").startswith("OK")
