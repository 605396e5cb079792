"""Answer a SCIM request: what a token may do, one transaction, errors with a sentence."""

from django.db import transaction
from scim2_models import (
    ForbiddenException,
    MutabilityException,
    ResourceType,
    SCIMException,
    UniquenessException,
)
from scim2_server.handler import ScimHandler
from scim2_server.requests import ScimRequest
from scim2_server.responses import ScimResponse
from scim2_server.routing import Operation, Target
from scim2_server.service import ScimService

from auditportal.accounts.actions import AlreadyDone, LastAdministrator, MailTaken
from auditportal.accounts.provisioning import bodies
from auditportal.accounts.provisioning.models import Scope
from auditportal.accounts.provisioning.resources import PROVIDER
from auditportal.accounts.provisioning.storage import PortalStorage
from recordings.audit import Actor
from recordings.exceptions import PortalError

_READS = frozenset({Operation.query, Operation.search, Operation.search_with_body})


class Failed(SCIMException):
    """An error of the portal, with its own status."""

    def __init__(self, error: PortalError) -> None:
        super().__init__(detail=str(error))
        self.status = error.status


class PortalService(ScimService):
    """The service, with the scopes of tokens. `request.subject` is the scope."""

    def authorize(self, request: ScimRequest, target: Target, resource_type: ResourceType) -> None:
        scope = request.subject
        if scope == Scope.READ and target.operation not in _READS:
            raise ForbiddenException(detail="This token may only read.")
        if scope == Scope.USERS and resource_type.name != "User":
            raise ForbiddenException(detail="This token is for people only, not for groups.")


SERVICE = PortalService(PROVIDER)


def answer(request: ScimRequest, *, by: Actor) -> ScimResponse:
    """Answer a request as a whole or not at all. Raises SCIMException."""
    if request.path.strip("/").split("/")[0].lower() == "users" and request.body:
        request.body = bodies.tidied(request.method, request.body)
        if request.method == "PATCH" and bodies.has_no_operation(request.body):
            request.method = "GET"  # nothing that the portal keeps is to change
    handler = ScimHandler(SERVICE, PortalStorage(by))
    try:
        with transaction.atomic():
            return handler.handle(request)
    except (LastAdministrator, AlreadyDone) as error:
        raise MutabilityException(detail=str(error)) from error
    except MailTaken as error:
        raise UniquenessException(detail=str(error)) from error
    except PortalError as error:
        raise Failed(error) from error
