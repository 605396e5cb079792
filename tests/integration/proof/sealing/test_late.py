"""Event numbers are drawn before the commit: late commits, gaps and racing sealers must not lose or repeat an event."""

import random
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auditportal.embedded import Services
from recordings.proof.sealing.seal import SealResult
from recordings.proof.sealing.stable_prefix import StablePrefixTracker
from tests.integration.proof.sealing.test_seal import check_log, rows
from tests.sealing import event_body, load_log, seal_all, seal_unsigned, write_events
from tests.thorough import examples

pytestmark = pytest.mark.django_db(transaction=True)

ANTI_JOIN = "SELECT id FROM audit.event e WHERE NOT EXISTS (SELECT FROM audit.leaf WHERE event_no = e.id)"


def write(connection: psycopg.Connection[Any], **body: Any) -> int:
    row = connection.execute(
        "SELECT audit.record_event(%s, '{}', '{}', '{}')", [event_body(**body)[1]]
    ).fetchone()
    assert row
    return int(row[0])


class Sealing:
    """A sealer's connection, its log and its stable prefix."""

    def __init__(self, services: Services) -> None:
        self.connection = psycopg.connect(services.sealer_url, autocommit=True)
        self.log, self.tracker = load_log(self.connection), StablePrefixTracker()

    def look(self) -> None:
        self.tracker.update(self.connection)

    def seal(self, limit: int = 1000, *, look: bool = True) -> SealResult:
        """Seal a batch; without `look`, with an older stable prefix."""
        if look:
            self.look()
        # There is no signer here, so a manifest would block everything after it.
        return seal_unsigned(self.connection, self.log, stable=self.tracker.current, limit=limit)


@pytest.fixture
def sealer(services: Services) -> Iterator[Sealing]:
    sealing = Sealing(services)
    with sealing.connection:
        yield sealing


@pytest.fixture
def late(services: Services) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(services.database_url) as connection:
        yield connection


def test_an_event_that_commits_late_is_sealed(
    services: Services, sealer: Sealing, late: psycopg.Connection[Any]
) -> None:
    """With a plain `id > last` cursor this event would be lost."""
    number = write(late)
    write_events(services, 3)
    for _ in range(3):
        sealer.seal()
    assert sealer.log.complete_to < number
    assert rows(services, ANTI_JOIN) == []  # it is not visible yet
    late.commit()
    assert rows(services, ANTI_JOIN) == [(number,)]
    assert sealer.seal().count == 1
    assert rows(services, ANTI_JOIN) == []
    check_log(services)
    sealer.seal()
    assert sealer.log.complete_to >= number


def test_a_number_that_was_rolled_back_is_skipped(
    services: Services, sealer: Sealing, late: psycopg.Connection[Any]
) -> None:
    number = write(late)
    late.rollback()
    write_events(services, 1)
    sealer.seal()
    assert sealer.log.complete_to == number + 1
    check_log(services)


def test_a_number_drawn_without_a_transaction_id_is_waited_for(
    services: Services, sealer: Sealing, admin_connection: psycopg.Connection[Any]
) -> None:
    """Between drawing its number and writing its row, a transaction has no id that a snapshot's xmin could show."""
    admin_connection.execute("BEGIN")
    admin_connection.execute("SELECT count(*) FROM audit.event")
    admin_connection.execute("LOCK TABLE audit.event IN ROW EXCLUSIVE MODE")
    assert admin_connection.execute("SELECT pg_current_xact_id_if_assigned()").fetchone() == (None,)
    before = sealer.log.complete_to
    write_events(services, 5)
    for _ in range(3):
        sealer.seal()
    assert sealer.log.complete_to == before
    admin_connection.execute("COMMIT")
    sealer.look()
    sealer.seal()
    assert sealer.log.complete_to > before


def test_a_full_batch_completes_numbers_up_to_its_end_only(services: Services, sealer: Sealing) -> None:
    write_events(services, 10)
    assert sealer.seal(4).full
    ((number,),) = rows(services, "SELECT max(event_no) FROM audit.leaf WHERE n > 0")
    assert sealer.log.complete_to == number < sealer.tracker.current.number


STEPS = st.lists(st.tuples(st.integers(0, 3), st.sampled_from("wwwcrssS")), min_size=30, max_size=60)


@settings(max_examples=examples(12), deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=STEPS, limit=st.sampled_from([1, 3, 1000]))
def test_no_interleaving_loses_or_repeats_an_event(
    services: Services, steps: list[tuple[int, str]], limit: int
) -> None:
    """Four writers have open transactions; two sealers each have their own stable prefix."""
    with ExitStack() as stack:
        writers = [stack.enter_context(psycopg.connect(services.database_url)) for _ in range(4)]
        sealers = [Sealing(services) for _ in range(2)]
        for sealer in sealers:
            stack.enter_context(sealer.connection)
        for who, what in steps:
            sealer = sealers[who % 2]
            if what == "w":
                write(writers[who], actor=f"user:{who}", target=f"recording:{len(steps) % 3}")
            elif what in "cr":
                (writers[who].commit if what == "c" else writers[who].rollback)()
            else:  # "S" seals with an older stable prefix
                sealer.seal(limit, look=what == "s")
        for writer in writers:
            writer.commit()
        while sealers[0].seal(limit).count:
            pass
    assert rows(services, ANTI_JOIN) == []
    check_log(services)


def test_racing_sealers_and_writers_make_one_log(services: Services) -> None:
    seal_all(services)
    stop = threading.Event()
    failures: list[BaseException] = []

    def writing(who: int) -> None:
        with psycopg.connect(services.database_url) as connection:
            for turn in range(40):
                for _ in range(turn % 4):
                    write(connection, actor=f"user:{who}", target=f"recording:{turn % 5}")
                    time.sleep(random.random() * 0.02)
                (connection.rollback if turn % 7 == 3 else connection.commit)()

    def work(limit: int) -> None:
        try:
            sealing = Sealing(services)
            with sealing.connection:
                while not stop.is_set():
                    sealing.seal(limit)
                    time.sleep(random.random() * 0.02)
        except BaseException as failure:
            failures.append(failure)

    writers = [threading.Thread(target=writing, args=[who]) for who in range(4)]
    sealers = [threading.Thread(target=work, args=[limit]) for limit in (3, 7, 1000)]
    for thread in (*sealers, *writers):
        thread.start()
    for thread in writers:
        thread.join()
    stop.set()
    for thread in sealers:
        thread.join()
    assert failures == []
    seal_all(services)
    assert rows(services, ANTI_JOIN) == []
    ((events,),) = rows(services, "SELECT count(*) FROM audit.event")
    assert check_log(services) == events
