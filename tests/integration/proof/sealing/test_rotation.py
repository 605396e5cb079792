"""A new key of the log is recorded as an event once, however often it signs (C2SP signed-note: several lines)."""

import json
from collections.abc import Sequence

import psycopg
import pytest

from auditportal.embedded import Services
from recordings.proof.sealing.signing import Signing
from recordings.tlog.notes import LOG, SigningKey
from tests.integration.proof.sealing.test_seal import check_log, kinds, rows
from tests.sealing import Signer, load_log, seal_all, seal_unsigned, signer_of, write_events

pytestmark = pytest.mark.django_db(transaction=True)


class TwoKeys:
    """The log's signer after it received a second key: both keys sign."""

    def __init__(self, signer: Signer, other: SigningKey) -> None:
        self._signer, self._other = signer, other

    def add_checkpoint(self, old: int, path: Sequence[bytes], note: str) -> list[str]:
        return [*self._signer.add_checkpoint(old, path, note), self._other.sign(note)]

    def latest(self, origin: str) -> str | None:
        return self._signer.latest(origin)


def test_the_first_signature_of_a_new_key_is_recorded_once(services: Services) -> None:
    write_events(services, 3)
    size = seal_all(services)
    signer = signer_of(services)
    other = SigningKey.generate(signer.origin, LOG)
    signing = Signing(TwoKeys(signer, other), [signer.key.verifier, other.verifier])
    write_events(services, 1)
    with psycopg.connect(services.sealer_url, autocommit=True) as connection:
        log = load_log(connection, signer)
        seal_unsigned(connection, log)
        assert signing.sign_and_publish(connection, log) == size + 1
        assert (log.size, log.signed) == (size + 2, size + 1)
        assert kinds(services)[-1] == "key.rotated"
        assert signing.sign_and_publish(connection, log) == size + 2
        assert signing.sign_and_publish(connection, log) is None
        write_events(services, 1)
        seal_unsigned(connection, log)
        Signing(TwoKeys(signer, other), [signer.key.verifier, other.verifier]).sign(connection, log)
    assert kinds(services).count("key.rotated") == 1
    ((body,),) = rows(services, "SELECT body FROM audit.event WHERE kind = 'key.rotated'")
    assert json.loads(body)["action_detail"] == {
        "key": other.key_id.hex(),
        "beside": signer.key.key_id.hex(),
        "size": size + 1,
    }
    check_log(services)
