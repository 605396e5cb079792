"""Mail the newest checkpoint every day: it pins the history of the log before it, for anyone who keeps the mail."""

import smtplib
import ssl
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from urllib.parse import SplitResult, unquote, urlsplit

from recordings.proof.anchors import ledger
from recordings.proof.anchors.destination import Destination, Published, Trouble
from recordings.proof.anchors.ledger import Connection, StoredCheckpoint
from recordings.storage.hosts import is_loopback

NAME = "mail"
EVERY = timedelta(days=1)
_SECONDS = 20.0
_PORTS = {"smtp": 25, "smtps": 465}


class MailDestination(Destination):
    """The recipients of the daily mail: the newest checkpoint, and the incidents since the last mail."""

    name, every = NAME, EVERY

    def __init__(self, url: str, sender: str, recipients: Sequence[str], portal: str) -> None:
        self._url, self._sender, self._recipients, self._portal = url, sender, list(recipients), portal

    def publish(self, connection: Connection) -> Published:
        """Send the mail, and keep a copy. A refused recipient is named in the remark, and not tried again today."""
        checkpoint = ledger.newest(connection)
        recipients = ", ".join(self._recipients)
        old, since = ledger.last_anchor(connection, NAME, recipients) or (0, datetime.min.replace(tzinfo=UTC))
        message = self._message(checkpoint, old, ledger.incidents_since(connection, since))
        refused = send(self._url, message)
        ledger.record_anchor(
            connection, NAME, checkpoint.size, recipients, message.as_bytes(), datetime.now(UTC)
        )
        return Published(checkpoint.size, f"Refused for {', '.join(sorted(refused))}." if refused else "")

    def _message(self, checkpoint: StoredCheckpoint, old: int, incidents: Sequence[str]) -> EmailMessage:
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


def text(checkpoint: StoredCheckpoint, old: int, incidents: Sequence[str], portal: str) -> str:
    """Write the text of the mail."""
    listed = "\n".join(f"- {incident}" for incident in incidents) or "None."
    where = f"Sign in at {portal}, open" if portal else "Sign in to the portal, open"
    return f"""\
Keep this mail. It holds the newest checkpoint of the audit trail {checkpoint.origin}. Whoever has it can
tell later that nothing before it was changed, removed or put in between.

Signed   {checkpoint.signed_at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC
Leaves   {checkpoint.size:,} ({checkpoint.size - old:,} new since {"the mail before" if old else "the log was opened"})

Incidents in that time:
{listed}

To compare it: {where} the audit trail and paste the lines between the rulers into
"Compare with my checkpoint".

----------------------------------------------------------------
{checkpoint.note}----------------------------------------------------------------
"""


def send(url: str, message: EmailMessage) -> list[str]:
    """Send the mail; returns the recipients that the server refused. Trouble when nobody gets it.

    `smtps://` is TLS from the start; `smtp://` is plain to this machine and STARTTLS, checked, to any other.
    """
    parts = urlsplit(url)
    if parts.scheme not in _PORTS or not parts.hostname:
        raise Trouble("SMTP_URL must be smtp://host:port or smtps://host:port.")
    try:
        with _connect(parts) as server:
            if parts.scheme == "smtp" and not is_loopback(parts.hostname):
                server.starttls(context=ssl.create_default_context())
            if parts.username:
                server.login(unquote(parts.username), unquote(parts.password or ""))
            return list(server.send_message(message))
    except smtplib.SMTPRecipientsRefused:
        raise Trouble("The mail server refused every recipient.") from None
    except smtplib.SMTPResponseException as error:
        raise Trouble(f"The mail server refused ({type(error).__name__}, {error.smtp_code}).") from None
    except smtplib.SMTPNotSupportedError:
        raise Trouble("The mail server offers no STARTTLS or no way to sign in.") from None
    except (OSError, smtplib.SMTPException) as error:
        raise Trouble(f"The mail server could not be reached ({type(error).__name__}).") from None


def _connect(parts: SplitResult) -> smtplib.SMTP:
    host, port = parts.hostname or "", parts.port or _PORTS[parts.scheme]
    if parts.scheme == "smtps":
        return smtplib.SMTP_SSL(host, port, timeout=_SECONDS, context=ssl.create_default_context())
    return smtplib.SMTP(host, port, timeout=_SECONDS)
