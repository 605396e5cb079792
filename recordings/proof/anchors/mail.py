"""Mail the newest checkpoint daily. Everyone who keeps the mail can later prove what the log's history was."""

import smtplib
import ssl
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from urllib.parse import SplitResult, unquote, urlsplit

from recordings.proof.anchors import ledger
from recordings.proof.anchors.destination import Destination, DestinationError, Published
from recordings.proof.anchors.ledger import Connection, StoredCheckpoint
from recordings.storage.hosts import is_loopback

NAME = "mail"
EVERY = timedelta(days=1)
_SECONDS = 20.0
_PORTS = {"smtp": 25, "smtps": 465}


class MailDestination(Destination):
    """The recipients of the daily mail with the newest checkpoint and the incidents since the last mail."""

    name, every = NAME, EVERY

    def __init__(self, url: str, sender: str, recipients: Sequence[str], portal: str) -> None:
        self._url, self._sender, self._recipients, self._portal = url, sender, list(recipients), portal

    def publish(self, connection: Connection) -> Published:
        """Send the mail and keep a copy. A refused recipient is named in the remark and must wait for the next mail."""
        checkpoint = ledger.newest(connection)
        recipients = ", ".join(self._recipients)
        old, since = ledger.last_anchor(connection, NAME, recipients) or (0, datetime.min.replace(tzinfo=UTC))
        message = self._message(checkpoint, old, ledger.incidents_since(connection, since))
        refused = send(self._url, message)
        ledger.record_anchor(
            connection, NAME, checkpoint.size, recipients, message.as_bytes(), datetime.now(UTC)
        )
        return Published(
            checkpoint.size, f"The mail server refused {', '.join(sorted(refused))}." if refused else ""
        )

    def _message(self, checkpoint: StoredCheckpoint, old: int, incidents: Sequence[str]) -> EmailMessage:
        if not self._sender:
            raise DestinationError("Set AUDIT_MAIL_FROM, the sender's address.")
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
Keep this mail. It contains the newest checkpoint of the audit trail {checkpoint.origin}. With it you can
later prove whether any earlier event was changed, removed or inserted.

Signed   {checkpoint.signed_at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC
Leaves   {checkpoint.size:,} ({checkpoint.size - old:,} new since {"the last mail" if old else "the log was opened"})

Incidents in that time:
{listed}

To check it: {where} the audit trail and paste the lines between the rulers into
"Compare with my checkpoint".

----------------------------------------------------------------
{checkpoint.note}----------------------------------------------------------------
"""


def send(url: str, message: EmailMessage) -> list[str]:
    """Send the mail; returns the recipients that the server refused. Raises DestinationError when it refuses all.

    `smtps://` is TLS from the start. `smtp://` is plain to this machine, and STARTTLS with verification to any other.
    """
    parts = urlsplit(url)
    if parts.scheme not in _PORTS or not parts.hostname:
        raise DestinationError("SMTP_URL must be smtp://host:port or smtps://host:port.")
    try:
        with _connect(parts) as server:
            if parts.scheme == "smtp" and not is_loopback(parts.hostname):
                server.starttls(context=ssl.create_default_context())
            if parts.username:
                server.login(unquote(parts.username), unquote(parts.password or ""))
            return list(server.send_message(message))
    except smtplib.SMTPRecipientsRefused:
        raise DestinationError("The mail server refused every recipient.") from None
    except smtplib.SMTPResponseException as error:
        reason = f"{type(error).__name__}, {error.smtp_code}"
        raise DestinationError(f"The mail server refused the mail ({reason}).") from None
    except smtplib.SMTPNotSupportedError:
        raise DestinationError("The mail server does not support STARTTLS or authentication.") from None
    except (OSError, smtplib.SMTPException) as error:
        raise DestinationError(f"The mail server could not be reached ({type(error).__name__}).") from None


def _connect(parts: SplitResult) -> smtplib.SMTP:
    host, port = parts.hostname or "", parts.port or _PORTS[parts.scheme]
    if parts.scheme == "smtps":
        return smtplib.SMTP_SSL(host, port, timeout=_SECONDS, context=ssl.create_default_context())
    return smtplib.SMTP(host, port, timeout=_SECONDS)
