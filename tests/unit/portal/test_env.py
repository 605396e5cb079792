"""The environment: what is missing or wrong is named at start, and no value is ever shown."""

import base64

import pytest

from auditportal.env import decoded_keys, mail_server, read_env

WHOLE = {
    "SECRET_KEY": "s" * 50,
    "DATABASE_URL": "postgresql://web:hunter2@db/portal",
    "REDIS_URL": "redis://redis:6379/0",
    "COMMBOX_API_KEY": "the-key",
    "AUDIT_FIELD_KEY": base64.b64encode(b"k" * 32).decode(),
}


@pytest.fixture
def environ(monkeypatch):
    """A process environment with nothing but the settings given."""

    def put(**values):
        for name in [*WHOLE, "PUBLIC_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "COMMBOX_API_URL"]:
            monkeypatch.delenv(name, raising=False)
        for name, value in values.items():
            monkeypatch.setenv(name, value)

    return put


def test_a_whole_environment_is_read(environ):
    environ(
        **WHOLE, RECORDING_BUCKETS="https://s3.example.com/a, https://b.example.com", COMMBOX_STREAMS="1,2"
    )
    env = read_env()
    assert env.RECORDING_BUCKETS == ["https://s3.example.com/a", "https://b.example.com"]
    assert env.COMMBOX_STREAMS == [1, 2]
    assert env.COMMBOX_API_KEY.get_secret_value() == "the-key"


@pytest.mark.parametrize("name", list(WHOLE))
def test_a_missing_variable_is_named(environ, name):
    environ(**{key: value for key, value in WHOLE.items() if key != name})
    with pytest.raises(SystemExit, match=name):
        read_env()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("COMMBOX_API_URL", "http://api.commbox.io/"),
        ("COMMBOX_API_URL", "ftp://api.commbox.io/"),
        ("COMMBOX_API_URL", "http://localhost.example.com/"),
        ("PUBLIC_URL", "http://audit.example.com"),
        ("PLAYBACK_URL_TTL", "14"),
        ("PLAYBACK_URL_TTL", "301"),
        ("COMMBOX_STREAMS", "one"),
        ("COMMBOX_STREAM_NAMES", "Premium video"),
        ("SECRET_KEY", "short"),
        ("SESSION_IDLE_MINUTES", "1"),
        ("SESSION_IDLE_MINUTES", "61"),
        ("SESSION_HOURS", "0"),
        ("SESSION_HOURS", "25"),
        ("AUDIT_RELEASE", "whenever"),
        ("AUDIT_LOG_PUBLIC", "perhaps"),
        ("AUDIT_WITNESS_PACE", "public"),
        ("AUDIT_WITNESS_PACE", "public=0"),
        ("AUDIT_WITNESS_PACE", "public=1h"),
        ("SMTP_URL", "mail.example.com:25"),
        ("SMTP_URL", "http://user:hunter2@mail.example.com"),
        ("SMTP_URL", "smtp://user:hunter2@mail.example.com:99999"),
        ("MAIL_FROM", "AuditPortal"),
        ("OIDC_ISSUER", "http://login.example.com"),
        ("OIDC_PERSON_CLAIM", "email"),
        ("OIDC_SCOPES", "profile"),
        ("KEY_ENCRYPTION_KEYS", "not base64"),
        ("KEY_ENCRYPTION_KEYS", base64.b64encode(b"k" * 31).decode()),
        ("KEY_ENCRYPTION_KEYS", f"{base64.b64encode(b'k' * 32).decode()},short"),
    ],
)
def test_a_wrong_value_is_refused_with_its_name_and_not_shown(environ, name, value):
    environ(**{**WHOLE, name: value})
    with pytest.raises(SystemExit) as refusal:
        read_env()
    assert name in str(refusal.value)
    assert "hunter2" not in str(refusal.value)
    assert "the-key" not in str(refusal.value)


def test_single_sign_on_needs_a_client(environ):
    environ(**WHOLE, OIDC_ISSUER="https://login.example.com", OIDC_CLIENT_ID="auditportal")
    with pytest.raises(SystemExit, match="OIDC_CLIENT_SECRET: Field required"):
        read_env()


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/", "http://localhost/", "http://[::1]:9/"])
def test_plain_http_is_for_this_machine(environ, url):
    environ(**WHOLE, COMMBOX_API_URL=url)
    assert url == read_env().COMMBOX_API_URL


