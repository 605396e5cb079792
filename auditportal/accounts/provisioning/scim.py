"""The SCIM endpoint (RFC 7644) for identity providers, under /scim/v2/."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from scim2_models import PayloadTooLargeException, SCIMException, UnauthorizedException
from scim2_server.requests import ScimRequest
from scim2_server.responses import SCIM_MEDIA_TYPE, ScimResponse

from auditportal.accounts.provisioning.service import SERVICE, answer
from auditportal.accounts.provisioning.tokens import actor_of, note_use, token_of
from recordings.audit import Actor, Kind, Outcome, Target, client_address, record_once
from recordings.counter import CannotCount, count_up, seconds_left
from recordings.policies import open_view

MAX_BYTES = 1024 * 1024
# Requests in a minute: of one token, and of one address without a valid token.
PER_TOKEN, PER_ADDRESS, SECONDS = 600, 30, 60
NOT_KNOWN = "A request needs the header “Authorization: Bearer” with a valid token of this portal."


@open_view
@csrf_exempt
def scim(request: HttpRequest, path: str = "") -> HttpResponse:
    """Answer a SCIM request of an identity provider that bears a token."""
    # 1. Who asks. Without a valid token, attempts are counted by address.
    token = token_of(request)
    name = f"scim:token:{token.pk}" if token else f"scim:address:{client_address(request)}"
    try:
        if count_up(name, SECONDS) > (PER_TOKEN if token else PER_ADDRESS):
            return _too_many(seconds_left(name))
    except CannotCount:
        return _error(
            SCIMException(detail="Requests cannot be counted right now. Try again in a minute."), 503
        )
    if token is None:
        by = Actor.from_request(request)
        _record_refusal(request, by, 401)
        return _error(UnauthorizedException(detail=NOT_KNOWN))
    note_use(token)
    by = actor_of(token, request)
    # 2. The request, up to one byte beyond the limit.
    body = request.read(MAX_BYTES + 1)
    if len(body) > MAX_BYTES:
        return _error(PayloadTooLargeException(detail="A request has at most 1 MiB."))
    asked = ScimRequest(
        method=request.method or "",
        base_url=request.build_absolute_uri("/scim/v2"),
        path=path,
        query={key: str(value) for key, value in request.GET.items()},
        headers=dict(request.headers),
        body=body,
        subject=token.scope,
    )
    # 3. The answer. Reading names people, so it is an event too.
    try:
        if request.method == "GET" or path.endswith(".search"):
            endpoint = path.strip("/").split("/")[0].lower()
            if endpoint in ("", "users", "groups", ".search"):
                target = Target("page", request.path[:200])
                record_once(Kind.PROVISIONING_READ, by=by, act={"endpoint": endpoint}, target=target)
        return _response(answer(asked, by=by))
    except SCIMException as error:
        if request.method != "GET" and error.status < 500:
            _record_refusal(request, by, error.status)
        return _error(error)


def _record_refusal(request: HttpRequest, by: Actor, status: int) -> None:
    """Record, once a minute for each address of the portal, that a request was refused."""
    record_once(
        Kind.PROVISIONING_REFUSED,
        by=by,
        act={"path": request.path, "status": status, "address": by.address},
        target=Target("page", request.path[:200]),
        outcome=Outcome.DENIED,
        detail={"method": request.method or "", "status": status},
    )


def _error(error: SCIMException, status: int = 0) -> HttpResponse:
    error.status = status or error.status
    return _response(SERVICE.error_response(error))


def _too_many(seconds: int) -> HttpResponse:
    response = _error(SCIMException(detail=f"Too many requests. Try again in {seconds} seconds."), 429)
    response.headers["Retry-After"] = str(seconds)
    return response


def _response(answered: ScimResponse) -> HttpResponse:
    if answered.body is None:
        response = HttpResponse(status=answered.status, content_type=SCIM_MEDIA_TYPE)
    else:
        response = JsonResponse(answered.body, status=answered.status, content_type=SCIM_MEDIA_TYPE)
    for name, value in answered.headers.items():
        response.headers[name] = value
    return response
