"""Send OnNewActivity webhooks in the forms that CommBox uses, also duplicated, late and out of order."""

import hashlib
import json
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree

from auditportal.sandbox.behaviour.switches import Panel, Switches
from auditportal.sandbox.clock import Clock
from auditportal.sandbox.commbox.activities import FileUrls, metadata
from auditportal.sandbox.scheduler import Scheduler
from auditportal.sandbox.world.account import Activity, Conversation, World

Json = Any
TIMEOUT_SECONDS = 5.0
BRAND = "northwind"


@dataclass(frozen=True)
class Delivery:
    """One attempt, with request and response. `error` is empty when the receiver answered 2xx."""

    at: datetime
    object_id: int
    content_type: str
    payload: bytes = field(repr=False)
    status: int | None
    error: str


class Webhooks:
    """Sends activities to the URL that is switched on; nothing without a URL."""

    def __init__(self, world: World, panel: Panel, clock: Clock, urls: FileUrls) -> None:
        self.world = world
        self.panel = panel
        self.clock = clock
        self.urls = urls
        self.scheduler = Scheduler(clock, "sandbox webhooks")
        self._lock = threading.Lock()
        self._held: list[Callable[[], None]] = []
        self._done: list[Delivery] = []

    def clear(self) -> None:
        """Clear sent and waiting webhooks."""
        self.scheduler.clear()
        with self._lock:
            self._held.clear()
            self._done.clear()

    def deliveries(self) -> list[Delivery]:
        """Return every attempt so far."""
        with self._lock:
            return list(self._done)

    def failed(self) -> list[Delivery]:
        """Return the attempts that failed, as CommBox lists them."""
        return [one for one in self.deliveries() if one.error]

    def announce(self, talk: Conversation, activity: Activity) -> None:
        """Send OnNewActivity for a new activity, as switched on."""
        switches = self.panel.now
        if not switches.webhook_url or (
            switches.webhook_types and activity.type not in switches.webhook_types
        ):
            return
        with self.world.lock:
            kind, payload = body_for(talk, activity, self.urls, switches)

        def send() -> None:
            self._send(switches.webhook_url, talk.id, kind, payload)

        for job in self._release([send] * switches.webhook_copies, switches.webhook_hold):
            self.scheduler.at(self.clock.now() + timedelta(seconds=switches.webhook_delay), job)

    def _release(self, jobs: list[Callable[[], None]], hold: int) -> list[Callable[[], None]]:
        """Return what to send now: everything, or nothing until more than `hold` wait, then the newest first."""
        with self._lock:
            self._held.extend(jobs)
            if hold and len(self._held) < hold:
                return []
            ready = self._held[::-1] if hold else list(self._held)
            self._held.clear()
            return ready

    def _send(self, url: str, object_id: int, content_type: str, payload: bytes) -> None:
        status, error = post(url, content_type, payload)
        done = Delivery(self.clock.now(), object_id, content_type, payload, status, error)
        with self._lock:
            self._done.append(done)


def post(url: str, content_type: str, payload: bytes) -> tuple[int | None, str]:
    """POST once, without following redirects. Returns the status, and the error unless it is 2xx."""
    parts = urlsplit(url)
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=TIMEOUT_SECONDS)
    try:
        target = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
        connection.request("POST", target, payload, {"Content-Type": content_type})
        status = connection.getresponse().status
    except (OSError, HTTPException) as error:
        return None, type(error).__name__
    finally:
        connection.close()
    return status, "" if 200 <= status < 300 else f"The receiver answered {status}"


def body_for(talk: Conversation, activity: Activity, urls: FileUrls, switches: Switches) -> tuple[str, bytes]:
    """Return content type and body in the form that is switched on."""
    content = metadata(activity, urls, switches)
    at = date_text(activity.created_at, switches)
    if switches.webhook_form == "xml":
        return "text/xml", xml_body(talk, activity, content, at)
    event = json_event(talk, activity_item(activity, content, at, switches), switches)
    return "application/json", json.dumps(event).encode()


def date_text(at: datetime, switches: Switches) -> str:
    """Write CreateDate, day first or year first."""
    return f"{at:%d-%m-%Y %H:%M:%S}" if switches.webhook_dates == "day_first" else f"{at:%Y-%m-%d %H:%M:%S}"


def activity_item(
    activity: Activity, content: dict[str, Json], at: str, switches: Switches
) -> dict[str, Json]:
    """Write an activity of an event. Ids are texts; `Data` is an object or JSON text."""
    as_text = switches.webhook_form in ("json_text", "json_several")
    user = {"Id": str(activity.agent_id or 0), "Identity": {"Id": str((activity.agent_id or 0) + 85_500)}}
    data = json.dumps(content, separators=(",", ":")) if as_text else content
    return {"Id": str(activity.id), "Type": str(activity.type), "CreateDate": at, "User": user, "Data": data}


def json_event(talk: Conversation, item: dict[str, Json], switches: Switches) -> dict[str, Json]:
    """Write the JSON body. The older form wraps it in `payload`; the form with several activities adds a remark."""
    activities: Json = item
    if switches.webhook_form == "json_several":
        remark = {**item, "Id": f"{item['Id']}0", "Type": "1", "Data": '{"text":"New remark"}'}
        activities = [remark, item]
    content = {
        "Subscription": "Object",
        "Name": "OnNewActivity",
        "Brand": BRAND,
        "Object": {
            "Id": str(talk.id),
            "StreamId": str(talk.stream_id),
            "SubStreamId": str(talk.sub_stream_id),
            "Activities": {"Activity": activities},
            "requestId": request_id(talk, item["Id"]),
        },
    }
    return {"payload" if switches.webhook_form == "payload" else "Event": content}


def request_id(talk: Conversation, activity_id: str) -> str:
    """Return the id of a delivery, the same for each of its copies."""
    return str(uuid.UUID(hashlib.sha256(f"{talk.id} {activity_id}".encode()).hexdigest()[:32]))


def xml_body(talk: Conversation, activity: Activity, content: dict[str, Json], at: str) -> bytes:
    """Write the XML form of the developer guide."""
    event = ElementTree.Element("Event", Subscription="Object", Name="OnNewActivity", Brand=BRAND)
    ids = {"Id": str(talk.id), "StreamId": str(talk.stream_id), "SubStreamId": str(talk.sub_stream_id)}
    holder = ElementTree.SubElement(ElementTree.SubElement(event, "Object", ids), "Activities")
    facts = {"Id": str(activity.id), "Type": str(activity.type), "CreateDate": at}
    item = ElementTree.SubElement(holder, "Activity", facts)
    user = ElementTree.SubElement(item, "User", Id=str(activity.agent_id or 0))
    ElementTree.SubElement(user, "Identity", Id=str((activity.agent_id or 0) + 85_500))
    ElementTree.SubElement(item, "Data").text = json.dumps(content, separators=(",", ":"))
    return ElementTree.tostring(event)
