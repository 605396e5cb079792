"""TLS is verified everywhere: CommBox and storage with certificates that are expired, foreign, misnamed."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from recordings.commbox import CommBox, Unreachable
from recordings.storage import StorageOutcome, probe
from recordings.storage.probe import _tls
from tests.integration.commbox.conftest import KEY
from tests.integration.commbox.stub import Stub, reply, serving

LOCAL = x509.IPAddress(IPv4Address("127.0.0.1"))
BAD = {
    "self-signed": {"signed_by_ca": False},
    "expired": {"days": -1},
    "another name": {"name": x509.DNSName("store.example")},
}


class Authority:
    """A certificate authority of this test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test authority")])
        self.file = folder / "ca.pem"
        certificate = self._certificate(self.name, self.key, None, 1).sign(self.key, hashes.SHA256())
        self.file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))

    def issue(
        self, *, days: int = 1, name: x509.GeneralName = LOCAL, signed_by_ca: bool = True
    ) -> ssl.SSLContext:
        """A server's context with a fresh certificate."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "server")])
        unsigned = self._certificate(subject, key, name, days)
        certificate = unsigned.sign(self.key if signed_by_ca else key, hashes.SHA256())
        both = self.folder / "server.pem"
        both.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
            + certificate.public_bytes(serialization.Encoding.PEM)
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(both)
        return context

    def _certificate(
        self,
        subject: x509.Name,
        key: ec.EllipticCurvePrivateKey,
        name: x509.GeneralName | None,
        days: int,
    ) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=30))
            .not_valid_after(now + timedelta(days=days))
            .add_extension(x509.BasicConstraints(ca=name is None, path_length=None), critical=True)
        )
        return builder.add_extension(x509.SubjectAlternativeName([name]), critical=False) if name else builder


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Authority]:
    """An authority the operator trusts."""
    made = Authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(made.file))
    _tls.cache_clear()
    yield made
    _tls.cache_clear()


FIRST_BYTE = reply(206, {"status": 200}, headers={"Content-Range": "bytes 0-0/7"})


@contextmanager
def over_tls(context: ssl.SSLContext) -> Iterator[Stub]:
    with serving(context) as stub:
        stub.answer(FIRST_BYTE)
        yield stub


def test_a_trusted_certificate_is_accepted(authority: Authority) -> None:
    with over_tls(authority.issue()) as stub, CommBox(stub.url, [KEY]) as client:
        stub.answer(reply(200, {"status": 200}))
        client.system_status()
        client.system_status()
        stub.answer(FIRST_BYTE)
        assert probe(stub.url + "acme/1.mp4").size_bytes == 7
        assert len(stub.seen) == 3


@pytest.mark.parametrize("fault", BAD)
def test_any_other_certificate_is_refused_before_the_key_is_sent(authority: Authority, fault: str) -> None:
    with over_tls(authority.issue(**BAD[fault])) as stub:  # type: ignore[arg-type]
        with (
            CommBox(stub.url, [KEY], attempts=1) as client,
            pytest.raises(Unreachable, match="No connection"),
        ):
            client.system_status()
        assert probe(stub.url + "acme/1.mp4").outcome == StorageOutcome.UNREACHABLE
        assert stub.seen == []
