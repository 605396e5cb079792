"""manage.py seal_trail: the process that seals committed events into the log and has the log signed."""

import gc
import signal
import threading
from argparse import ArgumentParser
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import structlog
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from recordings.proof.anchors import bucket, publisher
from recordings.proof.anchors.destination import DestinationError
from recordings.proof.sealing.errors import SealingError
from recordings.proof.sealing.restore import read_folder
from recordings.proof.sealing.service import Sealer
from recordings.proof.sealing.start import LatestNote
from recordings.tlog.client import Client, Refused, Unreachable
from recordings.tlog.notes import NoteError, VerifierKey
from recordings.tlog.policy import Policy, PolicyError

logger = structlog.get_logger("portal.sealer")
BUCKET = "bucket"


class Command(BaseCommand):
    help = "Seal committed events into the log and have its checkpoints signed, until SIGTERM."
    requires_system_checks = []  # the sealer's database role cannot read the tables that checks need

    def add_arguments(self, parser: ArgumentParser) -> None:
        action = parser.add_mutually_exclusive_group()
        action.add_argument("--once", action="store_true", help="seal the events committed so far, then exit")
        action.add_argument(
            "--close-incidents",
            "--settle",  # the earlier name; incidents recorded before still cite it
            metavar="REASON",
            help="close every open incident, then exit",
        )
        action.add_argument(
            "--restore-from",
            metavar="DIR",
            help='restore lost leaves from a copy of /log/ (or from the anchor bucket: "bucket"), then exit',
        )
        action.add_argument(
            "--new-epoch",
            metavar="REASON",
            help="continue the log under its next name after a loss, then exit",
        )

    def handle(
        self,
        *,
        once: bool,
        close_incidents: str | None,
        restore_from: str | None,
        new_epoch: str | None,
        **_: Any,
    ) -> None:
        self.policy = _policy()
        self.keys = [party.key for party in self.policy.logs]
        self.stop = threading.Event()
        sealer = self._sealer()
        try:
            if close_incidents:
                number = sealer.close_incidents(close_incidents)
                self.stdout.write(f"{number} incident{'' if number == 1 else 's'} closed.")
            elif restore_from:
                self._restore(sealer, restore_from)
            elif new_epoch:
                self._new_epoch(sealer, new_epoch)
            elif once:
                self.stdout.write(f"The log has {sealer.once():,} leaves, all signed.")
            else:
                self._run(sealer)
        except (SealingError, NoteError, DestinationError) as error:
            raise CommandError(str(error)) from None
        except (Unreachable, Refused) as error:
            raise CommandError(f"The signer or a witness could not be reached: {error}") from None

    def _sealer(self) -> Sealer:
        for name in ("AUDIT_ORIGIN", "AUDIT_SIGNER_SOCKET", "DATABASE_SEALER_URL"):
            if not getattr(settings, name):
                raise CommandError(f"Set {name}: the sealer needs it (docs/operating.md, The sealed log).")
        return Sealer(
            settings.DATABASE_SEALER_URL,
            settings.AUDIT_ORIGIN,
            Client(Path(settings.AUDIT_SIGNER_SOCKET or "")),
            keys=self.keys,
            observers=_observers(self.policy, self.keys),
            stop=self.stop,
        )

    def _run(self, sealer: Sealer) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        publishing = threading.Thread(target=publisher.run, args=[self.stop], name="publisher")
        publishing.start()
        logger.info("sealer started", origin=settings.AUDIT_ORIGIN)
        gc.freeze()  # garbage collection would scan all loaded modules again and again, while events wait
        try:
            sealer.run()
        finally:
            self.stop.set()
            publishing.join()
        logger.info("sealer stopped")

    def _stop(self, *_: Any) -> None:
        # In a thread, because the signal may interrupt the main thread while it holds the Event's lock.
        threading.Thread(target=self.stop.set).start()

    def _restore(self, sealer: Sealer, source: str) -> None:
        if source == BUCKET:
            note = _newest_in_bucket(settings.AUDIT_ORIGIN, self.keys)
            if note is None:
                raise CommandError("The bucket holds no checkpoint of this log.")
            entries = bucket.entries(note)
        else:
            note, entries = read_folder(Path(source))
        number, size = sealer.restore(note, entries)
        self.stdout.write(f"{number:,} leaves restored. The log has {size:,} leaves.")

    def _new_epoch(self, sealer: Sealer, reason: str) -> None:
        origin, size = sealer.new_epoch(reason)
        self.stdout.write(f"The log continues as {origin} with {size:,} leaves.")
        for key in self.keys:
            self.stdout.write(
                f"Add this key to the trust policy, and send it to witnesses and auditors: {key.named(origin).vkey}"
            )


def _policy() -> Policy:
    path = settings.AUDIT_POLICY_FILE
    try:
        return Policy.parse(path.read_bytes()) if path else Policy()
    except (OSError, PolicyError) as error:
        raise CommandError(f"AUDIT_POLICY_FILE cannot be used: {error}") from None


def _observers(policy: Policy, keys: list[VerifierKey]) -> Mapping[str, LatestNote]:
    """List those who may have seen more of the log than the database holds: witnesses with a URL, and the bucket."""
    observers: dict[str, LatestNote] = {
        f"witness {name}": Client(party.url, timeout_seconds=5).latest
        for name, party in policy.witnesses.items()
        if party.url
    }
    if settings.AUDIT_ANCHOR_BUCKET:
        observers[BUCKET] = lambda origin: _newest_in_bucket(origin, keys)
    return observers


def _newest_in_bucket(origin: str, keys: list[VerifierKey]) -> str | None:
    try:
        return bucket.newest(origin, keys)
    except ValueError as error:
        raise Unreachable(str(error)) from None
