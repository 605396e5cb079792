"""CommBox's API over HTTP: authentication, throttling, faults, and the encoding of responses."""

import gzip
import ipaddress
import json
from dataclasses import replace
from typing import Any

from auditportal.sandbox.behaviour.faults import Fault, Faults, raw_answer
from auditportal.sandbox.behaviour.logs import Log, LoggedRequest
from auditportal.sandbox.behaviour.switches import Panel, Switches
from auditportal.sandbox.clock import Clock
from auditportal.sandbox.commbox import shapes
from auditportal.sandbox.commbox.activities import FileUrls
from auditportal.sandbox.commbox.calls import Added, ApiError, Bare, Call, Calls
from auditportal.sandbox.commbox.keys import Keys
from auditportal.sandbox.commbox.routes import find_route
from auditportal.sandbox.commbox.search import BadQuery
from auditportal.sandbox.commbox.throttle import Throttle, retry_after
from auditportal.sandbox.messages import Request, Response, Transmission
from auditportal.sandbox.world.account import World

FAULTS = {
    "error_500": (500, "Operation failed"),
    "unauthorized": (401, "Unauthorized access"),
    "forbidden": (403, "Forbidden"),
    "not_found": (404, "Not found"),
    "object_not_found": (400, "Object not found"),
    "throttled": (429, "Too Many Requests"),
}
JSON_TYPE = "application/json; charset=utf-8"


class CommBoxApi:
    """The API. `calls` produces the content; this class decides whether and how to send it."""

    def __init__(self, world: World, panel: Panel, clock: Clock, keys: Keys, faults: Faults) -> None:
        self.world = world
        self.panel = panel
        self.clock = clock
        self.keys = keys
        self.faults = faults
        self.throttle = Throttle()
        self.log: Log[LoggedRequest] = Log()
        self.calls: Calls

    def connect(self, urls: FileUrls, added: Added) -> None:
        """Set how recordings are linked and what is called for new activities. Required before the first request."""
        self.calls = Calls(self.world, urls, added)

    def reset(self) -> None:
        """Reset the accepted keys, the throttle and the request log."""
        self.keys.reset()
        self.throttle.clear()
        self.log.clear()

    def __call__(self, request: Request) -> Response:
        """Answer one request and log it."""
        switches = self.panel.now
        fault = self.faults.next_for("api", request)
        response = (raw_answer(fault) if fault else None) or self.answer(request, switches, fault)
        self.note(request, response, fault)
        delivery = fault.delivery() if fault else None
        return replace(response, delivery=delivery) if delivery else wrapped(request, response, switches)

    def answer(self, request: Request, switches: Switches, fault: Fault | None) -> Response:
        """Return the response in CommBox's envelope, or without it in shapes that have none."""
        now = self.clock.now()
        try:
            self.refuse_by_fault(fault, switches)
            self.guard(request, switches)
            handler, ids = find_route(request.method, request.segments)
            with self.world.lock:
                data = handler(self.calls, Call(request, ids, switches, now))
                bare = isinstance(data, Bare)
                content = data.data if bare else shapes.envelope(200, describe(request), data, switches, now)
            if fault is not None and fault.kind == "body_status":
                content = shapes.envelope(fault.status, "Operation failed", "", switches, now)
            return json_response(200, content)
        except BadQuery as error:
            return json_response(400, shapes.envelope(400, str(error), "", switches, now))
        except ApiError as error:
            content = shapes.envelope(error.status, error.description, error.data, switches, now)
            if error.data is None:
                del content["data"]
            return json_response(error.status, content, error.headers)

    def refuse_by_fault(self, fault: Fault | None, switches: Switches) -> None:
        """Raise the error that a fault demands."""
        if fault is None or fault.kind not in FAULTS:
            return
        status, description = FAULTS[fault.kind]
        headers = {"Retry-After": fault.retry_after} if fault.retry_after is not None else {}
        raise ApiError(status, description, "" if status == 400 else None, headers)

    def guard(self, request: Request, switches: Switches) -> None:
        """Refuse a caller outside the IP list (403), without a valid key (401), or calling too often (429)."""
        networks = [ipaddress.ip_network(one) for one in switches.ip_allow]
        if networks and not any(ipaddress.ip_address(request.client) in one for one in networks):
            raise ApiError(403, "Forbidden")
        authorization = request.headers.get("authorization", "")
        if not self.keys.accepts(authorization, self.clock.now()):
            raise ApiError(401, "Unauthorized access")
        if seconds := self.throttle.wait_for(authorization, switches):
            headers = retry_after(switches.retry_after, seconds, self.clock.now())
            raise ApiError(429, "Too Many Requests", headers=headers)

    def note(self, request: Request, response: Response, fault: Fault | None) -> None:
        """Write the request log, with only the last characters of the key."""
        self.log.add(
            LoggedRequest(
                at=self.clock.now(),
                client=request.client,
                method=request.method,
                path=request.path,
                query=request.query,
                status=response.status,
                key_ending=request.headers.get("authorization", "")[-4:],
                request_id=request.headers.get("x-request-id", ""),
                user_agent=request.headers.get("user-agent", ""),
                fault=fault.kind if fault else "",
            )
        )


def describe(request: Request) -> str:
    """Return the description of a success. It means nothing: other calls also say "System is operational"."""
    return "System is operational" if "systemstatus" in request.path else "Operation successful"


def json_response(status: int, content: Any, headers: dict[str, str] | None = None) -> Response:
    """Return a response with a JSON body."""
    return Response(status, json.dumps(content).encode(), {"Content-Type": JSON_TYPE, **(headers or {})})


def wrapped(request: Request, response: Response, switches: Switches) -> Response:
    """Encode the response as switched on. All encodings are valid HTTP."""
    match switches.transfer:
        case "chunked":
            return replace(response, delivery=Transmission(chunked=True))
        case "bom":
            return replace(response, body=b"\xef\xbb\xbf" + bytes(response.body))
        case "gzip" if "gzip" in request.headers.get("accept-encoding", ""):
            headers = response.headers | {"Content-Encoding": "gzip"}
            return replace(response, body=gzip.compress(bytes(response.body)), headers=headers)
    return response
