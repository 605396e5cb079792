"""A token of an identity provider, and requests that bear it."""

import json
from datetime import timedelta
from typing import Any

from django.test import Client
from django.utils import timezone

from auditportal.accounts.models import User
from auditportal.accounts.provisioning.tokens import make_token
from recordings.audit import Actor

BY = Actor.system("test")
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


def token(admin: User, scope: str = "users_and_groups", *, days: int = 30, name: str = "Okta") -> str:
    expires_at = timezone.now() + timedelta(days=days)
    return make_token(name=name, scope=scope, expires_at=expires_at, by=BY, created_by=admin)


class Provider:
    """An identity provider that speaks SCIM."""

    def __init__(self, token: str) -> None:
        self.token = token
        self._client = Client()

    def __call__(self, method: str, path: str, body: Any = None) -> Any:
        return self._client.generic(
            method,
            f"/scim/v2/{path}",
            data=json.dumps(body) if body is not None else "",
            content_type="application/scim+json",
            headers={"Authorization": f"Bearer {self.token}"} if self.token else {},
        )

    def create(self, username: str, **fields: Any) -> str:
        answer = self("POST", "Users", {"schemas": [USER], "userName": username, **fields})
        assert answer.status_code == 201, answer.content
        return str(answer.json()["id"])

    def group(self, name: str, *members: str) -> str:
        body = {"schemas": [GROUP], "displayName": name, "members": [{"value": each} for each in members]}
        answer = self("POST", "Groups", body)
        assert answer.status_code == 201, answer.content
        return str(answer.json()["id"])

    def patch(self, path: str, *operations: dict[str, Any]) -> Any:
        return self("PATCH", path, {"schemas": [PATCH], "Operations": list(operations)})
