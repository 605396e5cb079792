"""A new key of the log is an event of the log, once, however often it signs (C2SP signed-note: several lines)."""

import psycopg
import pytest

from auditportal.embedded import Services
from recordings.sealing.rotation import Rotation
from recordings.tlog.notes import LOG, SigningKey, format_note
from tests.integration.sealing.test_seal import kinds, rows
from tests.sealing import seal_all, signer_of, write_events

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_key_that_signs_for_the_first_time_is_told_once(services: Services) -> None:
    write_events(services, 3)
    seal_all(services)
    signer = signer_of(services)
    ((size, note),) = rows(services, "SELECT size, note FROM audit.checkpoint ORDER BY size DESC LIMIT 1")
    text = note.partition("\n\n")[0] + "\n"
    other = SigningKey.generate(signer.origin, LOG)
    both = format_note(text, [signer.key.sign(text), other.sign(text)])
    rotation = Rotation()
    with psycopg.connect(services.sealer_url, autocommit=True) as connection:
        assert rotation.notice(connection, signer.origin, size + 1, note) == []
        assert rotation.notice(connection, signer.origin, size + 2, both) == [other.key_id.hex()]
        assert rotation.notice(connection, signer.origin, size + 3, both) == []
        alone = format_note(text, [other.sign(text)])
        assert rotation.notice(connection, signer.origin, size + 4, alone) == []
        assert Rotation().notice(connection, signer.origin, size + 1, both) == [other.key_id.hex()]
    seal_all(services)
    assert kinds(services).count("key.rotated") == 2
