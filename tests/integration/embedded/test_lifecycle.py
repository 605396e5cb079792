"""Start, stop, kill and start again: the data are kept, and no server is left behind."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
import pytest
import redis

from auditportal.embedded import Embedded, EmbeddedError, folders
from tests.waiting import wait_for

HOLDER = Path(__file__).with_name("holder.py")
ROOT = Path(__file__).resolve().parents[3]
NOBODY = 65534


def remember(url: str, word: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS word (word text)")
        connection.execute("INSERT INTO word VALUES (%s)", [word])


def remembered(url: str) -> list[str]:
    with psycopg.connect(url) as connection:
        return [word for (word,) in connection.execute("SELECT word FROM word ORDER BY word")]


def children_of(directory: Path) -> list[int]:
    """Return the process ids of the servers that use the folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            command = (process / "cmdline").read_bytes()
            if str(directory).encode() in command or (process / "cwd").resolve().is_relative_to(directory):
                found.append(int(process.name))
    return found


def owners_of(pids: list[int]) -> set[int]:
    """Return the users of these processes; one that has just ended has none."""
    found = set()
    for pid in pids:
        with suppress(OSError):
            found.add(Path(f"/proc/{pid}").stat().st_uid)
    return found


@contextmanager
def held(directory: Path, *user: str, end: signal.Signals = signal.SIGKILL) -> Iterator[tuple[int, str]]:
    """Run the folder's servers in another process, ended with `end`; yields its id and the superuser's URL."""
    with subprocess.Popen(
        [sys.executable, str(HOLDER), str(directory), *user],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
    ) as holder:
        try:
            assert holder.stdout
            yield holder.pid, holder.stdout.readline().strip()
        finally:
            holder.send_signal(end)


def test_the_data_are_kept_and_nothing_runs_after_a_stop(directory: Path) -> None:
    embedded = Embedded(directory, durable=False)
    with embedded.running() as services:
        remember(services.admin_url, "first")
    assert children_of(embedded.home) == []
    with embedded.running() as services:
        remember(services.admin_url, "second")
        assert remembered(services.admin_url) == ["first", "second"]
    assert children_of(embedded.home) == []


def test_redis_requires_its_password(directory: Path) -> None:
    with (
        Embedded(directory, durable=False).running() as services,
        redis.Redis.from_url(services.redis_url) as client,
    ):
        client.set("greeting", "hello")
        assert client.get("greeting") == b"hello"
        port = client.connection_pool.connection_kwargs["port"]
        with redis.Redis(port=port, retry=None) as stranger, pytest.raises(redis.AuthenticationError):
            stranger.get("greeting")


@pytest.mark.slow
def test_two_directories_run_side_by_side(directory: Path) -> None:
    one = Embedded(directory / "one", durable=False)
    other = Embedded(directory / "other", durable=False)
    with one.running() as first, other.running() as second:
        remember(first.admin_url, "one")
        remember(second.admin_url, "other")
        assert remembered(first.admin_url) == ["one"]
        assert remembered(second.admin_url) == ["other"]
        assert first.redis_url != second.redis_url


@pytest.mark.slow
def test_only_one_program_at_a_time_serves_a_directory(directory: Path) -> None:
    with Embedded(directory, durable=False).running() as services:
        with pytest.raises(EmbeddedError, match=f"^The embedded servers of {directory} are already running"):
            Embedded(directory, durable=False).start()
        remember(services.admin_url, "undisturbed")
        assert remembered(services.admin_url) == ["undisturbed"]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process that its parent died")
def test_the_servers_end_when_their_parent_is_killed(directory: Path) -> None:
    with held(directory) as (_, url):
        remember(url, "before")
    wait_for(lambda: children_of(directory) == [])
    with Embedded(directory, durable=False).running() as services:
        assert remembered(services.admin_url) == ["before"]


