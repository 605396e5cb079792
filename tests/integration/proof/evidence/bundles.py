"""Bundles for tests: asked for, sealed, built and opened again, as the portal does it."""

import csv
import io
import json
import tempfile
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg

from auditportal.embedded import Services
from recordings.audit import Actor, Kind, Outcome, Purpose, Target, record
from recordings.models import AuditEvent
from recordings.models.fields import uuid7
from recordings.proof.evidence.bundle.build import Built, build_bundle
from recordings.proof.evidence.bundle.claims import Order
from recordings.proof.evidence.bundle.scope import Scope
from recordings.proof.evidence.bundle.zip_writer import SUMS, BundleZip
from recordings.proof.evidence.check.verify_audit import verify
from tests.sealing import Signer, seal_all, settings_for, signer_of

NOA = Actor("user:7", "person", "Noa Levi", "compliance_officer", address="192.0.2.7", user_agent="Browser 1")
TOM = Actor("user:8", "person", "Tom Brandt", "agent", address="192.0.2.8")


@dataclass
class Log:
    """A trail with its sealed log, and a portal that knows its policy."""

    services: Services
    signer: Signer
    scratch: Path

    def seal(self, *, manifest: bool = False) -> int:
        return seal_all(self.services, manifest=manifest, signer=self.signer)

    def order(self, scope: Scope, by: Actor = NOA, report: UUID | None = None) -> Order:
        """Ask for a bundle, as a page does."""
        report = report or uuid7()
        event = record(
            Kind.REPORT_REQUESTED,
            by=by,
            target=Target("report", f"report:{report}"),
            outcome=Outcome.GRANTED,
            detail={"format": "bundle", "scope": scope.as_claim()},
        )
        return Order(report, event, scope)

    def bundle(self, scope: Scope) -> "Bundle":
        """Ask, seal, build."""
        order = self.order(scope)
        self.seal()
        return self.build(order)

    def build(self, order: Order) -> "Bundle":
        out = io.BytesIO()
        built = build_bundle(order, out, "audit-trail.zip", lambda done, expected: None, self.scratch)
        return Bundle(out, built)


@dataclass
class Bundle:
    """A finished bundle: the file, and what the builder says of it."""

    file: io.BytesIO
    built: Built

    @property
    def names(self) -> list[str]:
        return self._zip().namelist()

    @property
    def claims(self) -> dict[str, Any]:
        return json.loads(self.read("bundle.json"))

    def read(self, name: str) -> bytes:
        return self._zip().read(name)

    @cached_property
    def lines(self) -> dict[int, dict[str, Any]]:
        """events.jsonl by leaf."""
        said = [json.loads(line) for line in self.read("events.jsonl").splitlines()]
        return {line["entry"]["n"]: line for line in said}

    @property
    def leaves(self) -> list[int]:
        return list(self.lines)

    @property
    def rows(self) -> list[int]:
        return [int(row["leaf"]) for row in table(self)]

    @property
    def said(self) -> dict[str, str]:
        """The builder's statement."""
        return dict(self.built.statement)

    def changed(self, changes: dict[str, bytes]) -> io.BytesIO:
        """The same bundle with other contents, its hashes and its layout made to fit."""
        out, names = io.BytesIO(), [name for name in self.names if name != SUMS]
        with tempfile.TemporaryDirectory() as folder, BundleZip(Path(folder)) as packed:
            for name in names:
                packed.add(name, changes.get(name, self.read(name)))
            packed.write_to(out, names)
        return out

    def _zip(self) -> zipfile.ZipFile:
        return zipfile.ZipFile(self.file)


def make_log(services: Services, settings: Any, folder: Path, witnesses: Sequence[str] = ()) -> Log:
    """An empty trail whose log is not opened yet."""
    signer = signer_of(services, witnesses)
    for name, value in settings_for(services, signer, folder).items():
        setattr(settings, name, value)
    scratch = folder / "scratch"
    scratch.mkdir()
    return Log(services, signer, scratch)


def ref_of(recording: str) -> str:
    """The reference of a recording that tests name by a number, or by its own UUID."""
    return f"recording:{UUID(int=int(recording)) if recording.isdigit() else UUID(recording)}"


def on_recording(recording: str, **period: Any) -> Scope:
    return Scope("target", ref_of(recording), **period)


def opened(recording: str, by: Actor = NOA, label: str = "Dana Marlowe", note: str = "") -> None:
    """An event on a recording."""
    happened(Kind.RECORDING_OPENED, recording, by, label, note)


def discovered(recording: str, by: Actor = NOA) -> None:
    """The portal learns of a recording."""
    happened(Kind.RECORDING_DISCOVERED, recording, by)


def played(recording: str, by: Actor = NOA) -> None:
    """Somebody is given the address of its video."""
    happened(Kind.URL_ISSUED, recording, by)


def happened(
    kind: Kind, recording: str, by: Actor = NOA, label: str = "Dana Marlowe", note: str = ""
) -> None:
    target = Target("recording", ref_of(recording), label, "object:14", f"customer:{label}")
    record(
        kind,
        by=by,
        target=target,
        outcome=Outcome.GRANTED,
        purpose=Purpose.QUALITY,
        note=note,
        detail={"where": "page"},
    )


def at_times(admin: psycopg.Connection[Any], moments: dict[int, str]) -> None:
    """Say of unsealed events, by number, that the database recorded them at another time."""
    with admin.transaction():
        admin.execute("ALTER TABLE audit.event DISABLE TRIGGER event_is_kept")
        for number, moment in moments.items():
            admin.execute("UPDATE audit.event SET recorded_at = %s WHERE id = %s", [moment, number])
        admin.execute("ALTER TABLE audit.event ENABLE ALWAYS TRIGGER event_is_kept")


def checked(bundle: Bundle, log: Log) -> str:
    """The verdict under the auditor's own policy; no check may fail."""
    result = verify(bundle.file, policy=log.signer.policy_text)
    assert [check for check in result.checks if check.state == "fail"] == []
    return result.verdict


def made_unreadable(
    admin: psycopg.Connection[Any], number: int, data: bytes = b'{"not": "an event"}'
) -> None:
    """Put other bytes, with their own hash, in the place of an unsealed event, as a hostile login would store them."""
    with admin.transaction():
        admin.execute("ALTER TABLE audit.event DISABLE TRIGGER event_is_kept")
        admin.execute(
            "UPDATE audit.event SET body = %s, body_hash = sha256(%s) WHERE id = %s", [data, data, number]
        )
        admin.execute("ALTER TABLE audit.event ENABLE ALWAYS TRIGGER event_is_kept")


def newest_number() -> int:
    """The number of the newest event."""
    newest = AuditEvent.objects.order_by("-id").values_list("id", flat=True).first()
    assert newest is not None
    return newest


def table(bundle: Bundle) -> list[dict[str, str]]:
    lines = bundle.read("report.csv").decode("utf-8-sig").splitlines(keepends=True)
    return list(csv.DictReader(lines))
