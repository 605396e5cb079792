"""manage.py seal_trail: the process that turns committed events into leaves of the log and has them signed."""

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
from recordings.proof.sealing.start import Latest
from recordings.tlog.client import Client, Refused, Unreachable
from recordings.tlog.notes import NoteError, VerifierKey
from recordings.tlog.policy import Policy, PolicyError

logger = structlog.get_logger("portal.sealer")
BUCKET = "bucket"


class Command(BaseCommand):
    help = "Seal committed events into the log and have its checkpoints signed, until told to stop."
    requires_system_checks = []  # the sealer's role sees none of the tables that checks look at

    def add_arguments(self, parser: ArgumentParser) -> None:
        what = parser.add_mutually_exclusive_group()
        what.add_argument("--once", action="store_true", help="seal what is committed now, then end")
        what.add_argument("--settle", metavar="REASON", help="close the incidents that are open, then end")
        what.add_argument(
            "--restore-from",
            metavar="DIR",
            help="bring back lost leaves from a copy of /log/, or from the anchors' bucket (the word bucket)",
        )
        what.add_argument("--new-epoch", metavar="REASON", help="go on under the next name after a loss")

    def handle(
        self, *, once: bool, settle: str | None, restore_from: str | None, new_epoch: str | None, **_: Any
    ) -> None:
        self.policy = _policy()
        self.keys = [party.key for party in self.policy.logs]
        self.stop = threading.Event()
        sealer = self._sealer()
        try:
            if settle:
                self._settle(sealer, settle)
            elif restore_from:
                self._restore(sealer, restore_from)
            elif new_epoch:
                self._new_epoch(sealer, new_epoch)
            elif once:
                self.stdout.write(f"The log has {sealer.once():,} leaves, all of them signed.")
            else:
                self._run(sealer)
        except (SealingError, NoteError, DestinationError) as trouble:
            raise CommandError(str(trouble)) from None
        except (Unreachable, Refused) as trouble:
            raise CommandError(f"Nobody to sign or to ask: {trouble}") from None

    def _sealer(self) -> Sealer:
        for name in ("AUDIT_ORIGIN", "AUDIT_SIGNER_SOCKET", "DATABASE_SEALER_URL"):
            if not getattr(settings, name):
                raise CommandError(
                    f"Set {name}: nothing can be sealed without it (docs/operating.md, The sealed log)."
                )
        self.outsiders = _outsiders(self.policy, self.keys)
        return Sealer(
            settings.DATABASE_SEALER_URL,
            settings.AUDIT_ORIGIN,
            Client(Path(settings.AUDIT_SIGNER_SOCKET or "")),
            keys=self.keys,
            outsiders=self.outsiders,
            stop=self.stop,
        )

    def _run(self, sealer: Sealer) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._end)
        publishing = threading.Thread(target=publisher.run, args=[self.stop], name="publisher")
        publishing.start()
        logger.info("the sealer runs", origin=settings.AUDIT_ORIGIN)
        gc.freeze()  # what is loaded stays; collecting it again and again would delay the events that wait
        try:
            sealer.run()
        finally:
            self.stop.set()
            publishing.join()
        logger.info("the sealer ends")

    def _end(self, *_: Any) -> None:
        # Not here: the signal may have come while the main thread holds the event's own lock.
        threading.Thread(target=self.stop.set).start()

    def _settle(self, sealer: Sealer, reason: str) -> None:
        number = sealer.settle(reason)
        self.stdout.write(f"{number} incident{'' if number == 1 else 's'} settled.")

    def _restore(self, sealer: Sealer, source: str) -> None:
        if source == BUCKET:
            note = _newest_in_bucket(settings.AUDIT_ORIGIN, self.keys)
            if note is None:
                raise CommandError("The bucket holds no checkpoint of this log.")
            entries = bucket.entries(note)
        else:
            note, entries = read_folder(Path(source))
        number, size = sealer.restore(note, entries)
        self.stdout.write(f"{number:,} leaves are back. The log has {size:,} leaves.")

    def _new_epoch(self, sealer: Sealer, reason: str) -> None:
        origin, size = sealer.new_epoch(reason)
        self.stdout.write(f"The log goes on as {origin}, {size:,} leaves.")
        for key in self.keys:
            self.stdout.write(
                f"Tell witnesses and auditors, and put it into the policy: {key.named(origin).vkey}"
            )


def _policy() -> Policy:
    path = settings.AUDIT_POLICY_FILE
    try:
        return Policy.parse(path.read_bytes()) if path else Policy()
    except (OSError, PolicyError) as trouble:
        raise CommandError(f"AUDIT_POLICY_FILE cannot be used: {trouble}") from None


def _outsiders(policy: Policy, keys: list[VerifierKey]) -> Mapping[str, Latest]:
    """List who may have seen more of the log than the database holds: witnesses with an address, and the bucket."""
    outsiders: dict[str, Latest] = {
        f"witness {name}": Client(party.url, timeout_seconds=5).latest
        for name, party in policy.witnesses.items()
        if party.url
    }
    if settings.AUDIT_ANCHOR_BUCKET:
        outsiders[BUCKET] = lambda origin: _newest_in_bucket(origin, keys)
    return outsiders


def _newest_in_bucket(origin: str, keys: list[VerifierKey]) -> str | None:
    try:
        return bucket.newest(origin, keys)
    except ValueError as trouble:
        raise Unreachable(str(trouble)) from None
