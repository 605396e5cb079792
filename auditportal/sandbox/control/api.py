"""Test control over HTTP, under a prefix that no call of CommBox has. For programs on this machine only."""

import base64
import json
from collections.abc import Callable
from dataclasses import asdict, is_dataclass
from datetime import date, datetime
from typing import Any

from auditportal.sandbox.control.control import Control
from auditportal.sandbox.messages import Request, Response

Json = Any
PREFIX = "/_sandbox/"
LOCAL_HOSTS = ("127.0.0.1", "localhost")
Action = Callable[[Control, dict[str, Json]], Json]


def reset(control: Control, body: dict[str, Json]) -> None:
    """POST reset {}"""
    control.reset()


def seed(control: Control, body: dict[str, Json]) -> None:
    """POST seed {"seed": 7, "today": "2026-05-13"}"""
    control.seed(int(body["seed"]), date.fromisoformat(body["today"]))


def clock(control: Control, body: dict[str, Json]) -> Json:
    """POST clock {"advance_seconds": 60}, {"offset_seconds": 0} or {"at": "2026-05-13T09:00:00Z"}"""
    if "at" in body:
        control.set_clock(datetime.fromisoformat(body["at"]))
    elif "offset_seconds" in body:
        control.clock.set_offset(float(body["offset_seconds"]))
    else:
        control.advance_clock(float(body["advance_seconds"]))
    return show_clock(control, body)


def show_clock(control: Control, body: dict[str, Json]) -> Json:
    """GET clock"""
    return {"now": control.clock.now(), "offset_seconds": control.clock.offset_seconds}


def overview(control: Control, body: dict[str, Json]) -> Json:
    """GET: how much there is"""
    recordings = control.world.recordings()
    return {
        "today": control.world.today,
        "objects": len(control.world.conversations),
        "recordings": len(recordings),
        "calls": len(control.life.made),
        "requests": len(control.requests()),
        "accesses": len(control.access_log()),
        **show_clock(control, body),
    }


def faults(control: Control, body: dict[str, Json]) -> Json:
    """POST faults {"script": [{"kind": "error_500", "path": "/objects/*", "count": 2}]}, {"rate": 0.3, "kinds": […]}"""
    if "rate" in body:
        control.fault_rate(float(body["rate"]), body.get("kinds", ("error_500",)), int(body.get("seed", 0)))
    control.script_faults(body.get("script", ()))
    return control.faults.left()


def make_call(control: Control, body: dict[str, Json]) -> Json:
    """POST calls {"stream_id": 31245, "medium": "call-20s.mp4", "stored_after": 5, "listed_after": 1}"""
    return show_call(control.make_call(**body))


def show_call(call: Any) -> Json:
    """Return a simulated call as JSON."""
    return {name: value for name, value in vars(call).items() if name != "listed"} | {
        "listed": call.listed.is_set()
    }


def replace_file(control: Control, body: dict[str, Json]) -> Json:
    """POST files/replace {"key": …, "medium": …} or {"key": …, "content_base64": …}"""
    content = base64.b64decode(body.pop("content_base64")) if "content_base64" in body else None
    version = control.replace_file(**body, content=content)
    return {"version_id": version.version_id, "etag": version.etag, "size": len(version.content)}


def add_recording(control: Control, body: dict[str, Json]) -> Json:
    """POST recordings {"object_id": …, "medium": …, "stored": true, "duration": -5, …}"""
    return {"activity_id": control.add_recording(**body).id}


def show_recordings(control: Control, body: dict[str, Json]) -> Json:
    """GET recordings: where each file lies, never a URL"""
    with control.world.lock:
        return [
            {"activity_id": one.id, "object_id": talk.id, "file": one.file, "dropped": one.dropped}
            for talk, one in control.world.recordings()
        ]


def webhooks(control: Control, body: dict[str, Json]) -> Json:
    """POST webhooks {"url": "http://127.0.0.1:8000/webhooks/commbox/…"}; the other webhook_… switches without prefix"""
    return control.switch(**{f"webhook_{name}": value for name, value in body.items()})


