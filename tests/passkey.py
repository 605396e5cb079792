"""A security key in software: makes passkeys and proves them as a browser hands it on (WebAuthn level 2)."""

import hashlib
import json
import os
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from fido2.cose import ES256
from fido2.utils import websafe_decode, websafe_encode
from fido2.webauthn import AttestationObject, AttestedCredentialData, AuthenticatorData

_PRESENT, _VERIFIED, _ATTESTED = 0x01, 0x04, 0x40


@dataclass
class SoftKey:
    """One key with at most one passkey. `origin` is what its browser says that it shows."""

    origin: str = "http://testserver"
    counter: int = 0
    verifies: bool = True
    credential_id: bytes = field(default_factory=lambda: os.urandom(32))
    _private: Any = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    _handle: str = ""

    def create(self, options: dict[str, Any]) -> dict[str, Any]:
        """The answer to `navigator.credentials.create()`."""
        given = options["publicKey"]
        self._handle = given["user"]["id"]
        held = AttestedCredentialData.create(
            b"\0" * 16, self.credential_id, ES256.from_cryptography_key(self._private.public_key())
        )
        data = AuthenticatorData.create(_hash(given["rp"]["id"]), self._flags | _ATTESTED, self.counter, held)
        attestation = AttestationObject.create("none", data, {})
        client = self._client("webauthn.create", given["challenge"])
        return self._answer(
            {"clientDataJSON": websafe_encode(client), "attestationObject": websafe_encode(attestation)}
        )

    def get(self, options: dict[str, Any]) -> dict[str, Any]:
        """The answer to `navigator.credentials.get()`."""
        given = options["publicKey"]
        data = AuthenticatorData.create(_hash(given["rpId"]), self._flags, self.counter)
        client = self._client("webauthn.get", given["challenge"])
        signature = self._private.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(SHA256()))
        return self._answer(
            {
                "clientDataJSON": websafe_encode(client),
                "authenticatorData": websafe_encode(data),
                "signature": websafe_encode(signature),
                "userHandle": self._handle,
            }
        )

    @property
    def _flags(self) -> int:
        return _PRESENT | (_VERIFIED if self.verifies else 0)

    def _client(self, kind: str, challenge: str) -> bytes:
        assert websafe_decode(challenge)
        said = {"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": False}
        return json.dumps(said).encode()

    def _answer(self, response: dict[str, str]) -> dict[str, Any]:
        shown = websafe_encode(self.credential_id)
        return {
            "id": shown,
            "rawId": shown,
            "type": "public-key",
            "response": response,
            "clientExtensionResults": {},
        }


def _hash(name: str) -> bytes:
    return hashlib.sha256(name.encode()).digest()
