"""The daily mail over a real SMTP conversation: its text, its recipients, and refusals by the server."""

import ssl
from pathlib import Path

import pytest

from recordings.proof.anchors import ledger, mail
from recordings.proof.anchors.destination import DestinationError
from recordings.proof.anchors.ledger import Connection
from recordings.proof.anchors.mail import MailDestination, send
from recordings.tlog.notes import Note
from tests.integration.commbox.test_tls import Authority
from tests.integration.proof.anchors.conftest import Log
from tests.mailbox import Mailbox, mailbox

TO = ("eva@auditor.example", "archive@auditor.example")


def _destination(box: Mailbox, url: str = "smtp://127.0.0.1:{}") -> MailDestination:
    return MailDestination(
        url.format(box.port), "Portal <portal@example.com>", TO, "https://portal.example.com"
    )


def _text(box: Mailbox) -> str:
    return box.letters[-1].message.get_content()


def test_the_text_of_the_mail(log: Log, sealer: Connection) -> None:
    size = log.grow(3)
    with mailbox() as box:
        assert _destination(box).publish(sealer) == (size, "")
    (letter,) = box.letters
    assert (letter.sender, letter.recipients) == ("portal@example.com", list(TO))
    assert letter.message["Subject"] == f"Audit trail audit.example.com/trail: {size} leaves"
    assert letter.message["To"] == ", ".join(TO)
    assert letter.message["Auto-Submitted"] == "auto-generated"
    assert letter.message.get_content_type() == "text/plain"
    assert f"{size} ({size} new since the log was opened)" in _text(box)
    assert "Incidents in that time:\nNone." in _text(box)
    assert "https://portal.example.com" in _text(box)


def test_the_checkpoint_in_it_verifies_as_it_was_sent(log: Log, sealer: Connection) -> None:
    """An auditor copies the lines between the rulers from the mail."""
    log.grow()
    with mailbox() as box:
        _destination(box).publish(sealer)
    rulers = [line for line in _text(box).split("\n") if line.startswith("-----")]
    note = _text(box).split(f"{rulers[0]}\n")[1]
    assert note == ledger.newest(sealer).note
    assert len(Note.parse(note).verify([log.signer.key.verifier])) == 1


def test_the_next_mail_has_the_growth_and_the_incidents_since(log: Log, sealer: Connection) -> None:
    first = log.grow(2)
    with mailbox() as box:
        _destination(box).publish(sealer)
        sealer.execute(
            "INSERT INTO audit.incident (code, detail) VALUES ('witness_refused', 'Ünlikely things')"
        )
        second = log.grow(1000)
        _destination(box).publish(sealer)
        assert f"{second:,} ({second - first:,} new since the last mail)" in _text(box)
        assert "UTC, witness_refused: Ünlikely things" in _text(box)
        log.grow(1)
        _destination(box).publish(sealer)
    assert "None." in _text(box)
    kept = log.rows("SELECT evidence FROM audit.anchor WHERE kind = 'mail' ORDER BY id")
    assert [bytes(row[0]).replace(b"\n", b"\r\n") for row in kept] == [letter.data for letter in box.letters]


def test_it_is_due_once_a_day_if_the_log_has_grown(log: Log, sealer: Connection) -> None:
    with mailbox() as box:
        destination = _destination(box)
        ledger.register(sealer, {mail.NAME: mail.EVERY})
        assert not destination.due(sealer)
        log.grow()
        assert destination.due(sealer)
        ledger.record_success(sealer, mail.NAME, destination.publish(sealer).size, "")
        log.grow()
        assert not destination.due(sealer)
        sealer.execute("UPDATE audit.outside SET success_at = success_at - interval '24 hours'")
        assert destination.due(sealer)


@pytest.mark.parametrize(
    ("refuse", "words"),
    [
        ({"MAIL": "550 not from you"}, "refused the mail .SMTPSenderRefused, 550"),
        ({TO[0]: "550 unknown", TO[1]: "550 unknown"}, "every recipient"),
        ({"DATA": "554 looks like spam"}, "refused the mail .SMTPDataError, 554"),
        ({"EHLO": "421 go away", "HELO": "421 go away"}, "refused"),
        ({"AUTH": "535 wrong password geheim"}, "refused the mail .SMTPAuthenticationError, 535"),
    ],
)
def test_a_refusal_by_the_server(log: Log, sealer: Connection, refuse: dict[str, str], words: str) -> None:
    log.grow()
    with mailbox(refuse=refuse) as box, pytest.raises(DestinationError, match=words) as caught:
        _destination(box, "smtp://portal:geheim@127.0.0.1:{}").publish(sealer)
    assert "geheim" not in str(caught.value)
    assert box.letters == []
    assert log.rows("SELECT FROM audit.anchor") == []


def test_a_refused_recipient_is_named_and_the_other_gets_the_mail(log: Log, sealer: Connection) -> None:
    size = log.grow()
    with mailbox() as box:
        box.refuse = {TO[0]: "550 unknown"}
        assert _destination(box).publish(sealer) == (size, f"The mail server refused {TO[0]}.")
    assert box.letters[0].recipients == [TO[1]]
    assert len(log.rows("SELECT FROM audit.anchor")) == 1


def test_a_password_is_used(log: Log, sealer: Connection) -> None:
    log.grow()
    with mailbox() as box:
        _destination(box, "smtp://portal%40example.com:geheim@127.0.0.1:{}").publish(sealer)
    assert box.letters[0].user.startswith("PLAIN ")


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """An authority, trusted by nobody by default, that issues a certificate for 127.0.0.1."""
    return Authority(tmp_path)


def _elsewhere(monkeypatch: pytest.MonkeyPatch, trusted: Path | None = None) -> None:
    """Treat loopback as another machine, and trust one certificate."""
    context = ssl.create_default_context(cafile=trusted)
    monkeypatch.setattr(ssl, "create_default_context", lambda: context)
    monkeypatch.setattr(mail, "is_loopback", lambda host: False)


def test_another_machine_gets_mail_only_after_starttls(
    log: Log, sealer: Connection, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    log.grow()
    _elsewhere(monkeypatch, authority.file)
    with mailbox(authority.issue()) as box:
        _destination(box, "smtp://portal:geheim@127.0.0.1:{}").publish(sealer)
    assert box.letters[0].encrypted


def test_a_server_without_starttls_gets_neither_mail_nor_password(
    log: Log, sealer: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    log.grow()
    _elsewhere(monkeypatch)
    with mailbox() as box, pytest.raises(DestinationError, match="STARTTLS"):
        _destination(box, "smtp://portal:geheim@127.0.0.1:{}").publish(sealer)
    assert box.letters == []


def test_an_invalid_certificate_is_refused(
    log: Log, sealer: Connection, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    log.grow()
    _elsewhere(monkeypatch)
    with mailbox(authority.issue()) as box, pytest.raises(DestinationError, match="SSLCertVerificationError"):
        _destination(box).publish(sealer)
    assert box.letters == []


@pytest.mark.parametrize("url", ["", "http://127.0.0.1", "smtp://", "mail.example.com", "lmtp://x:1"])
def test_an_invalid_smtp_url_is_refused(url: str) -> None:
    with pytest.raises(DestinationError, match="SMTP_URL"):
        send(url, mail.EmailMessage())


def test_a_server_that_does_not_answer(log: Log, sealer: Connection) -> None:
    log.grow()
    with pytest.raises(DestinationError, match="could not be reached"):
        MailDestination("smtp://127.0.0.1:9", "a@b.example", TO, "").publish(sealer)