def show_deliveries(deliveries: list[Any]) -> Json:
    """Return deliveries as JSON, payloads as text."""
    return [asdict(one) | {"payload": one.payload.decode()} for one in deliveries]


ACTIONS: dict[tuple[str, str], Action] = {
    ("GET", ""): overview,
    ("POST", "reset"): reset,
    ("POST", "seed"): seed,
    ("GET", "clock"): show_clock,
    ("POST", "clock"): clock,
    ("GET", "switches"): lambda control, body: control.switch(),
    ("POST", "switches"): lambda control, body: control.switch(**body),
    ("GET", "faults"): lambda control, body: control.faults.left(),
    ("POST", "faults"): faults,
    ("DELETE", "faults"): lambda control, body: control.clear_faults(),
    ("GET", "requests"): lambda control, body: control.requests(),
    ("GET", "accesses"): lambda control, body: control.access_log(),
    ("DELETE", "logs"): lambda control, body: control.clear_logs(),
    ("GET", "calls"): lambda control, body: [show_call(one) for one in control.life.made],
    ("POST", "calls"): make_call,
    ("GET", "recordings"): show_recordings,
    ("POST", "recordings"): add_recording,
    ("POST", "activities/drop"): lambda control, body: control.drop_activity(**body),
    ("POST", "activities/restore"): lambda control, body: control.restore_activity(**body),
    ("POST", "activities/repeat"): lambda control, body: control.repeat_activity(**body),
    ("POST", "files/delete"): lambda control, body: control.delete_file(**body),
    ("POST", "files/replace"): replace_file,
    ("POST", "keys/add"): lambda control, body: control.add_key(**body),
    ("POST", "keys/revoke"): lambda control, body: control.revoke_key(**body),
    ("POST", "webhooks"): webhooks,
    ("GET", "webhooks"): lambda control, body: show_deliveries(control.webhooks()),
    ("GET", "webhooks/failed"): lambda control, body: show_deliveries(control.failed_webhooks()),
}


class ControlApi:
    """Answers requests under the prefix. An invalid request gets a 400 with a sentence."""

    def __init__(self, control: Control) -> None:
        self.control = control

    def __call__(self, request: Request) -> Response:
        """Answer one request."""
        action = ACTIONS.get((request.method, request.path.removeprefix(PREFIX)))
        if refusal := refuse(request):
            return answer(403, {"error": refusal})
        if action is None:
            return answer(404, {"error": "There is no such control.", "controls": sorted(map(list, ACTIONS))})
        try:
            return answer(200, action(self.control, read_body(request)))
        except KeyError as error:
            return answer(400, {"error": str(error.args[0])})
        except (TypeError, ValueError) as error:
            return answer(400, {"error": str(error)})


def refuse(request: Request) -> str:
    """Return why the caller is refused, or "". Web pages of other sites cannot name this host or send JSON."""
    if request.host.partition(":")[0] not in LOCAL_HOSTS:
        return "The sandbox is controlled through 127.0.0.1 or localhost only."
    kind = request.headers.get("content-type", "")
    if request.method != "GET" and not kind.startswith("application/json"):
        return "Controls are sent as application/json."
    return ""


def read_body(request: Request) -> dict[str, Json]:
    """Return the JSON object in the body, empty when there is no body. Raises ValueError for anything else."""
    body = json.loads(request.body or b"{}")
    if not isinstance(body, dict):
        raise ValueError("A control takes a JSON object.")
    return body


def answer(status: int, data: Json) -> Response:
    """Return a JSON response."""
    headers = {"Content-Type": "application/json; charset=utf-8"}
    return Response(status, json.dumps(data, default=plain).encode(), headers)


def plain(value: object) -> Json:
    """Convert values that JSON does not support."""
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    return value.isoformat() if isinstance(value, date) else str(value)
