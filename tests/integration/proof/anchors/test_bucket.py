"""Against Ceph's real Object Lock: files stay, are found again, and are read in their first version."""

import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from recordings.proof.anchors import bucket, ledger
from recordings.proof.anchors.bucket import BucketDestination
from recordings.proof.anchors.copy import checkpoint_key, entries, newest
from recordings.proof.anchors.destination import DestinationError
from recordings.proof.anchors.ledger import Connection
from recordings.proof.anchors.locked_bucket import LockedBucket
from recordings.proof.sealing.tree import Tree
from recordings.tlog import merkle
from recordings.tlog.client import Unreachable
from recordings.tlog.notes import SigningKey
from tests.ceph import REGION, Ceph
from tests.integration.proof.anchors.conftest import Log
from tests.sealing import ORIGIN

pytestmark = pytest.mark.ceph
_names = iter(f"anchor-{number}" for number in range(100))


@pytest.fixture
def url(ceph: Ceph) -> str:
    return ceph.create_bucket(next(_names), object_lock=True)


@pytest.fixture
def locked_bucket(ceph: Ceph, url: str) -> LockedBucket:
    return LockedBucket(url, ceph.access_key, ceph.secret_key, REGION)


@pytest.fixture
def destination(locked_bucket: LockedBucket, url: str) -> BucketDestination:
    return BucketDestination(locked_bucket, url, days=30)


def _keys(ceph: Ceph, url: str) -> dict[str, int]:
    """Count the versions of each name in the bucket."""
    found: dict[str, int] = {}
    pages = ceph.client.get_paginator("list_object_versions").paginate(Bucket=url.rpartition("/")[2])
    for version in (version for page in pages for version in page.get("Versions", ())):
        found[version["Key"]] = found.get(version["Key"], 0) + 1
    return found


def _note(log: Log) -> str:
    return str(log.rows("SELECT note FROM audit.checkpoint ORDER BY size DESC LIMIT 1")[0][0])


def _entries(log: Log) -> list[bytes]:
    return [bytes(entry) for (entry,) in log.rows("SELECT entry FROM audit.leaf ORDER BY n")]


def test_everything_that_a_verifier_needs_is_in_the_bucket(
    log: Log, sealer: Connection, destination: BucketDestination, ceph: Ceph, url: str
) -> None:
    size = log.grow(700)
    assert destination.publish(sealer).size == size
    width = size - 512
    tiles = [
        "entries/000",
        "entries/001",
        f"entries/002.p/{width}",
        "0/000",
        "0/001",
        f"0/002.p/{width}",
        "1/000.p/2",
    ]
    expected = [f"{ORIGIN}/tile/{tile}" for tile in tiles] + [checkpoint_key(ORIGIN, size)]
    assert _keys(ceph, url) == dict.fromkeys(sorted(expected), 1)
    name = url.rpartition("/")[2]
    tile = ceph.client.get_object(Bucket=name, Key=f"{ORIGIN}/tile/1/000.p/2")["Body"].read()
    assert tile == Tree(sealer.cursor()).tile(1, 0, 2)
    ((kind, kept, place, evidence),) = log.rows("SELECT kind, size, place, evidence FROM audit.anchor")
    assert (kind, kept, place) == ("bucket", size, f"{url}/{ORIGIN}")
    assert b"COMPLIANCE until" in evidence


def test_nobody_can_delete_a_locked_version(
    log: Log, sealer: Connection, destination: BucketDestination, ceph: Ceph, url: str
) -> None:
    """The account's owner, with every right, can neither delete a version nor shorten its lock."""
    log.grow(3)
    destination.publish(sealer)
    name, tomorrow = url.rpartition("/")[2], datetime.now(UTC) + timedelta(days=1)
    for found in ceph.client.list_object_versions(Bucket=name)["Versions"]:
        where = {"Bucket": name, "Key": found["Key"], "VersionId": found["VersionId"]}
        lock = ceph.client.get_object_retention(**where)["Retention"]
        assert lock["Mode"] == "COMPLIANCE"
        assert lock["RetainUntilDate"] > datetime.now(UTC) + timedelta(days=29)
        for change in (
            lambda where=where: ceph.client.delete_object(**where),
            lambda where=where: ceph.client.delete_object(**where, BypassGovernanceRetention=True),
            lambda where=where: ceph.client.put_object_retention(
                **where, Retention={"Mode": "COMPLIANCE", "RetainUntilDate": tomorrow}
            ),
            lambda where=where: ceph.client.put_object_retention(
                **where,
                Retention={"Mode": "GOVERNANCE", "RetainUntilDate": tomorrow},
                BypassGovernanceRetention=True,
            ),
        ):
            with pytest.raises(ClientError, match="AccessDenied"):
                change()


