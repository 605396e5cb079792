"""manage.py sandbox_call: simulate the end of a recorded video call in the sandbox of a running demo."""

import json
import os
import time
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

from django.core.management.base import BaseCommand, CommandError, CommandParser

from auditportal.sandbox.control.api import PREFIX
from auditportal.sandbox.world.media import MEDIA

LONGEST_WAIT = 60.0
POLL_SECONDS = 0.2


class Command(BaseCommand):
    """Prints the object of the call, and waits until CommBox lists the recording."""

    help = "Simulate a recorded call in the running sandbox: the call ends, its file is stored, and then it is listed."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--stream", type=int, help="id of a video channel (default: the first)")
        parser.add_argument(
            "--object", type=int, help="add the recording to this object (default: a new object)"
        )
        parser.add_argument("--medium", choices=list(MEDIA), default="call-65s.mp4")
        parser.add_argument(
            "--stored-after",
            type=float,
            default=5.0,
            help="seconds from the end of the call to the stored file",
        )
        parser.add_argument(
            "--listed-after",
            type=float,
            default=2.0,
            help="seconds from the stored file to the listed recording",
        )
        parser.add_argument(
            "--url", default=os.environ.get("COMMBOX_API_URL"), help="URL of the sandbox's API"
        )
        parser.add_argument(
            "--no-wait", action="store_true", help="do not wait until the recording is listed"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        request = {"medium": options["medium"], "stored_after": options["stored_after"]}
        request |= {"listed_after": options["listed_after"]}
        request |= {"stream_id": options["stream"]} if options["stream"] else {}
        request |= {"object_id": options["object"]} if options["object"] else {}
        call = request_calls(options["url"], "POST", request)
        self.stdout.write(f"A call of object {call['object_id']} on channel {call['stream_id']} has ended.")
        if not options["no_wait"]:
            self.wait(options["url"], call)

    def wait(self, url: str, call: dict[str, Any]) -> None:
        """Wait until the recording is listed, and print that. Raises CommandError after LONGEST_WAIT."""
        deadline = time.monotonic() + LONGEST_WAIT
        while time.monotonic() < deadline:
            if any(known["key"] == call["key"] and known["listed"] for known in request_calls(url, "GET")):
                self.stdout.write(f"The recording is stored, and CommBox lists it: {call['key']}")
                return
            time.sleep(POLL_SECONDS)
        raise CommandError("CommBox did not list the recording in time.")


def request_calls(url: str | None, method: str, body: dict[str, Any] | None = None) -> Any:
    """Send a request to the sandbox's control API. Raises CommandError when it refuses or does not answer."""
    parts = urlsplit(url or "")
    connection = HTTPConnection(parts.hostname or "127.0.0.1", parts.port, timeout=10)
    try:
        headers = {"Content-Type": "application/json"}
        connection.request(method, f"{PREFIX}calls", json.dumps(body) if body else None, headers)
        response = connection.getresponse()
        answer = json.loads(response.read())
    except (OSError, ValueError):
        raise CommandError(
            "The sandbox does not answer. Start the demo, or name the sandbox's API with --url."
        ) from None
    finally:
        connection.close()
    if response.status != 200:
        raise CommandError(
            answer.get("error") or answer.get("description") or "The sandbox refused the request."
        )
    return answer
