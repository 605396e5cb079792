"""Invitations by mail over a real SMTP conversation, and the sentence for each way in which it fails."""

import re
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client

from auditportal.accounts.models import User
from auditportal.embedded.redis import free_port
from recordings.models import AuditEvent
from tests.factories import PASSWORD, person
from tests.integration.commbox.test_tls import Authority
from tests.mailbox import Letter, Mailbox, mailbox

PUBLIC = "https://audit.example.com"
RUT = {
    "full_name": "Rut Peled",
    "username": "rut.peled",
    "email": "rut@claims.example",
    "language": "en",
    "role": "qa_manager",
    "level": "manage",
    "reason": "joins the claims team",
    "password": PASSWORD,
}


@pytest.fixture
def client(db: None) -> Client:
    client = Client()
    client.force_login(person("administrator", "sam.ortiz", email="sam@audit.example.com"))
    return client


@pytest.fixture
def sent_through(settings: Any) -> Callable[..., None]:
    """Configure the mail server as settings.py does from SMTP_URL."""

    def use(port: int, host: str = "127.0.0.1", **others: Any) -> None:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.SMTP_URL = f"smtp://{host}:{port}"
        settings.EMAIL_HOST, settings.EMAIL_PORT = host, port
        settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
        settings.DEFAULT_FROM_EMAIL = "AuditPortal <portal@audit.example.com>"
        settings.PUBLIC_URL = PUBLIC
        for name, value in others.items():
            setattr(settings, name, value)

    return use


@pytest.fixture
def box(sent_through: Callable[..., None]) -> Iterator[Mailbox]:
    with mailbox() as box:
        sent_through(box.port)
        yield box


def parts(letter: Letter) -> tuple[str, str]:
    """The plain text and the HTML of a mail."""
    plain, html = letter.message.iter_parts()
    return plain.get_content(), html.get_content()


def link_in(text: str) -> str:
    found = re.search(rf"{re.escape(PUBLIC)}/accounts/invitation/[\w-]+/", text)
    assert found
    return urlsplit(found[0]).path


def test_an_invitation_is_mailed_and_its_link_is_shown_nowhere_else(client: Client, box: Mailbox) -> None:
    answer = client.post("/people/invite/", RUT, follow=True)
    assert "A link was sent to rut@claims.example." in answer.content.decode()
    assert "/accounts/invitation/" not in answer.content.decode()
    (letter,) = box.letters
    assert (letter.sender, letter.recipients) == ("portal@audit.example.com", ["rut@claims.example"])
    assert letter.message["Subject"] == "Your account for AuditPortal"
    assert letter.message["Auto-Submitted"] == "auto-generated"
    plain, html = parts(letter)
    assert "Hello Rut Peled," in plain
    assert "Your user name is rut.peled." in plain
    assert link_in(plain) == link_in(html)
    chosen = {"password": "seven green bicycles on a roof"}
    assert Client().post(link_in(plain), chosen).status_code == 302
    mailed = AuditEvent.objects.get(kind="person.invitation_mailed")
    assert (mailed.outcome, mailed.target_ref) == (
        "completed",
        f"user:{User.objects.get(username='rut.peled').pk}",
    )
    assert link_in(plain).split("/")[-2] not in bytes(mailed.body).decode()


def test_the_mail_is_in_the_language_of_the_invited_person(client: Client, box: Mailbox) -> None:
    client.post("/people/invite/", {**RUT, "language": "he"})
    _, html = parts(box.letters[0])
    assert '<html lang="he" dir="rtl">' in html
    assert User.objects.get(username="rut.peled").language == "he"


def test_a_name_with_markup_is_text_in_the_mail(client: Client, box: Mailbox) -> None:
    client.post("/people/invite/", {**RUT, "full_name": "Rut <b>& Co</b>\r\nBcc: x@y.example"})
    (letter,) = box.letters
    plain, html = parts(letter)
    assert "Hello Rut <b>& Co</b> Bcc: x@y.example," in plain
    assert "Rut &lt;b&gt;&amp; Co&lt;/b&gt;" in html
    assert letter.recipients == ["rut@claims.example"]


