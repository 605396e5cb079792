"""A database that lost leaves or holds a different history is not sealed until it is restored or an epoch begins."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from auditportal.embedded import Services
from recordings.proof.sealing.batch import Batch
from recordings.proof.sealing.errors import SealingError, Stopped
from recordings.proof.sealing.incidents import close_open_incidents
from recordings.proof.sealing.locking import catch_up, lock
from recordings.proof.sealing.opening import next_origin
from recordings.proof.sealing.restore import read_folder
from recordings.proof.sealing.service import Sealer
from recordings.proof.sealing.start import SIGNER, Observers, load, load_uncompared
from recordings.proof.sealing.tree import Tree
from recordings.tlog.client import Unreachable
from recordings.tlog.tiles import ENTRIES, tile_path, tile_width
from tests.integration.proof.sealing.test_seal import check_log, kinds, rows
from tests.sealing import ORIGIN, Signer, load_log, seal_all, seal_unsigned, signer_of, write_events
from tests.services import Databases, current_database

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def signer(services: Services) -> Signer:
    return signer_of(services, witnesses=["Auditor"])


@pytest.fixture
def other_signer() -> Iterator[Signer]:
    """Another signer of the same log, with its own key and nothing signed yet."""
    other = Signer()
    yield other
    other.remove()


class Backup:
    """A copy of the database at one moment, which can be restored."""

    def __init__(self, databases: Databases) -> None:
        self._databases, self._name = databases, current_database()

    def take(self) -> None:
        self._disconnect()
        self._databases.clone(f"{self._name}_backup", template=self._name)

    def restore_copy(self) -> None:
        self._disconnect()
        self._databases.drop(self._name)
        self._databases.clone(self._name, template=f"{self._name}_backup")

    def drop(self) -> None:
        self._databases.drop(f"{self._name}_backup")

    def _disconnect(self) -> None:
        from django.db import connections

        connections.close_all()


@pytest.fixture
def backup(databases: Databases, services: Services) -> Iterator[Backup]:
    backup = Backup(databases)
    yield backup
    backup.drop()


def sealer(services: Services, signer: Signer, **observers: Any) -> Sealer:
    return Sealer(services.sealer_url, signer.origin, signer, keys=[signer.key.verifier], observers=observers)


def incidents(services: Services) -> list[str]:
    query = (
        "SELECT code FROM audit.incident i WHERE settles IS NULL AND NOT EXISTS (SELECT FROM audit.incident s"
    )
    return [code for (code,) in rows(services, f"{query} WHERE s.settles = i.id) ORDER BY id")]


def publish(services: Services, folder: Path) -> int:
    """Write a copy of the log in the layout in which /log/ serves it."""
    with psycopg.connect(services.sealer_url) as connection:
        tree = Tree(connection.cursor())
        found = connection.execute("SELECT size, note FROM audit.checkpoint ORDER BY size DESC LIMIT 1")
        ((size, note),) = found.fetchall()
        for position in range(-(-size // 256)):
            width = tile_width(ENTRIES, position, size)
            place = folder / "tile" / tile_path(ENTRIES, position, width)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(tree.tile(ENTRIES, position, width))
    (folder / "checkpoint").write_text(note)
    return int(size)


# --- noticing a loss


@pytest.mark.parametrize("who", ["signer", "witness", "bucket"])
def test_a_restored_backup_is_noticed_and_not_sealed(
    services: Services, signer: Signer, other_signer: Signer, backup: Backup, who: str
) -> None:
    write_events(services, 3)
    seal_all(services, signer=signer)
    backup.take()
    write_events(services, 4)
    assert seal_all(services, signer=signer) == 8
    ((note,),) = rows(services, "SELECT note FROM audit.checkpoint WHERE size = 8")
    backup.restore_copy()
    write_events(services, 1)

    others = {"witness": signer.witnesses["Auditor"].latest, "bucket": lambda origin: note}
    seen = {} if who == "signer" else {who: others[who]}
    other_signer.key = signer.key  # an older state of the signer was restored as well
    asked = signer if who == "signer" else other_signer
    for _ in range(2):  # the second start finds the incident open and adds no other
        with pytest.raises(Stopped, match=rf"{who} has seen 8 leaves of {ORIGIN}; this database has 4"):
            sealer(services, asked, **seen).once()
    with pytest.raises(Stopped), psycopg.connect(services.sealer_url, autocommit=True) as connection:
        load_log(connection)
    assert incidents(services) == ["database_behind"]
    assert rows(services, "SELECT size FROM audit.log_head") == [(4,)]


def test_another_history_of_the_same_length_is_noticed(
    services: Services, signer: Signer, backup: Backup
) -> None:
    seal_all(services, signer=signer)
    backup.take()
    write_events(services, 3)
    assert seal_all(services, signer=signer) == 4
    backup.restore_copy()
    write_events(services, 5)
    with psycopg.connect(services.sealer_url, autocommit=True) as connection:
        assert seal_unsigned(connection, load_log(connection)).size == 6
    with pytest.raises(Stopped, match="signer has seen a different history"):
        sealer(services, signer).once()
    assert incidents(services) == ["database_differs"]


def test_an_empty_database_is_not_opened_when_the_signer_knows_the_log(
    services: Services, signer: Signer, backup: Backup
) -> None:
    backup.take()
    seal_all(services, signer=signer)
    backup.restore_copy()
    with pytest.raises(Stopped, match="signer has seen 1 leaves"):
        sealer(services, signer).once()
    assert rows(services, "SELECT count(*) FROM audit.log_head") == [(0,)]


def test_only_the_logs_own_signature_may_stop_the_sealer(
    services: Services, signer: Signer, other_signer: Signer
) -> None:
    """A witness or a bucket that invents a checkpoint must not stop the sealer."""
    seal_all(services, signer=signer)
    other_signer.add_checkpoint(0, [], f"{ORIGIN}\n900\n{'A' * 43}=\n")
    write_events(services, 1)
    assert sealer(services, signer, stranger=other_signer.latest).once() == 2


def test_only_the_signer_must_answer_at_the_start(services: Services, signer: Signer) -> None:
    def away(origin: str) -> str | None:
        raise Unreachable("Connection refused.")

    write_events(services, 1)
    assert sealer(services, signer, witness=away).once() == 2
    with psycopg.connect(services.sealer_url) as connection, pytest.raises(Unreachable):
        load(connection, ORIGIN, Observers(ORIGIN, {SIGNER: away}, [signer.key.verifier]))


# --- restoring


@pytest.fixture
def lost(services: Services, signer: Signer, backup: Backup, tmp_path: Path) -> Path:
    """A database that was restored to 300 of 700 leaves, and a published copy of all of them."""
    write_events(services, 150)
    write_events(services, 149, actor="user:2", target="recording:2")
    assert seal_all(services, signer=signer) == 300
    backup.take()
    write_events(services, 399, target="recording:3")
    assert seal_all(services, signer=signer, manifest=True) == 700
    assert publish(services, tmp_path) == 700
    backup.restore_copy()
    with pytest.raises(Stopped):
        sealer(services, signer).once()
    return tmp_path


def restore(services: Services, signer: Signer, folder: Path) -> tuple[int, int]:
    return sealer(services, signer).restore(*read_folder(folder))


def test_published_entries_restore_the_leaves(services: Services, signer: Signer, lost: Path) -> None:
    before = json.dumps(rows(services, "SELECT entry FROM audit.leaf ORDER BY n"), default=bytes.hex)
    assert restore(services, signer, lost) == (400, 702)  # the incident and what brought it back
    assert incidents(services) == []
    assert json.dumps(
        rows(services, "SELECT entry FROM audit.leaf WHERE n < 300 ORDER BY n"), default=bytes.hex
    ) == before  # fmt: skip
    assert rows(services, "SELECT count(*) FROM audit.leaf WHERE event_no IS NULL") == [(400,)]
    assert kinds(services)[-2:] == ["sealer.incident", "backup.restored"]
    write_events(services, 2, target="recording:3")
    assert sealer(services, signer).once() == 704
    check_log(services)
    ((body,),) = rows(services, "SELECT body FROM audit.event WHERE kind = 'backup.restored'")
    assert json.loads(body)["action_detail"] == {"leaves": 400, "events_lost": 400, "size": 700}


def test_events_that_still_exist_get_their_leaves_back(
    services: Services, signer: Signer, backup: Backup, tmp_path: Path
) -> None:
    """The backup was taken between the commit of events and their sealing."""
    seal_all(services, signer=signer)
    write_events(services, 5)
    backup.take()
    assert seal_all(services, signer=signer) == 6
    publish(services, tmp_path)
    backup.restore_copy()
    assert restore(services, signer, tmp_path) == (5, 7)
    assert rows(services, "SELECT count(*) FROM audit.leaf WHERE event_no IS NULL") == [(0,)]
    check_log(services)


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (lambda folder: (folder / "checkpoint").unlink(), "There is no checkpoint in"),
        (lambda folder: (folder / "tile/entries/001").unlink(), "The published entries are incomplete"),
        (lambda folder: edit(folder / "tile/entries/001", 40), "cannot be read|do not hash to"),
        (lambda folder: swap(folder), "do not hash to"),
        (lambda folder: edit(folder / "checkpoint", 60), "is not valid|no checkpoint"),
        (lambda folder: another_log(folder), "is of other.example/log, not of"),
    ],
)
def test_a_copy_that_is_not_the_log_changes_nothing(
    services: Services, signer: Signer, lost: Path, damage: Any, sentence: str
) -> None:
    damage(lost)
    with pytest.raises(SealingError, match=sentence):
        restore(services, signer, lost)
    assert rows(services, "SELECT count(*) FROM audit.leaf") == [(300,)]
    assert incidents(services) == ["database_behind"]


def edit(path: Path, at: int) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)


def swap(folder: Path) -> None:
    first, second = folder / "tile/entries/000", folder / "tile/entries/001"
    one, two = first.read_bytes(), second.read_bytes()
    first.write_bytes(two)
    second.write_bytes(one)


def another_log(folder: Path) -> None:
    note = (folder / "checkpoint").read_text()
    (folder / "checkpoint").write_text(note.replace(ORIGIN, "other.example/log"))


def test_a_copy_of_a_different_history_is_refused(services: Services, signer: Signer, lost: Path) -> None:
    """The copy is signed and complete, but this database holds other leaves."""
    write_events(services, 1)
    with psycopg.connect(services.sealer_url, autocommit=True) as connection:
        log = load_uncompared(connection, ORIGIN, Observers(ORIGIN, {}, []))
        assert log
        batch = Batch(log, connection)
        with connection.transaction():
            lock(connection, log)
            catch_up(connection, log)
            close_open_incidents(connection, batch, "for the test")
            batch.save(batch.grow_tree())
    with pytest.raises(SealingError, match="does not begin with the leaves that this database has"):
        restore(services, signer, lost)


# --- continuing under the next name


@pytest.mark.parametrize(
    ("origin", "following"),
    [("", "/2"), ("/2", "/3"), ("/9", "/10")],
)
@pytest.mark.parametrize("first", ["a.example/log", "a.example/7", "a.example/log/2"])
def test_the_name_of_the_next_epoch(first: str, origin: str, following: str) -> None:
    assert next_origin(first, first + origin) == first + following


def begin(services: Services, signer: Signer) -> tuple[str, int]:
    return sealer(services, signer, witness=signer.witnesses["Auditor"].latest).new_epoch("the disk was lost")


def test_a_new_epoch_continues_from_the_remaining_leaves_and_records_why(
    services: Services, signer: Signer, lost: Path
) -> None:
    note = signer.latest(ORIGIN)
    assert note
    assert begin(services, signer) == (f"{ORIGIN}/2", 302)
    assert incidents(services) == []
    write_events(services, 2)
    assert sealer(services, signer).once() == 300 + 1 + 1 + 2
    ((body, n),) = rows(
        services,
        "SELECT body, n FROM audit.event e JOIN audit.leaf ON event_no = e.id WHERE kind = 'log.opened' AND n > 0",
    )
    detail = json.loads(body)["action_detail"]
    assert n == 300
    assert detail.pop("tag_key_sha256")
    assert detail == {
        "origin": f"{ORIGIN}/2",
        "previous_origin": ORIGIN,
        "previous_size": 700,
        "previous_root": merkle_root_of(note),
        "reason": "the disk was lost",
    }
    assert kinds(services)[301] == "sealer.incident"
    check_log(services)
    assert rows(services, "SELECT origin FROM audit.checkpoint ORDER BY size DESC LIMIT 1") == [
        (f"{ORIGIN}/2",)
    ]
    assert sealer(services, signer).once() == 304  # and it starts again without a word


def merkle_root_of(note: str) -> str:
    from recordings.tlog.texts import decode_hash

    return decode_hash(note.split("\n")[2]).hex()


def test_a_second_epoch_after_a_second_loss(
    services: Services, signer: Signer, lost: Path, backup: Backup
) -> None:
    begin(services, signer)
    backup.drop()
    backup.take()
    write_events(services, 3)
    sealer(services, signer).once()
    backup.restore_copy()
    with pytest.raises(Stopped, match=f"leaves of {ORIGIN}/2"):
        sealer(services, signer).once()
    assert begin(services, signer)[0] == f"{ORIGIN}/3"
    check_log(services)


def test_an_epoch_for_a_database_that_lost_everything(
    services: Services, signer: Signer, backup: Backup
) -> None:
    backup.take()
    write_events(services, 2)
    assert seal_all(services, signer=signer) == 3
    backup.restore_copy()
    assert begin(services, signer) == (f"{ORIGIN}/2", 2)  # and why
    check_log(services)


def test_without_a_loss_the_log_keeps_its_name(services: Services, signer: Signer) -> None:
    write_events(services, 2)
    seal_all(services, signer=signer)
    with pytest.raises(SealingError, match="no new epoch is needed"):
        begin(services, signer)
    assert rows(services, "SELECT origin FROM audit.log_head") == [(ORIGIN,)]
