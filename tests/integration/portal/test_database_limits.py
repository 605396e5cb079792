"""What the web asks of the database ends in time, and its sessions are its own."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import psycopg
import pytest
from django.db import OperationalError
from django.db.backends.postgresql.base import DatabaseWrapper
from django.db.utils import DatabaseErrorWrapper
from django.test import Client, RequestFactory

from auditportal import pooling
from auditportal.databases import database
from auditportal.embedded import Services
from auditportal.embedded.process import Process
from auditportal.embedded.redis import free_port
from auditportal.errors import database_error
from recordings import concurrency
from recordings.catalog import queries
from tests.factories import person
from tests.waiting import PATIENCE_SECONDS, wait_for


def wrapper(url: str, pool_size: int) -> DatabaseWrapper:
    settings = database(url, pool_size=pool_size)
    return DatabaseWrapper(
        {**settings, "TIME_ZONE": None, "ATOMIC_REQUESTS": False, "AUTOCOMMIT": True}, "tried"
    )


def shown(url: str, pool_size: int) -> list[str]:
    options = database(url, pool_size=pool_size)["OPTIONS"].get("options", "")
    with psycopg.connect(url, options=options) as session:
        names = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
        return [session.execute(f"SHOW {name}").fetchone()[0] for name in names]


def test_a_web_process_has_timeouts_and_a_worker_has_none(db: None, services: Services) -> None:
    """A report of a million events takes its time; a page does not."""
    assert shown(services.database_url, 2) == ["5s", "2s", "10s"]
    assert shown(services.database_url, 0) == ["0", "0", "0"]


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (psycopg.errors.QueryCanceled, "longer than five seconds"),
        (psycopg.errors.LockNotAvailable, "Someone else is changing the same data"),
        (psycopg.OperationalError, "cannot be reached"),
    ],
)
def test_too_slow_locked_and_away_are_three_sentences(error: type[Exception], said: str) -> None:
    with pytest.raises(OperationalError) as raised, DatabaseErrorWrapper(_Psycopg()):
        raise error
    answer = database_error(RequestFactory().get("/"), raised.value)
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert said in answer.content.decode()


class _Psycopg:
    Database = psycopg


# --- two searches a person


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Searches stand still until `held.go` is set; `held.begun` counts them."""

    class Held:
        go = threading.Event()
        begun = 0

    def stand(*args: Any, **kwargs: Any) -> Any:
        Held.begun += 1
        Held.go.wait(PATIENCE_SECONDS)
        raise concurrency.TooManySearches("held")

    monkeypatch.setattr(queries, "objects_page", stand)
    yield Held
    Held.go.set()