@pytest.mark.parametrize(
    "tokens",
    ["x" * 21, "x" * 22 + ",short", ",".join(["x" * 22] * 3), "sha256:" + "0" * 63, "sha256:" + "G" * 64],
)
def test_a_webhook_token_has_128_bits_and_there_are_two_at_most(environ, tokens):
    """22 characters of base64 are 132 bits."""
    environ(**WHOLE, COMMBOX_WEBHOOK_TOKEN=tokens)
    with pytest.raises(SystemExit, match="COMMBOX_WEBHOOK_TOKEN"):
        read_env()


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtps://portal%40a:pass%2Fword@mail.a", ("mail.a", 465, "portal@a", "pass/word", True, False)),
        ("smtp://mail.a:587", ("mail.a", 587, "", "", False, True)),
        ("smtp://127.0.0.1", ("127.0.0.1", 25, "", "", False, False)),
    ],
)
def test_only_this_machine_gets_mail_without_tls(url, server):
    assert mail_server(url) == server


def test_keys_of_keys_are_taken_in_their_order(environ):
    texts = [base64.b64encode(letter * 32).decode() for letter in (b"n", b"o")]
    environ(**WHOLE, KEY_ENCRYPTION_KEYS=", ".join(texts))
    assert decoded_keys(read_env().KEY_ENCRYPTION_KEYS) == (b"n" * 32, b"o" * 32)
    environ(**WHOLE, KEY_ENCRYPTION_KEYS="")
    assert decoded_keys(read_env().KEY_ENCRYPTION_KEYS) == ()


def test_half_a_storage_credential_is_refused(environ):
    environ(**WHOLE, AWS_ACCESS_KEY_ID="AKIA")
    with pytest.raises(SystemExit, match="AWS_SECRET_ACCESS_KEY"):
        read_env()


def test_a_secret_may_come_from_a_file(environ, monkeypatch, tmp_path):
    secret = tmp_path / "key"
    secret.write_text("f" * 60 + "\n")
    environ(
        **{key: value for key, value in WHOLE.items() if key != "SECRET_KEY"}, SECRET_KEY_FILE=str(secret)
    )
    assert read_env().SECRET_KEY.get_secret_value() == "f" * 60


def test_a_secret_file_that_is_not_there_is_named(environ):
    environ(**WHOLE, SECRET_KEY_FILE="/nowhere/key")
    with pytest.raises(SystemExit, match="/nowhere/key"):
        read_env()


@pytest.mark.parametrize(
    "entry", ["https://s3.amazonaws.com", "http://s3.example.com/b", "s3.example.com/b", "https://u@h/b"]
)
def test_a_bucket_that_is_no_exact_place_is_refused(environ, entry):
    environ(**WHOLE, RECORDING_BUCKETS=entry)
    with pytest.raises(SystemExit, match="RECORDING_BUCKETS"):
        read_env()


def test_every_secret_is_listed_as_it_may_stand_in_a_text(environ):
    environ(
        **WHOLE
        | {
            "DATABASE_URL": "postgresql://web:one%2Fsecret@db/portal",
            "REDIS_URL": "redis://web:another-secret@redis/0",
            "COMMBOX_WEBHOOK_TOKEN": "t" * 22 + ", " + "u" * 22,
            "COMMBOX_WEBHOOK_HEADER": "X-Proxy-Secret: sixteen: characters",
        }
    )
    texts = read_env().secret_texts()
    assert {"one%2Fsecret", "one/secret", "another-secret", "t" * 22, "u" * 22, "sixteen: characters"} < texts
    assert {WHOLE["SECRET_KEY"], WHOLE["AUDIT_FIELD_KEY"], WHOLE["COMMBOX_API_KEY"]} < texts
    assert "" not in texts


@pytest.mark.parametrize(
    ("more", "easy"),
    [
        ({"DEMO": "true"}, True),
        ({"DEMO": "true", "DEMO_SIGN_IN": "easy", "PUBLIC_URL": "http://localhost:8000"}, True),
        ({"DEMO": "true", "DEMO_SIGN_IN": ""}, True),
        ({"DEMO": "true", "DEMO_SIGN_IN": "full"}, False),
        ({"DEMO": "true", "ALLOWED_HOSTS": "demo.example.com"}, False),
        ({"DEMO": "true", "PUBLIC_URL": "https://demo.example.com"}, False),
        ({"DEMO_SIGN_IN": "full"}, False),
        ({}, False),
    ],
)
def test_a_password_alone_is_enough_in_the_demo_on_this_machine(environ, more, easy):
    environ(**WHOLE, **more)
    assert read_env().easy_sign_in == easy


@pytest.mark.parametrize("more", [{}, {"DEMO": "true", "ALLOWED_HOSTS": "demo.example.com"}])
def test_production_refuses_the_easy_sign_in(environ, more):
    environ(**WHOLE, **more, DEMO_SIGN_IN="easy")
    with pytest.raises(SystemExit, match="DEMO_SIGN_IN=easy"):
        read_env()
