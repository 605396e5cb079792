"""One PostgreSQL for the run, a copied database and a Redis per process, a browser where there is one.

Tests use `db` for rolled-back work and `committed_db` (or `transactional_db`, `live_server`) when commits
must be real: those get a database of their own, because the application's role may not empty the trail's tables.
"""

import gc
import os
import subprocess
import sys
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from httpx import create_ssl_context
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from auditportal.embedded import Services
from auditportal.embedded.process import Process
from auditportal.sandbox import Sandbox
from recordings.timed import forget_all
from tests import equipment
from tests.ceph import Ceph
from tests.ceph import running as running_ceph
from tests.services import Databases, Ground, OwnServers, current_database
from tests.thorough import examples
from tests.tsa import Authority

# This run starts some hundred processes that import the same files: they are compiled once, wherever Python may write.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# Playwright's synchronous interface keeps an event loop in its thread; Django would refuse the database there.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")

# No bound on time: a busy machine finds no mistake.
hypothesis_settings.register_profile(
    "portal", max_examples=examples(40), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.load_profile("portal")

_GROUND = pytest.StashKey[Ground]()
_SERVERS = pytest.StashKey[OwnServers]()


def pytest_configure(config: pytest.Config) -> None:
    worker = getattr(config, "workerinput", {}).get("workerid")
    if worker is None:
        config.stash[_GROUND] = ground = Ground()
        ground.start()
    if worker or not config.getoption("numprocesses", None):
        config.stash[_SERVERS] = servers = OwnServers(worker or "main")
        servers.start()
        os.environ |= servers.environment()
        os.environ["DJANGO_SETTINGS_MODULE"] = "auditportal.settings"
        from django.conf import settings

        # Read now: pytest-django sets Django up from configured settings.
        settings.PASSWORD_HASHERS = ["tests.cheap_argon2.CheapArgon2"]
        # Most tests are about what comes after sign-in: their people need a password only, as in the demo.
        settings.EASY_SIGN_IN = True


def pytest_unconfigure(config: pytest.Config) -> None:
    if servers := config.stash.get(_SERVERS, None):
        servers.stop()
    if ground := config.stash.get(_GROUND, None):
        ground.stop()


@pytest.hookimpl(wrapper=True)
def pytest_xdist_auto_num_workers() -> Generator[None, int, int]:
    """One process more than there are processors: half of a test's time is waiting for somebody else."""
    return (yield) + 1


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Generator[None, None, None]:
    """Begin with what takes longest, so that short tests fill the end of the run.

    Each process is given an equal share, in this order, and takes from the others' ends when it is done: the first has
    all tests that need a portal, which is then started once, and the second has the other slow ones.
    """
    equipment.mark(items)
    yield
    with_portal, slow, quick = [], [], []
    for item in items:
        if "tests/e2e/" in item.nodeid and "portal" in getattr(item, "fixturenames", ()):
            with_portal.append(item)
        elif item.get_closest_marker("slow") or item.get_closest_marker("e2e"):
            slow.append(item)
        else:
            quick.append(item)
    share = len(items) // int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    first = max(0, share - len(with_portal))
    items[:] = [*with_portal, *quick[:first], *slow, *quick[first:]]


def pytest_collection_finish() -> None:
    """What five thousand tests are made of stays to the end: no use looking through it for garbage each time."""
    gc.collect()
    gc.freeze()


def pytest_terminal_summary(terminalreporter: Any) -> None:
    for reason, count in equipment.missing(terminalreporter.stats.get("skipped", [])).items():
        failing = equipment.everything_is_required() and reason not in equipment.FORBIDDEN
        terminalreporter.section("NOT TESTED" + (": the run fails (CI=true)" if failing else ""), red=True)
        terminalreporter.line(f"{count} tests were left out: {reason}.", red=True)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    skipped = reporter.stats.get("skipped", []) if reporter else []
    if session.exitstatus == pytest.ExitCode.OK and equipment.everything_is_required():
        session.exitstatus = (
            pytest.ExitCode.TESTS_FAILED
            if equipment.missing(skipped).keys() - equipment.FORBIDDEN
            else session.exitstatus
        )


# --- databases


@pytest.fixture(scope="session")
def databases() -> Iterator[Databases]:
    with closing(Databases()) as made:
        yield made


@pytest.fixture(scope="session")
def django_db_setup(databases: Databases, worker_id: str, django_db_blocker: Any) -> Iterator[None]:
    """A copy of the migrated template for this process, in place of Django's own test database."""
    with django_db_blocker.unblock():
        databases.ensure_template()
        with databases.own(f"portal_{worker_id}"):
            yield


@pytest.fixture
def _own_database(
    request: pytest.FixtureRequest, django_db_setup: None, worker_id: str, django_db_blocker: Any
) -> Iterator[None]:
    """For tests that commit: a database of their own, dropped afterwards instead of emptied."""
    if not _commits(request):
        yield
        return
    from django.test import TransactionTestCase

    databases: Databases = request.getfixturevalue("databases")
    with (
        pytest.MonkeyPatch.context() as patch,
        django_db_blocker.unblock(),
        databases.own(f"portal_{worker_id}_committed"),
    ):
        patch.setattr(TransactionTestCase, "_fixture_teardown", lambda self: None)
        yield


def _commits(request: pytest.FixtureRequest) -> bool:
    mark = request.node.get_closest_marker("django_db")
    return bool(mark and mark.kwargs.get("transaction")) or not {
        "transactional_db",
        "live_server",
    }.isdisjoint(request.fixturenames)


@pytest.fixture
def _django_db_helper(_own_database: None, _django_db_helper: None) -> None:
    """pytest-django's own, on the right database."""


@pytest.fixture
def committed_db(transactional_db: None) -> None:
    """Commits are real: the test has a database of its own."""


@pytest.fixture
def services(databases: Databases) -> Services:
    """The addresses of the servers, with the database this test works on."""
    return databases.addresses(current_database())


@pytest.fixture
def admin_connection(services: Services, django_db_blocker: Any) -> Iterator[psycopg.Connection]:
    """The superuser, on the database this test works on; every statement commits by itself."""
    with psycopg.connect(services.admin_url, autocommit=True) as connection:
        yield connection


class DatabaseClock:
    """The database's clock, by which sessions end; `shift` moves it for them."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self._patch, self._seconds = patch, 0.0

    def shift(self, seconds: float) -> None:
        from auditportal.accounts import sessions

        self._seconds += seconds
        self._patch.setattr(sessions, "CLOCK", f"(clock_timestamp() + interval '{self._seconds} seconds')")


@pytest.fixture
def database_clock(monkeypatch: pytest.MonkeyPatch) -> DatabaseClock:
    return DatabaseClock(monkeypatch)


# --- Redis


@pytest.fixture(autouse=True)
def _empty_redis(pytestconfig: pytest.Config) -> Iterator[None]:
    """Counters and caches of one test are nothing to the next."""
    yield
    pytestconfig.stash[_SERVERS].flush()


@pytest.fixture(autouse=True)
def _fresh_values() -> None:
    """What one test has looked up, such as how far the log of its database was behind, is nothing to the next."""
    forget_all()


@pytest.fixture
def redis_down(pytestconfig: pytest.Config) -> Iterator[Process]:
    """Redis does not answer; `.start()` brings it back. It is back for the next test in any case."""
    process = pytestconfig.stash[_SERVERS].process
    process.stop()
    yield process
    if not process.running:
        process.start()
    process.wait_ready(60)


# --- CommBox and its storage


@pytest.fixture(scope="session", autouse=True)
def _certificates_read_once() -> Iterator[None]:
    """Hundreds of tests start a client of their own; to read the authorities' certificates takes 20 ms each time."""
    made = cache(lambda file: create_ssl_context())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(httpx, "create_ssl_context", lambda: made(os.environ.get("SSL_CERT_FILE")))
        yield


@pytest.fixture
def sandbox(pytestconfig: pytest.Config) -> Iterator[Sandbox]:
    """The stand-in that the settings name, as after its start: seeded, no switch turned, no fault scripted."""
    sandbox = pytestconfig.stash[_SERVERS].sandbox
    yield sandbox
    sandbox.control.reset()


@pytest.fixture(scope="session")
def ceph(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ceph]:
    """A real S3 server; see tests/ceph.py."""
    with running_ceph(tmp_path_factory.mktemp("ceph") / "server") as server:
        yield server


@pytest.fixture(scope="session")
def tsa(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """A real time-stamping authority; see tests/tsa.py."""
    return Authority(tmp_path_factory.mktemp("tsa") / "authority")


# --- the browser


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """Debian's Chromium rather than a download; as root it runs only without its sandbox."""
    args = ["--no-sandbox"] if os.geteuid() == 0 else []
    return {**browser_type_launch_args, "executable_path": equipment.chromium(), "args": args}


@pytest.fixture
def first_page(tmp_path: Path) -> Callable[[bytes], str]:
    """The text of a PDF's first page, without blanks."""

    def read(pdf: bytes) -> str:
        (tmp_path / "report.pdf").write_bytes(pdf)
        command = ["pdftotext", "-l", "1", "-raw", str(tmp_path / "report.pdf"), "-"]
        return "".join(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split())

    return read
