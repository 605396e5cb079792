"""An identity provider on loopback that signs, or does not sign, whatever a test wants."""

import base64
import hashlib
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.test import Client

CLIENT_ID, CLIENT_SECRET = "auditportal", "only-for-tests-only-for-tests"


@cache
def rsa_key(name: str) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


@cache
def ec_key(name: str) -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def public_pem(key: rsa.RSAPrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def jwk(key: Any, kid: str, algorithm: str) -> dict[str, Any]:
    made = jwt.get_algorithm_by_name(algorithm).to_jwk(key.public_key(), as_dict=True)
    return {**made, "kid": kid, "use": "sig", "alg": algorithm}


@dataclass
class HostileProvider:
    """Discovery, keys and a token endpoint that checks PKCE and the client's secret."""

    issuer: str = ""
    configuration: dict[str, Any] = field(default_factory=dict)
    keys: list[dict[str, Any]] = field(default_factory=list)
    id_token: str = ""
    challenge: str = ""
    asked: list[str] = field(default_factory=list)

    def begin(self, browser: Client, path: str = "/accounts/single-sign-on/") -> dict[str, str]:
        """Have a browser begin to sign in, and return what it is sent to the provider with."""
        answer = browser.get(path)
        assert answer.status_code == 302, answer.content
        url = urlsplit(answer["Location"])
        assert f"{url.scheme}://{url.netloc}{url.path}" == f"{self.issuer}/authorize"
        sent = {name: values[0] for name, values in parse_qs(url.query).items()}
        self.challenge = sent["code_challenge"]
        return sent

    def claims(self, sent: dict[str, str], **changed: Any) -> dict[str, Any]:
        """Return honest claims with these changes; a claim that is None is left out."""
        now = int(time.time())
        honest = {
            "iss": self.issuer,
            "sub": "00u-rut",
            "aud": CLIENT_ID,
            "exp": now + 300,
            "iat": now,
            "nonce": sent["nonce"],
        }
        return {name: value for name, value in {**honest, **changed}.items() if value is not None}

    def signed(self, claims: dict[str, Any], algorithm: str = "RS256", **headers: Any) -> str:
        key: Any = ec_key("ours") if algorithm == "ES256" else rsa_key("ours")
        return jwt.encode(claims, key, algorithm, {"kid": algorithm, **headers})

    def answer(self, browser: Client, sent: dict[str, str], id_token: str, **query: str) -> Any:
        """Answer a sign-in with this token, through the browser."""
        self.id_token = id_token
        given = {"code": "c0de", "state": sent["state"], **query}
        return browser.get("/accounts/single-sign-on/callback/", given)

    def sign_in(self, browser: Client, path: str = "/accounts/single-sign-on/", **changed: Any) -> Any:
        """Sign in from the beginning to the end."""
        sent = self.begin(browser, path)
        return self.answer(browser, sent, self.signed(self.claims(sent, **changed)))


@contextmanager
def provider() -> Iterator[HostileProvider]:
    """Run a provider until the block ends."""
    state = HostileProvider()

    class Handler(BaseHTTPRequestHandler):
        def _say(self, body: Any, status: int = 200) -> None:
            data = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def _redirects(self) -> bool:
            state.asked.append(self.path)
            if self.path != "/elsewhere":
                return False
            self.send_response(307)
            self.send_header("Location", f"{state.issuer}/evil")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return True

        def do_GET(self) -> None:
            if self._redirects():
                return
            if self.path == "/.well-known/openid-configuration":
                self._say(state.configuration)
            elif self.path == "/keys":
                self._say({"keys": state.keys})
            else:
                self._say({}, 404)

        def do_POST(self) -> None:
            form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            if self._redirects():
                return
            verifier = form["code_verifier"][0]
            digest = hashlib.sha256(verifier.encode()).digest()
            proven = base64.urlsafe_b64encode(digest).decode().rstrip("=") == state.challenge
            knows_secret = form["client_secret"] == [CLIENT_SECRET]
            if self.path != "/token" or not proven or not knows_secret:
                self._say({"error": "invalid_grant"}, 400)
            else:
                self._say({"access_token": "a", "token_type": "Bearer", "id_token": state.id_token})

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.issuer = f"http://127.0.0.1:{server.server_address[1]}"
    state.configuration = {
        "issuer": state.issuer,
        "authorization_endpoint": f"{state.issuer}/authorize",
        "token_endpoint": f"{state.issuer}/token",
        "jwks_uri": f"{state.issuer}/keys",
        "token_endpoint_auth_methods_supported": ["client_secret_post"],
    }
    state.keys = [
        jwk(rsa_key("ours"), "RS256", "RS256"),
        jwk(rsa_key("ours"), "PS256", "PS256"),
        jwk(ec_key("ours"), "ES256", "ES256"),
    ]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
