"""`manage.py demo` as a person uses it: start, sign in, kill a process, stop, start again."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import psycopg
import pytest

from auditportal.embedded import demo_env
from auditportal.embedded.demo import check_port, fingerprint
from auditportal.embedded.errors import EmbeddedError
from auditportal.embedded.redis import free_port
from tests.demo import Shown

ROOT = Path(__file__).resolve().parents[3]


def processes_of(folder: Path) -> set[int]:
    """Return every process with the folder's name in its command or its environment."""
    found = set()
    for process in Path("/proc").glob("[0-9]*"):
        try:
            content = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
        except OSError:
            continue
        if str(folder).encode() in content and int(process.name) != os.getpid():
            found.add(int(process.name))
    return found


@pytest.fixture
def folder(directory: Path) -> Iterator[Path]:
    yield directory
    assert processes_of(directory) == set()


@pytest.fixture
def show(folder: Path) -> Iterator[Callable[..., Shown]]:
    """Start demos in the folder; none outlives the test."""
    with ExitStack() as stack:

        def start(port: int, *options: str) -> Shown:
            running = Shown(folder, port, *options)
            stack.callback(running.close)
            return running

        yield start


@pytest.mark.slow
def test_it_starts_heals_stops_survives_a_kill_and_keeps_its_data(
    folder: Path, show: Callable[..., Shown]
) -> None:
    port = free_port()
    first = show(port)
    first.wait_for("Stop with Ctrl-C")
    assert f"AuditPortal is ready: http://localhost:{port}/" in first.text
    assert [name for name in ("noa.levi", "tom.brandt", "eva.lang", "sam.ortiz") if name in first.text] == [
        "noa.levi",
        "tom.brandt",
        "eva.lang",
        "sam.ortiz",
    ]
    password = re.search(r"password {2}(\S+)", first.text)
    assert password
    with urlopen(f"http://127.0.0.1:{port}/health/live") as answer:
        assert answer.status == 200

    web = int((folder / "run" / "web.lock").read_text())
    os.kill(web, signal.SIGKILL)
    first.wait_for("web is running again.")
    assert int((folder / "run" / "web.lock").read_text()) != web

    private = (folder / demo_env.SECRETS_FILE, folder / demo_env.RUNNING_FILE, folder / "run" / "sandbox.env")
    assert [path.stat().st_mode & 0o777 for path in private] == [0o600, 0o600, 0o600]
    first.end(signal.SIGKILL)

    after_the_kill = show(port)
    after_the_kill.wait_for("Stop with Ctrl-C")
    assert password[1] in after_the_kill.text
    assert "Tables and roles" not in after_the_kill.text
    assert after_the_kill.end() == 0
    assert after_the_kill.text.endswith("Everything has stopped.\n")
    assert processes_of(folder) == set()
    assert not (folder / demo_env.RUNNING_FILE).exists()
    with pytest.raises(URLError):
        urlopen(f"http://127.0.0.1:{port}/health/live")

    fresh = show(port, "--reset")
    fresh.wait_for("Tables and roles")
    assert fresh.end(signal.SIGTERM) == 0
    assert password[1] not in (folder / demo_env.SECRETS_FILE).read_text()


@pytest.mark.slow
def test_the_embedded_command_prints_addresses_and_ends_with_ctrl_c(directory: Path) -> None:
    command = [sys.executable, "manage.py", "embedded", "--folder", str(directory)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            lines = [process.stdout.readline().strip().partition("=") for _ in range(3)]
            urls = {name: value.strip("'") for name, _, value in lines}
            assert list(urls) == ["export DATABASE_URL", "export DATABASE_OWNER_URL", "export REDIS_URL"]
            with psycopg.connect(urls["export DATABASE_URL"]) as connection:
                assert connection.execute("SELECT current_user::text").fetchone() == ("portal_web",)
        finally:
            process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
    assert processes_of(directory) == set()


def test_a_port_in_use_is_reported_in_a_sentence(show: Callable[..., Shown]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        running = show(port)
        running.process.wait(60)
        assert running.close() == 1
    assert running.text.endswith(f"make demo PORT={port + 1}\n")
    assert f"Port {port} cannot be used: Address already in use." in running.text


@pytest.mark.parametrize("port", [-1, 65536])
def test_an_invalid_port_is_reported_in_a_sentence(port: int) -> None:
    with pytest.raises(EmbeddedError, match="it is not a port"):
        check_port(port)


def test_secrets_are_generated_once_and_missing_ones_added(tmp_path: Path) -> None:
    first = demo_env.load_secrets(tmp_path)
    assert demo_env.load_secrets(tmp_path) == first
    assert len(first["DEMO_PASSWORD"]) >= 15
    assert len(first["SECRET_KEY"]) >= 50
    demo_env.write_file(tmp_path / demo_env.SECRETS_FILE, {"SECRET_KEY": first["SECRET_KEY"]})
    renewed = demo_env.load_secrets(tmp_path)
    assert renewed["SECRET_KEY"] == first["SECRET_KEY"]
    assert renewed["DEMO_PASSWORD"] != first["DEMO_PASSWORD"]


def test_a_value_may_contain_equals_signs(tmp_path: Path) -> None:
    demo_env.write_file(tmp_path / "a.env", {"KEY": "YWJj==", "URL": "postgresql://a@/b?host=c"})
    assert demo_env.read_file(tmp_path / "a.env") == {"KEY": "YWJj==", "URL": "postgresql://a@/b?host=c"}


def test_the_database_is_prepared_again_after_a_new_migration(tmp_path: Path) -> None:
    migrations = tmp_path / "recordings" / "migrations"
    migrations.mkdir(parents=True)
    (migrations / "0001_initial.py").write_text("one")
    (tmp_path / "README.md").write_text("words")
    before = fingerprint(tmp_path)
    (tmp_path / "README.md").write_text("other words")
    assert fingerprint(tmp_path) == before
    (migrations / "0002_more.py").write_text("two")
    assert fingerprint(tmp_path) != before
