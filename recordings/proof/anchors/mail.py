"""The daily mail: whoever keeps one pins all of the log's history before it."""

import smtplib
import ssl
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from urllib.parse import SplitResult, unquote, urlsplit

from recordings.proof.anchors import ledger
from recordings.proof.anchors.destination import Errand, Trouble, Visit
from recordings.proof.anchors.ledger import Connection, Standing
from recordings.storage.hosts import is_loopback

NAME = "mail"
EVERY = timedelta(days=1)
_SECONDS = 20.0
_PORTS = {"smtp": 25, "smtps": 465}


class Mailing(Errand):
    """The errand: the newest checkpoint and what the day brought, to those who keep it."""

    name, every = NAME, EVERY

    def __init__(self, url: str, sender: str, recipients: Sequence[str], portal: str) -> None:
        self._url, self._sender, self._recipients, self._portal = url, sender, list(recipients), portal

    def visit(self, connection: Connection) -> Visit:
        """Write and send it; a copy is kept. A recipient that was refused is said and not tried again today."""
        checkpoint = ledger.newest(connection)
        place = ", ".join(self._recipients)
        kept = ledger.last_kept(connection, NAME, place)
        old, since = kept or (0, datetime.min.replace(tzinfo=UTC))
        message = self._message(checkpoint, old, ledger.incidents_since(connection, since))
        refused = send(self._url, message)
        ledger.keep(connection, NAME, checkpoint.size, place, message.as_bytes(), datetime.now(UTC))
        return Visit(checkpoint.size, f"Refused for {', '.join(sorted(refused))}." if refused else "")

    def _message(self, checkpoint: Standing, old: int, incidents: Sequence[str]) -> EmailMessage:
        if not self._sender:
            raise Trouble("Set AUDIT_MAIL_FROM: a mail needs a sender.")
        message = EmailMessage()
        message["Subject"] = f"Audit trail {checkpoint.origin}: {checkpoint.size:,} leaves"
        message["From"], message["To"] = self._sender, ", ".join(self._recipients)
        message["Date"] = formatdate(usegmt=True)
        message["Message-ID"] = make_msgid(domain=self._sender.rpartition("@")[2].rstrip(">") or "localhost")
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers
        message.set_content(text(checkpoint, old, incidents, self._portal), cte="quoted-printable")
        return message


def text(checkpoint: Standing, old: int, incidents: Sequence[str], portal: str) -> str:
    """What the mail says, in plain words."""
    said = "\n".join(f"- {incident}" for incident in incidents) or "None."
    where = f"Sign in at {portal}, open" if portal else "Sign in to the portal, open"
    return f"""\
Keep this mail. It holds the newest checkpoint of the audit trail {checkpoint.origin}. Whoever has it can
tell later that nothing before it was changed, removed or put in between.

Signed   {checkpoint.signed_at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC
Leaves   {checkpoint.size:,} ({checkpoint.size - old:,} new since {"the mail before" if old else "the log was opened"})

Incidents in that time:
{said}

To compare it: {where} the audit trail and paste the lines between the rulers into
"Compare with my checkpoint".

----------------------------------------------------------------
{checkpoint.note}----------------------------------------------------------------
"""


def send(url: str, message: EmailMessage) -> list[str]:
    """Hand the mail to the server; the recipients it refused. Trouble when nobody gets it.

    `smtps://` is TLS from the start; `smtp://` is plain to this machine and STARTTLS, checked, to any other.
    """
    place = urlsplit(url)
    if place.scheme not in _PORTS or not place.hostname:
        raise Trouble("SMTP_URL must be smtp://host:port or smtps://host:port.")
    try:
        with _server(place) as server:
            if place.scheme == "smtp" and not is_loopback(place.hostname):
                server.starttls(context=ssl.create_default_context())
            if place.username:
                server.login(unquote(place.username), unquote(place.password or ""))
            return list(server.send_message(message))
    except smtplib.SMTPRecipientsRefused:
        raise Trouble("The mail server refused every recipient.") from None
    except smtplib.SMTPResponseException as error:
        raise Trouble(f"The mail server refused ({type(error).__name__}, {error.smtp_code}).") from None
    except smtplib.SMTPNotSupportedError:
        raise Trouble("The mail server offers no STARTTLS or no way to sign in.") from None
    except (OSError, smtplib.SMTPException) as error:
        raise Trouble(f"The mail server could not be reached ({type(error).__name__}).") from None


def _server(place: SplitResult) -> smtplib.SMTP:
    host, port = place.hostname or "", place.port or _PORTS[place.scheme]
    if place.scheme == "smtps":
        return smtplib.SMTP_SSL(host, port, timeout=_SECONDS, context=ssl.create_default_context())
    return smtplib.SMTP(host, port, timeout=_SECONDS)
