"""Rows for tests, made from as little as a test wants to say. Everything else is plausible and different each time."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from auditportal.accounts.models import Grant, User
from recordings.catalog.search_documents import rebuild_docs
from recordings.models import Agent, CommBoxObject, ObjectClass, Recording, RecordingState, Stream, Viewing

PASSWORD = "correct horse battery staple"
MORNING = datetime(2026, 11, 20, 9, 14, 22, tzinfo=UTC)
# Of every kind of row; the ids made of it lie where no test has one of its own.
_numbers = count(1)

# Argon2 takes its time by design: hashed once, given to everybody.
_hashed: list[str] = []


def person(role: str = "", username: str = "", **fields: Any) -> User:
    """Somebody who can sign in with PASSWORD; with a role unless it is left out."""
    number = next(_numbers)
    username = username or f"person.{number}"
    fields.setdefault("full_name", username.replace(".", " ").title())
    if not _hashed:
        shaped = User(username="shaped")
        shaped.set_password(PASSWORD)
        _hashed.append(shaped.password)
    user = User.objects.create(username=username, **{"password": _hashed[0], **fields})
    if role:
        Grant.objects.create(user=user, role=role)
    return user


def forget_confirmation(client: Any) -> None:
    """As five minutes later: a sensitive act asks for a confirmation again."""
    session = client.session
    session.pop("confirmed_at", None)
    session.save()


def stream(name: str = "Premium video", **fields: Any) -> Stream:
    fields.setdefault("id", 9_310_000 + next(_numbers))
    return Stream.objects.create(name=name, **{"module_id": 26, **fields})


def agent(name: str = "Avery Cole", **fields: Any) -> Agent:
    fields.setdefault("id", 9_050_000 + next(_numbers))
    return Agent.objects.create(name=name, **fields)


def conversation(*, recordings: int = 0, **fields: Any) -> CommBoxObject:
    """An object with so many recordings, found by search as it stands."""
    number = next(_numbers)
    created_at = fields.pop("created_at", MORNING + timedelta(minutes=number))
    given: dict[str, Any] = {
        "id": 1_407_374_991_000_000 + number,
        "status_id": 2,
        "object_type": 4,
        "customer_name": "Dana Marlowe",
        "customer_phone": f"1555{number:07}",
        "created_at": created_at,
        "refreshed_at": created_at,
        **fields,
    }
    if "stream" not in given and "stream_id" not in given:
        given["stream"] = Stream.objects.first() or stream()
    thing = CommBoxObject.objects.create(**given)
    keep_class([thing] if "sensitivity" in given else [])
    for place in range(recordings):
        recording(thing, rebuild=False, recorded_at=created_at + timedelta(minutes=place))
    rebuild_docs([thing.pk])
    return thing


def keep_class(things: Iterable[CommBoxObject]) -> None:
    """Set the class that objects have by hand, so that it stays when it is computed."""
    rows = [
        ObjectClass(object_id=thing.pk, sensitivity=thing.sensitivity, reason="known") for thing in things
    ]
    if rows:
        somebody = person()
        for row in rows:
            row.set_by = somebody
        ObjectClass.objects.bulk_create(rows)


def recording(of: CommBoxObject | None = None, *, rebuild: bool = True, **fields: Any) -> Recording:
    """A recording of an object (of a new one when none is given)."""
    number = next(_numbers)
    of = of or conversation()
    recorded_at = fields.pop("recorded_at", of.created_at or MORNING)
    given: dict[str, Any] = {
        "fingerprint": f"{number:064x}",
        "recording_type": "video",
        "url": f"https://s3.eu-west-1.amazonaws.com/eu-recordings/{of.pk}/{number}.mp4",
        "url_kind": "direct",
        "duration_seconds": 542,
        "file_size_bytes": 104_857_600,
        "recorded_at": recorded_at,
        "shown_at": recorded_at or MORNING,
        "confirmed_at": recorded_at or MORNING,
        "state": RecordingState.PLAYABLE,
        **fields,
    }
    made = Recording.objects.create(object=of, **given)
    if rebuild:
        rebuild_docs([of.pk])
    return made


def viewing(of: Recording | None = None, viewer: User | None = None, **fields: Any) -> Viewing:
    given: dict[str, Any] = {"purpose": "quality", "session_ref": "0" * 32, **fields}
    return Viewing.objects.create(recording=of or recording(), viewer=viewer or person("qa_manager"), **given)
