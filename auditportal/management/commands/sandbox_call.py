"""`manage.py sandbox_call`: a recorded video call ends now, in the sandbox that runs beside the demo."""

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
LOOK_EVERY = 0.2


class Command(BaseCommand):
    """Says which object it was, waits until CommBox lists the recording, and says so."""

    help = (
        "Let a recorded call happen in the running sandbox: it ends, its file is stored, then it is listed."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--stream", type=int, help="id of a video stream (default: the first)")
        parser.add_argument(
            "--object", type=int, help="a further recording of this object instead of a new object"
        )
        parser.add_argument("--medium", choices=list(MEDIA), default="call-65s.mp4")
        parser.add_argument(
            "--stored-after", type=float, default=5.0, help="seconds from the call's end to the file"
        )
        parser.add_argument(
            "--listed-after", type=float, default=2.0, help="seconds from the file to the activity"
        )
        parser.add_argument("--url", default=os.environ.get("COMMBOX_API_URL"), help="the sandbox's API")
        parser.add_argument("--no-wait", action="store_true", help="do not wait until it is listed")

    def handle(self, *args: Any, **options: Any) -> None:
        wish = {"medium": options["medium"], "stored_after": options["stored_after"]}
        wish |= {"listed_after": options["listed_after"]}
        wish |= {"stream_id": options["stream"]} if options["stream"] else {}
        wish |= {"object_id": options["object"]} if options["object"] else {}
        call = ask(options["url"], "POST", wish)
        self.stdout.write(f"A call of object {call['object_id']} on stream {call['stream_id']} has ended.")
        if not options["no_wait"]:
            self.wait(options["url"], call)

    def wait(self, url: str, call: dict[str, Any]) -> None:
        """Wait until the recording is listed, then say so."""
        deadline = time.monotonic() + LONGEST_WAIT
        while time.monotonic() < deadline:
            found = [one for one in ask(url, "GET") if one["key"] == call["key"]]
            if found and found[0]["listed"]:
                self.stdout.write(f"Its recording is stored and CommBox lists it: {call['key']}")
                return
            time.sleep(LOOK_EVERY)
        raise CommandError("CommBox did not list the recording in time.")


def ask(url: str | None, method: str, body: dict[str, Any] | None = None) -> Any:
    """Ask the sandbox's control; what it refuses, and its absence, are said in a sentence."""
    parts = urlsplit(url or "")
    connection = HTTPConnection(parts.hostname or "127.0.0.1", parts.port, timeout=10)
    try:
        headers = {"Content-Type": "application/json"}
        connection.request(method, f"{PREFIX}calls", json.dumps(body) if body else None, headers)
        response = connection.getresponse()
        answer = json.loads(response.read())
    except (OSError, ValueError):
        raise CommandError(
            "No sandbox answers there. Is the demo running? Name its API with --url."
        ) from None
    finally:
        connection.close()
    if response.status != 200:
        raise CommandError(answer.get("error") or answer.get("description") or "The sandbox refused.")
    return answer