@pytest.mark.slow
def test_a_start_right_after_a_kill_keeps_the_data(directory: Path) -> None:
    with held(directory) as (holder, url):
        remember(url, "before")
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("CHECKPOINT")  # fsync is off here: only what was written counts
        for pid in (holder, *children_of(directory)):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    with Embedded(directory, durable=False).running() as services:
        assert remembered(services.admin_url) == ["before"]


def test_a_server_that_outlived_its_parent_is_ended_by_the_next_start(directory: Path) -> None:
    """As on a system without a signal on the parent's death: the servers survive without a supervisor."""
    embedded = Embedded(directory, durable=False)
    remember(embedded.start().admin_url, "before")
    orphans, embedded.processes = embedded.processes, []
    embedded.stop()
    assert [process.running for process in orphans] == [True, True]
    with Embedded(directory, durable=False).running() as services:
        assert remembered(services.admin_url) == ["before"]
        assert [process.running for process in orphans] == [False, False]


def test_a_pid_file_that_names_another_process_is_stale(directory: Path) -> None:
    embedded = Embedded(directory, durable=False)
    with embedded.running() as services:
        remember(services.admin_url, "before")
    (embedded.home / "postgres.lock").write_text(str(os.getpid()))
    pid_file = embedded.home / "postgres" / "postmaster.pid"
    pid_file.write_text(f"{os.getpid()}\n{embedded.home}/postgres\n1\n5432\n\n\n")
    with embedded.running() as services:
        assert remembered(services.admin_url) == ["before"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_an_unprivileged_user_runs_the_servers_as_that_user(directory: Path) -> None:
    nobody = folders.Account("nobody", NOBODY, NOBODY)
    if not folders.can_reach(Path(sys.prefix), nobody):
        pytest.skip("the installed binaries lie in a folder only root may enter")
    os.chown(directory.parent, NOBODY, NOBODY)
    with held(directory, str(NOBODY), end=signal.SIGTERM) as (_, url):
        remember(url, "mine")
        assert owners_of(children_of(directory)) == {NOBODY}
    wait_for(lambda: children_of(directory) == [])


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has folders that the server's user cannot enter")
def test_root_keeps_data_that_cannot_be_reached_elsewhere(directory: Path) -> None:
    closed = directory.parent / "private"
    closed.mkdir(mode=0o700)
    embedded = Embedded(closed / "data", durable=False)
    try:
        with embedded.running() as services:
            remember(services.admin_url, "kept")
        assert embedded.home.parent == folders.ROOT_FOLDER
        assert closed.stat().st_mode & 0o777 == 0o700
        with Embedded(closed / "data", durable=False).running() as services:
            assert remembered(services.admin_url) == ["kept"]
    finally:
        embedded.remove()
    assert not embedded.home.exists()


@pytest.mark.slow
def test_remove_deletes_the_data(directory: Path) -> None:
    embedded = Embedded(directory, durable=False)
    with embedded.running() as services:
        remember(services.admin_url, "gone")
    embedded.remove()
    assert not embedded.home.exists()
    with (
        Embedded(directory, durable=False).running() as services,
        pytest.raises(psycopg.errors.UndefinedTable),
    ):
        remembered(services.admin_url)


def test_remove_ends_a_server_that_outlived_its_parent(directory: Path) -> None:
    embedded = Embedded(directory, durable=False)
    embedded.start()
    orphans, embedded.processes = embedded.processes, []
    embedded.stop()
    assert [process.running for process in orphans] == [True, True]
    embedded.remove()
    assert [process.running for process in orphans] == [False, False]


def test_data_of_another_version_are_not_touched(directory: Path) -> None:
    embedded = Embedded(directory, durable=False)
    with embedded.running():
        pass
    version = embedded.home / "postgres" / "PG_VERSION"
    version.write_text("17\n")
    with pytest.raises(
        EmbeddedError, match=r"has data of PostgreSQL 17, but the embedded server is version 18"
    ):
        embedded.start()
    version.write_text("18\n")
    with embedded.running():
        pass