def test_a_person_has_two_searches_at_once_and_others_have_theirs(
    committed_db: None, held: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from recordings.catalog import views

    monkeypatch.setattr(concurrency, "WAIT_SECONDS", 0.5)
    search = concurrency.two_at_once(lambda request: queries.objects_page())
    first, second = (type("Asking", (), {"user": person("qa_manager")}) for _ in range(2))
    assert views.object_list.__wrapped__.__wrapped__.__name__  # the real views are wrapped in the same way

    def ask(who: Any) -> str:
        try:
            search(who)
        except concurrency.TooManySearches as refused:
            return refused.sentence
        return ""

    with ThreadPoolExecutor(8) as people:
        running = [people.submit(ask, first) for _ in range(2)]
        wait_for(lambda: held.begun == 2)
        assert ask(first) == concurrency.TooManySearches.sentence
        others = [people.submit(ask, second) for _ in range(2)]
        wait_for(lambda: held.begun == 4)
        held.go.set()
        assert {answer.result() for answer in running + others} == {"held"}
        assert ask(first) == "held"


def test_a_third_search_waits_for_its_turn_and_a_fourth_does_not(
    committed_db: None, held: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(concurrency, "WAIT_SECONDS", PATIENCE_SECONDS)
    search = concurrency.two_at_once(lambda request: queries.objects_page())
    asking = type("Asking", (), {"user": person("qa_manager")})
    from django.core.cache import cache

    with ThreadPoolExecutor(8) as people:
        three = [people.submit(search, asking) for _ in range(3)]
        wait_for(lambda: held.begun == 2 and cache.get(f"searching:{asking.user.pk}:waiting"))
        with pytest.raises(concurrency.TooManySearches, match="Two of your searches"):
            search(asking)
        held.go.set()
        assert [str(answer.exception()) for answer in three] == ["held"] * 3
    assert held.begun == 3


@pytest.mark.parametrize("path", ["/objects/", "/recordings/", "/audit/"])
def test_every_search_is_limited_and_says_so(db: None, client: Client, path: str) -> None:
    from django.core.cache import cache

    user = person("compliance_officer")
    client.force_login(user)
    assert client.get(path).status_code == 200
    for place in ("0", "1", "waiting"):
        cache.set(f"searching:{user.pk}:{place}", 1, 60)
    answer = client.get(path, {"q": "anna"})
    assert (answer.status_code, answer["Retry-After"]) == (429, "5")
    assert "Two of your searches are still running" in answer.content.decode()


@pytest.mark.usefixtures("redis_down")
def test_without_redis_searches_are_answered(db: None, client: Client) -> None:
    client.force_login(person("compliance_officer"))
    assert client.get("/objects/").status_code == 200


# --- sessions of our own


@pytest.fixture
def pgbouncer(services: Services, tmp_path: Path) -> Iterator[Any]:
    """Start PgBouncer in a mode; returns the address through it."""
    processes = []

    def start(mode: str) -> str:
        login, port = urlsplit(services.database_url), free_port()
        host = dict(parse_qsl(login.query)).get("host", login.hostname)
        (tmp_path / "users.txt").write_text(f'"{login.username}" "{unquote(login.password or "")}"\n')
        (tmp_path / "pgbouncer.ini").write_text(
            f"[databases]\n* = host={host} port={login.port or 5432}\n[pgbouncer]\n"
            f"listen_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\nauth_type = plain\n"
            f"auth_file = {tmp_path / 'users.txt'}\npool_mode = {mode}\ndefault_pool_size = 5\n"
        )
        # It refuses to run as root, and must reach the server's socket: as the server's own account.
        command = ["pgbouncer", "-u", Path(host).owner(), str(tmp_path / "pgbouncer.ini")]
        process = Process("pgbouncer", command, tmp_path / "lock", tmp_path / "pgbouncer.log")
        process.start()
        processes.append(process)
        address = login._replace(
            netloc=f"{login.username}:{login.password}@127.0.0.1:{port}", query=""
        ).geturl()

        def answers() -> bool:
            assert process.running, (tmp_path / "pgbouncer.log").read_text()
            try:
                with closing(psycopg.connect(address)):
                    return True
            except psycopg.OperationalError:
                return False

        wait_for(answers)
        return address

    yield start
    for process in processes:
        process.stop()


@pytest.mark.parametrize(("mode", "shared"), [("transaction", True), ("statement", True), ("session", False)])
def test_a_pooler_that_shares_sessions_is_found(
    committed_db: None, pgbouncer: Any, monkeypatch: pytest.MonkeyPatch, mode: str, shared: bool
) -> None:
    through = wrapper(pgbouncer(mode), pool_size=4)
    monkeypatch.setattr(pooling, "connection", through)
    if shared:
        with pytest.raises(pooling.SharedSessions, match="pooler in transaction"):
            pooling.check_sessions()
    else:
        pooling.check_sessions()


def test_postgresql_itself_is_no_pooler(db: None) -> None:
    pooling.check_sessions()


def test_a_part_does_not_start_behind_such_a_pooler(monkeypatch: pytest.MonkeyPatch) -> None:
    from auditportal import lifecycle

    def shared() -> None:
        raise pooling.SharedSessions

    monkeypatch.setattr(lifecycle, "check_sessions", shared)
    with pytest.raises(SystemExit, match="DATABASE_URL leads to a connection pooler"):
        lifecycle.note_start("web")
