"""Bundles for tests: asked for, sealed, built and opened again, as the portal does it."""

import csv
import io
import json
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from auditportal.embedded import Services
from recordings.audit import Actor, Kind, Outcome, Purpose, Target, record
from recordings.evidence.bundle import Built, build_bundle
from recordings.evidence.claims import Order
from recordings.evidence.scope import Scope
from recordings.evidence.verify_audit import verify
from recordings.models.fields import uuid7
from recordings.tlog.proof import parse_proof
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

    def order(self, scope: Scope, by: Actor = NOA) -> Order:
        """Ask for a bundle, as a page does."""
        report = uuid7()
        event = record(
            Kind.REPORT_REQUESTED,
            by=by,
            target=Target("report", f"report:{report}"),
            outcome=Outcome.GRANTED,
            detail={"format": "bundle"},
        )
        return Order(report, event, scope, by.name, by.ref)

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

    def extra(self, n: int) -> dict[str, Any]:
        proof = parse_proof(self.read(f"events/{n:012}.tlog-proof").decode())
        return json.loads(proof.extra)

    def without(self, *names: str) -> io.BytesIO:
        """The same zip, some of its files left out."""
        return self.changed(dict.fromkeys(names))

    def changed(self, changes: dict[str, bytes | None]) -> io.BytesIO:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as copy:
            for name in self.names:
                content = changes.get(name, self.read(name))
                if content is not None:
                    copy.writestr(name, content)
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


def opened(recording: str, by: Actor = NOA, label: str = "Dana Marlowe", note: str = "") -> None:
    """An event on a recording."""
    target = Target("recording", f"recording:{recording}", label, "object:14", f"customer:{label}")
    record(
        Kind.RECORDING_OPENED,
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
    """The verdict under the auditor's own policy; every check must hold."""
    result = verify(bundle.file, policy_text=log.signer.policy_text)
    assert [check for check in result.checks if not check.ok] == []
    return result.verdict


def table(bundle: Bundle) -> list[dict[str, str]]:
    lines = bundle.read("report.csv").decode("utf-8-sig").splitlines(keepends=True)
    return list(csv.DictReader(lines))