def test_a_new_password_link_says_what_it_is(client: Client, box: Mailbox) -> None:
    tom = person("qa_manager", email="tom@claims.example")
    client.post(f"/people/{tom.pk}/link/", {"reason": "lost it", "password": PASSWORD})
    assert box.letters[0].message["Subject"] == "A new password for AuditPortal"


@pytest.mark.parametrize("missing", ["address", "server"])
def test_without_mail_the_link_is_shown_once(
    client: Client, box: Mailbox, settings: Any, missing: str
) -> None:
    if missing == "server":
        settings.SMTP_URL = ""
    answer = client.post("/people/invite/", {**RUT, "email": "" if missing == "address" else RUT["email"]})
    assert "/accounts/invitation/" in answer.content.decode()
    assert box.letters == []


REFUSALS = [
    ({"AUTH": "535 wrong password geheim"}, "refused the sign-in"),
    ({"MAIL": "550 not from you"}, "refused the sender&#x27;s address"),
    ({"rut@claims.example": "550 unknown", "sam@audit.example.com": "550 unknown"}, "refused the recipient"),
    ({"DATA": "554 looks like spam"}, "The mail server refused the mail."),
    ({"EHLO": "421 go away", "HELO": "421 go away"}, "refused the connection"),
]


@pytest.mark.parametrize(("refuse", "sentence"), REFUSALS)
def test_a_refused_mail_says_why_and_the_link_is_shown(
    client: Client, box: Mailbox, settings: Any, refuse: dict[str, str], sentence: str
) -> None:
    box.refuse = refuse
    settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "portal", "geheim"
    shown = client.post("/people/invite/", RUT).content.decode()
    assert "The mail with this link was not sent." in shown
    assert sentence in shown
    assert "geheim" not in shown
    assert "/accounts/invitation/" in shown
    assert AuditEvent.objects.get(kind="person.invitation_mailed").outcome == "error"
    tested = client.post("/people/test-mail/", follow=True).content.decode()
    assert "The test mail was not sent." in tested
    assert sentence in tested


def answer_to_test(client: Client) -> str:
    return client.post("/people/test-mail/", follow=True).content.decode()


def test_a_test_mail_arrives(client: Client, box: Mailbox) -> None:
    assert "A test mail was sent to sam@audit.example.com." in answer_to_test(client)
    assert box.letters[0].recipients == ["sam@audit.example.com"]


def test_a_server_that_is_not_there(client: Client, sent_through: Callable[..., None]) -> None:
    sent_through(free_port())
    assert "The mail server refused the connection." in answer_to_test(client)


def test_a_server_whose_name_is_unknown(client: Client, sent_through: Callable[..., None]) -> None:
    sent_through(25, "mail.invalid")
    assert "name in SMTP_URL is not known" in answer_to_test(client)


def test_a_server_without_starttls(client: Client, box: Mailbox, settings: Any) -> None:
    settings.EMAIL_USE_TLS = True
    assert "could not be encrypted" in answer_to_test(client)
    assert box.letters == []


@pytest.mark.parametrize("mode", ["EMAIL_USE_TLS", "EMAIL_USE_SSL"])
@pytest.mark.parametrize("trusted", [True, False])
def test_the_certificate_is_checked(
    client: Client,
    sent_through: Callable[..., None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    mode: str,
    trusted: bool,
) -> None:
    authority = Authority(tmp_path)
    if trusted:
        context = ssl.create_default_context(cafile=authority.file)
        monkeypatch.setattr(ssl, "create_default_context", lambda: context)
    with mailbox(authority.issue(), tls_from_start=mode == "EMAIL_USE_SSL") as box:
        sent_through(box.port, **{mode: True})
        shown = answer_to_test(client)
    assert ("A test mail was sent" if trusted else "could not be encrypted") in shown
    assert len(box.letters) == int(trusted)


def test_the_test_mail_needs_an_address_and_a_server(client: Client, box: Mailbox, settings: Any) -> None:
    User.objects.filter(username="sam.ortiz").update(email="")
    assert "Your account has no mail address." in answer_to_test(client)
    settings.SMTP_URL = ""
    assert "Mail is not set up" in answer_to_test(client)