def test_only_what_is_new_is_put(
    log: Log, sealer: Connection, destination: BucketDestination, ceph: Ceph, url: str
) -> None:
    first = log.grow(300)
    destination.publish(sealer)
    before = _keys(ceph, url)
    second = log.grow(300)
    destination.publish(sealer)
    added = _keys(ceph, url).keys() - before.keys()
    assert {key.removeprefix(f"{ORIGIN}/") for key in added} == {
        "tile/entries/001",
        f"tile/entries/002.p/{second - 512}",
        "tile/0/001",
        f"tile/0/002.p/{second - 512}",
        "tile/1/000.p/2",
        checkpoint_key(ORIGIN, second).removeprefix(f"{ORIGIN}/"),
    }
    assert set(_keys(ceph, url).values()) == {1}
    assert first == 301


def test_an_interrupted_copy_is_resumed(
    log: Log,
    sealer: Connection,
    destination: BucketDestination,
    ceph: Ceph,
    url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nothing is put twice, and no checkpoint is put before all of its tiles."""
    log.grow(700)
    put, calls = LockedBucket.put, iter(range(100))

    def breaking(self: LockedBucket, key: str, body: bytes, until: datetime) -> str:
        if next(calls) == 4:
            raise DestinationError("The connection is cut.")
        return put(self, key, body, until)

    monkeypatch.setattr(LockedBucket, "put", breaking)
    with pytest.raises(DestinationError, match="cut"):
        destination.publish(sealer)
    assert len(_keys(ceph, url)) == 4
    assert not any("/checkpoint/" in key for key in _keys(ceph, url))
    destination.publish(sealer)
    assert len(_keys(ceph, url)) == 8
    assert set(_keys(ceph, url).values()) == {1}


def test_the_log_can_be_restored_from_the_bucket(
    log: Log,
    sealer: Connection,
    destination: BucketDestination,
    locked_bucket: LockedBucket,
    ceph: Ceph,
    url: str,
    settings: Any,
) -> None:
    for count in (3, 600, 1):
        log.grow(count)
        destination.publish(sealer)
    keys = [log.signer.key.verifier]
    note = newest(locked_bucket, ORIGIN, keys)
    assert note == _note(log)
    back = list(entries(locked_bucket, note))
    assert back == _entries(log)
    assert merkle.root([merkle.leaf_hash(entry) for entry in back]) == ledger.newest(sealer).root
    settings.AUDIT_ANCHOR_BUCKET, settings.S3_REGION = url, REGION
    settings.AUDIT_ANCHOR_ACCESS_KEY_ID, settings.AUDIT_ANCHOR_SECRET_ACCESS_KEY = (
        ceph.access_key,
        ceph.secret_key,
    )
    assert bucket.newest(ORIGIN, keys) == note
    assert list(bucket.entries(note)) == back


def test_deleting_and_overwriting_hide_nothing(
    log: Log,
    sealer: Connection,
    destination: BucketDestination,
    locked_bucket: LockedBucket,
    ceph: Ceph,
    url: str,
) -> None:
    """The credentials allow newer versions and delete markers on top, but the first version counts."""
    log.grow(300)
    destination.publish(sealer)
    name = url.rpartition("/")[2]
    for number, key in enumerate(_keys(ceph, url)):
        ceph.client.put_object(Bucket=name, Key=key, Body=io.BytesIO(b"rewritten"))
        if number % 2:
            ceph.client.delete_object(Bucket=name, Key=key)
    note = newest(locked_bucket, ORIGIN, [log.signer.key.verifier])
    assert note == _note(log)
    assert list(entries(locked_bucket, note)) == _entries(log)


def test_a_forged_newer_checkpoint_is_skipped(
    log: Log,
    sealer: Connection,
    destination: BucketDestination,
    locked_bucket: LockedBucket,
    ceph: Ceph,
    url: str,
) -> None:
    log.grow(3)
    destination.publish(sealer)
    name = url.rpartition("/")[2]
    forged = SigningKey.generate(ORIGIN).sign(f"{ORIGIN}\n999\n{'A' * 43}=\n")
    for size, note in (
        (999, f"{ORIGIN}\n999\n{'A' * 43}=\n\n{forged}\n"),
        (10**17, "rubbish"),
        (10**16, "\xff"),
    ):
        ceph.client.put_object(
            Bucket=name, Key=checkpoint_key(ORIGIN, size), Body=note.encode("latin-1", "ignore")
        )
    assert newest(locked_bucket, ORIGIN, [log.signer.key.verifier]) == _note(log)
    with pytest.raises(DestinationError, match="signed by a log key"):
        newest(locked_bucket, ORIGIN, [SigningKey.generate("other.example").verifier])


def test_an_empty_bucket_has_no_checkpoint(locked_bucket: LockedBucket) -> None:
    assert newest(locked_bucket, ORIGIN) is None


def test_two_epochs_do_not_mix(
    log: Log, sealer: Connection, destination: BucketDestination, locked_bucket: LockedBucket
) -> None:
    log.grow(2)
    destination.publish(sealer)
    assert newest(locked_bucket, f"{ORIGIN}/2") is None


def test_another_history_under_the_same_name_is_an_incident(
    log: Log, sealer: Connection, destination: BucketDestination, locked_bucket: LockedBucket
) -> None:
    """The log is rewritten with its real key, but the bucket still holds what was first put there."""
    log.grow(300)
    destination.publish(sealer)
    old = _entries(log)
    note = _note(log)
    log.rewrite()
    log.grow(300)
    with pytest.raises(DestinationError, match="different content"):
        destination.publish(sealer)
    ((code, _),) = log.incidents
    assert code == "bucket_differs"
    assert list(entries(locked_bucket, note)) == old


def test_a_bucket_without_object_lock_fails(log: Log, sealer: Connection, ceph: Ceph) -> None:
    log.grow()
    for versions in (False, True):
        url = ceph.create_bucket(next(_names), versions=versions)
        plain = BucketDestination(LockedBucket(url, ceph.access_key, ceph.secret_key, REGION), url, days=30)
        with pytest.raises(DestinationError):
            plain.publish(sealer)
    assert log.rows("SELECT FROM audit.anchor") == []


def test_a_lock_that_is_too_short_is_extended(locked_bucket: LockedBucket, ceph: Ceph, url: str) -> None:
    """An older file of ours is found again. Compliance mode allows a lock to be extended."""
    now = datetime.now(UTC)
    version = locked_bucket.put("x", b"same", now + timedelta(days=1))
    assert locked_bucket.put("x", b"same", now + timedelta(days=9)) == version
    where = {"Bucket": url.rpartition("/")[2], "Key": "x", "VersionId": version}
    until = ceph.client.get_object_retention(**where)["Retention"]["RetainUntilDate"]
    assert abs(until - (now + timedelta(days=9))) < timedelta(minutes=1)


def test_governance_mode_is_not_enough(locked_bucket: LockedBucket, ceph: Ceph, url: str) -> None:
    """A file of the same name and content was put there first, under a lock that a privileged user can lift."""
    until = datetime.now(UTC) + timedelta(days=1)
    ceph.client.put_object(
        Bucket=url.rpartition("/")[2],
        Key="x",
        Body=b"same",
        ObjectLockMode="GOVERNANCE",
        ObjectLockRetainUntilDate=until,
    )
    with pytest.raises(DestinationError, match="GOVERNANCE"):
        locked_bucket.put("x", b"same", until)


def test_errors_contain_no_credential(ceph: Ceph, url: str, settings: Any) -> None:
    settings.AUDIT_ANCHOR_BUCKET, settings.S3_REGION = url, REGION
    settings.AUDIT_ANCHOR_ACCESS_KEY_ID, settings.AUDIT_ANCHOR_SECRET_ACCESS_KEY = "AKIDNOBODY", "geheim" * 5
    with pytest.raises(Unreachable) as caught:
        bucket.newest(ORIGIN)
    assert "InvalidAccessKeyId" in str(caught.value)
    assert "AKIDNOBODY" not in str(caught.value)
    assert "geheim" not in str(caught.value)


def test_a_store_that_does_not_answer(ceph: Ceph) -> None:
    gone = LockedBucket("http://127.0.0.1:9/bucket", "a", "b", REGION)
    with pytest.raises(DestinationError, match="could not be reached"):
        gone.first("x")


@pytest.mark.parametrize(
    "url",
    ["http://elsewhere.example/bucket", "https://bucket.host.example", "ftp://h/b", "https://h/a/b", ""],
)
def test_invalid_bucket_urls_are_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"https://|bucket"):
        LockedBucket(url, "a", "b", REGION)
