"""RFC 3161 time stamps made by hand, at any time one likes: what `openssl ts` cannot do in a test."""

import hashlib
from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

# The last bytes of an object identifier's DER, by what it names.
SIGNED_DATA, CONTENT_TYPE, MESSAGE_DIGEST = "2a864886f70d010702", "2a864886f70d010903", "2a864886f70d010904"
TST_INFO, RSA, POLICY = "2a864886f70d0109100104", "2a864886f70d010101", "2b06010401868d1f01"
DIGESTS = {"sha256": "608648016503040201", "sha384": "608648016503040202", "sha512": "608648016503040203"}


def tlv(tag: int, *parts: bytes) -> bytes:
    content = b"".join(parts)
    size = len(content)
    if size < 128:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 128 + len(length)]) + length + content


def oid(text: str) -> bytes:
    return tlv(0x06, bytes.fromhex(text))


def integer(value: int) -> bytes:
    return tlv(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def algorithm(text: str) -> bytes:
    return tlv(0x30, oid(text), tlv(0x05))


class Stamper:
    """A time-stamping authority of one self-signed RSA certificate."""

    def __init__(self, name: str = "Forge TSA", digest: str = "sha256") -> None:
        self.digest = digest
        self.key, self.certificate = _identity(name)

    @property
    def pem(self) -> bytes:
        """What an auditor brings."""
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    def stamp(self, data: bytes, time: datetime, *, imprint: bytes | None = None) -> bytes:
        """The whole response (TimeStampResp, DER) over `data`."""
        info = tlv(
            0x30,
            integer(1),
            oid(POLICY),
            tlv(0x30, algorithm(DIGESTS["sha256"]), tlv(0x04, imprint or hashlib.sha256(data).digest())),
            integer(7),
            tlv(0x18, time.astimezone(UTC).strftime("%Y%m%d%H%M%SZ").encode()),
        )
        signed = tlv(
            0x30,
            integer(3),
            tlv(0x31, algorithm(DIGESTS[self.digest])),
            tlv(0x30, oid(TST_INFO), tlv(0xA0, tlv(0x04, info))),
            tlv(0xA0, self.certificate.public_bytes(serialization.Encoding.DER)),
            tlv(0x31, self._signer(info)),
        )
        return tlv(0x30, tlv(0x30, integer(0)), tlv(0x30, oid(SIGNED_DATA), tlv(0xA0, signed)))

    def _signer(self, info: bytes) -> bytes:
        digest = hashlib.new(self.digest, info).digest()
        attributes = sorted(
            [
                tlv(0x30, oid(CONTENT_TYPE), tlv(0x31, oid(TST_INFO))),
                tlv(0x30, oid(MESSAGE_DIGEST), tlv(0x31, tlv(0x04, digest))),
            ]
        )
        kind = {"sha256": hashes.SHA256(), "sha384": hashes.SHA384(), "sha512": hashes.SHA512()}[self.digest]
        signature = self.key.sign(tlv(0x31, *attributes), padding.PKCS1v15(), kind)
        who = tlv(0x30, self.certificate.issuer.public_bytes(), integer(self.certificate.serial_number))
        return tlv(
            0x30,
            integer(1),
            who,
            algorithm(DIGESTS[self.digest]),
            tlv(0xA0, *attributes),
            algorithm(RSA),
            tlv(0x04, signature),
        )


@cache
def _identity(name: str) -> tuple[rsa.RSAPrivateKey, x509.Certificate]:
    key = rsa.generate_private_key(65537, 2048)
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime(2026, 1, 1, tzinfo=UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(who)
        .issuer_name(who)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=3650))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(
            x509.KeyUsage(True, False, False, False, False, False, False, False, False), critical=True
        )
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
        .sign(key, hashes.SHA256())
    )
    return key, certificate
