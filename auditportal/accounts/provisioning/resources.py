"""The SCIM schemas of people and groups: the attributes of RFC 7643 that the portal keeps."""

import hashlib
import json
from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any, TypeVar

from pydantic import EmailStr, Field
from scim2_models import (
    URN,
    AuthenticationScheme,
    Bulk,
    CaseExact,
    ChangePassword,
    ComplexAttribute,
    ETag,
    Filter,
    Meta,
    Mutability,
    Patch,
    Reference,
    Required,
    Resource,
    ScimPolicy,
    ScimProvider,
    ServiceProviderConfig,
    Sort,
    Uniqueness,
)

from auditportal.accounts import models
from auditportal.accounts.provisioning.models import Group as GroupRow

R = TypeVar("R", bound=Resource[Any])
MOST_RESULTS = 200
LONGEST_USER_NAME, LONGEST_NAME = 80, 160


class Email(ComplexAttribute):
    """The one address that the portal keeps."""

    value: EmailStr | None = None


class Membership(ComplexAttribute):
    value: Annotated[str | None, Mutability.read_only, CaseExact.true] = None
    ref: Annotated[Reference["Group"] | None, Mutability.read_only] = Field(
        None, serialization_alias="$ref", validation_alias="$ref"
    )
    display: Annotated[str | None, Mutability.read_only] = None


class User(Resource[Any]):
    """A person. The user name never changes: events and sessions refer to it."""

    __schema__ = URN("urn:ietf:params:scim:schemas:core:2.0:User")

    user_name: Annotated[str | None, Uniqueness.server, Required.true, Mutability.immutable] = None
    display_name: str | None = None
    active: Annotated[bool | None, Required.true] = None
    emails: list[Email] | None = None
    groups: Annotated[list[Membership] | None, Mutability.read_only] = None


class Member(ComplexAttribute):
    value: Annotated[str | None, Mutability.immutable, CaseExact.true] = None
    ref: Annotated[Reference["User"] | None, Mutability.immutable] = Field(
        None, serialization_alias="$ref", validation_alias="$ref"
    )
    type: Annotated[str | None, Mutability.immutable] = Field(None, examples=["User"])


class Group(Resource[Any]):
    """A group of people. Groups in groups are not supported."""

    __schema__ = URN("urn:ietf:params:scim:schemas:core:2.0:Group")

    display_name: Annotated[str | None, Required.true, Uniqueness.server] = None
    members: list[Member] | None = None


PROVIDER = ScimProvider(
    models=[User, Group],
    config=ServiceProviderConfig(
        patch=Patch(supported=True),
        bulk=Bulk(supported=False, max_operations=0, max_payload_size=0),
        filter=Filter(supported=True, max_results=MOST_RESULTS),
        change_password=ChangePassword(supported=False),
        sort=Sort(supported=False),
        etag=ETag(supported=True),
        authentication_schemes=[
            AuthenticationScheme(
                type=AuthenticationScheme.Type.oauthbearertoken,
                name="Bearer token",
                description="A token that an administrator makes in the portal.",
                primary=True,
            )
        ],
    ),
    # Microsoft Entra ID sends such PATCH operations.
    policy=ScimPolicy(
        remove_value_as_filter=ScimPolicy.RemoveValue.apply,
        unmatched_path_filter=ScimPolicy.UnmatchedPathFilter.create,
    ),
)


def user_resource(user: models.User, groups: Iterable[GroupRow]) -> User:
    """Return a person as a SCIM resource. Reads `user.provisioned`, if there is one."""
    known = getattr(user, "provisioned", None)
    resource = User(
        id=user_id(user.pk),
        external_id=(known.external_id if known else "") or None,
        user_name=user.username,
        display_name=user.full_name or None,
        active=user.is_active,
        emails=[Email(value=user.email)] if user.email else None,
        groups=[
            Membership(
                value=group_id(group.pk), ref=Reference(f"Groups/{group_id(group.pk)}"), display=group.name
            )
            for group in groups
        ]
        or None,
    )
    return _with_meta(resource, "User", created=user.date_joined)


def group_resource(group: GroupRow, members: Iterable[models.User]) -> Group:
    """Return a group with its members as a SCIM resource."""
    resource = Group(
        id=group_id(group.pk),
        external_id=group.external_id or None,
        display_name=group.name,
        members=[
            Member(value=user_id(user.pk), ref=Reference(f"Users/{user_id(user.pk)}"), type="User")
            for user in members
        ]
        or None,
    )
    return _with_meta(resource, "Group", created=group.created_at)


def user_id(pk: int) -> str:
    """Return the SCIM id of a person: unique among people and groups."""
    return f"user-{pk}"


def group_id(pk: int) -> str:
    """Return the SCIM id of a group."""
    return f"group-{pk}"


def pk_of(scim_id: str, kind: str) -> int | None:
    """Return the primary key in a SCIM id; None when it is not one of this kind."""
    prefix, _, digits = scim_id.partition("-")
    fits = prefix == kind and digits.isascii() and digits.isdecimal() and len(digits) < 19
    return int(digits) if fits else None


def _with_meta(resource: R, kind: str, *, created: datetime) -> R:
    """Add the kind, the time of creation, and a version that changes with the content."""
    content = json.dumps(resource.model_dump(), sort_keys=True, default=str)
    version = hashlib.sha256(content.encode()).hexdigest()[:16]
    resource.meta = Meta(resource_type=kind, created=created, version=f'W/"{version}"')
    return resource
