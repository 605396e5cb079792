"""Send a person a mail, and say in one sentence why it could not be sent.

Mails are sent while the request waits, not by a task: the link in an invitation is a secret that must not be in the
arguments of a task, and the page shows it instead when the mail server refuses the mail. EMAIL_TIMEOUT limits the wait.
"""

import smtplib
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from email.utils import make_msgid
from typing import Any

import structlog
from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from recordings.worded import Worded

logger = structlog.get_logger("portal.mail")


class Problem(Worded):
    """Why a mail was not sent."""

    sentence: str | Promise

    NAME = "name", _("The mail server's name in SMTP_URL is not known.")
    CONNECTION = "connection", _("The mail server refused the connection. Check host and port in SMTP_URL.")
    TIMEOUT = "timeout", _("The mail server did not answer in time.")
    TLS = (
        "tls",
        _("The connection to the mail server could not be encrypted. Check its certificate, and SMTP_URL."),
    )
    SIGN_IN = "sign_in", _("The mail server refused the sign-in. Check user and password in SMTP_URL.")
    SENDER = "sender", _("The mail server refused the sender's address. Check MAIL_FROM.")
    RECIPIENT = "recipient", _("The mail server refused the recipient's address.")
    CONTENT = "content", _("The mail server refused the mail.")
    BROKEN = "broken", _("The connection to the mail server broke off.")


class NotSent(Exception):
    """The mail server did not take the mail."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.value)
        self.problem = problem


def is_set_up() -> bool:
    """Whether mails can be sent: a server, a sender, and the portal's address for links."""
    return bool(settings.SMTP_URL and settings.DEFAULT_FROM_EMAIL and settings.PUBLIC_URL)


@contextmanager
def connection() -> Iterator[BaseEmailBackend]:
    """A connection to the mail server for several mails. It is opened by the first."""
    server = get_connection()
    try:
        yield server
    finally:
        with suppress(OSError):
            server.close()


def send(
    name: str, *, to: str, language: str, through: BaseEmailBackend | None = None, **context: Any
) -> None:
    """Send the mail whose templates are mail/NAME.*, in this language. Raises NotSent.

    It is plain text with HTML beside it. Only the kind of a failure is logged: the server's answer may quote addresses.
    """
    context["portal_url"] = settings.PUBLIC_URL.rstrip("/")
    with translation.override(language or settings.LANGUAGE_CODE):
        subject, text, html = (
            render_to_string(f"mail/{name}.{part}", context) for part in ("subject.txt", "txt", "html")
        )
    headers = {
        "Auto-Submitted": "auto-generated",  # RFC 3834: no out-of-office answers
        "Message-ID": make_msgid(domain=settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].rstrip(">")),
    }
    message = EmailMultiAlternatives(" ".join(subject.split()), text.strip() + "\n", to=[to], headers=headers)
    message.attach_alternative(html, "text/html")
    with nullcontext(through) if through else connection() as message.connection:
        try:
            message.connection.open()
            message.send()
        except OSError as error:  # smtplib's exceptions are among them
            problem = _problem(error)
            logger.warning("mail not sent", mail=name, problem=problem.value, error=type(error).__name__)
            raise NotSent(problem) from None


def _problem(error: OSError) -> Problem:
    match error:
        case smtplib.SMTPAuthenticationError():
            return Problem.SIGN_IN
        case smtplib.SMTPNotSupportedError():  # of STARTTLS or of any way to sign in
            return Problem.TLS if "STARTTLS" in str(error) else Problem.SIGN_IN
        case smtplib.SMTPRecipientsRefused():
            return Problem.RECIPIENT
        case smtplib.SMTPSenderRefused():
            return Problem.SENDER
        case smtplib.SMTPConnectError() | smtplib.SMTPHeloError():
            return Problem.CONNECTION
        case smtplib.SMTPResponseException():
            return Problem.CONTENT
        case ssl.SSLError():
            return Problem.TLS
        case socket.gaierror():
            return Problem.NAME
        case TimeoutError():
            return Problem.TIMEOUT
        case ConnectionRefusedError():
            return Problem.CONNECTION
        case _:
            return Problem.BROKEN
