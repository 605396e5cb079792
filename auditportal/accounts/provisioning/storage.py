"""What scim2-server reads and writes: people and groups of the portal."""

from typing import Any

from django.db.models import Prefetch
from scim2_models import (
    NotFoundException,
    PreconditionFailedException,
    Resource,
    ResourceType,
    ResponseParameters,
    SearchRequest,
)
from scim2_models.path.expressions import CompareOperator, Comparison
from scim2_server.storage import ScimStorage, SearchPage

from auditportal.accounts.models import User
from auditportal.accounts.provisioning import groups, people, resources
from auditportal.accounts.provisioning.models import Group, Membership, Source
from recordings.audit import Actor

Row = User | Group
_MEMBERSHIPS = Prefetch(
    "memberships",
    Membership.objects.filter(until=None).select_related("group", "user").order_by("pk"),
    to_attr="current",
)
# The comparisons with which providers look for one resource, answered by an index: attribute → field of either table.
_FIELDS = {
    "User": {"username": "username", "externalid": "provisioned__external_id"},
    "Group": {"displayname": "name", "externalid": "external_id"},
}


class PortalStorage(ScimStorage):
    """The storage of one request. The caller's transaction makes it all or nothing."""

    def __init__(self, by: Actor) -> None:
        self._by = by

    def get(
        self,
        resource_type: ResourceType,
        resource_id: str,
        *,
        response_parameters: ResponseParameters[Any] | None = None,
    ) -> Resource[Any]:
        return _resource(_row(resource_type, resource_id))

    def search(
        self, resource_types: list[ResourceType], search_request: SearchRequest[Any], *, position: Any = None
    ) -> SearchPage:
        asked = search_request.filter
        rows = [row for kind in resource_types for row in _candidates(str(kind.name), asked)]
        first = search_request.start_index_0 or 0
        last = None if search_request.count is None else first + search_request.count
        if asked is None:
            return SearchPage(len(rows), [_resource(row) for row in rows[first:last]])
        found = [resource for resource in map(_resource, rows) if asked.match(resource)]
        return SearchPage(len(found), found[first:last])

    def create(self, resource_type: ResourceType, resource: Resource[Any]) -> Resource[Any]:
        if isinstance(resource, resources.User):
            row: Row = people.create_person(given=resource, by=self._by)
        elif isinstance(resource, resources.Group):
            row = groups.create_group(given=resource, by=self._by)
        else:
            raise TypeError(resource_type.name)
        return _resource(_row(resource_type, _id(row)))

    def update(
        self, resource_type: ResourceType, resource: Resource[Any], *, expected_version: str | None = None
    ) -> Resource[Any]:
        row = self._unchanged(resource_type, str(resource.id), expected_version)
        if isinstance(row, User) and isinstance(resource, resources.User):
            people.update_person(user=row, given=resource, by=self._by)
        elif isinstance(row, Group) and isinstance(resource, resources.Group):
            groups.update_group(group=row, given=resource, by=self._by)
        return _resource(_row(resource_type, _id(row)))

    def delete(
        self, resource_type: ResourceType, resource_id: str, *, expected_version: str | None = None
    ) -> None:
        row = self._unchanged(resource_type, resource_id, expected_version)
        if isinstance(row, User):
            people.remove_person(user=row, by=self._by)
        else:
            groups.remove_group(group=row, by=self._by)

    def _unchanged(self, resource_type: ResourceType, resource_id: str, version: str | None) -> Row:
        """Lock and return a row. Raises NotFoundException, and PreconditionFailedException when it has changed."""
        model: Any = User if resource_type.name == "User" else Group
        pk = resources.pk_of(resource_id, "user" if model is User else "group")
        # Of two requests about one resource at once, the second waits here and then finds another version.
        list(model.objects.select_for_update(no_key=True).filter(pk=pk).values("pk"))
        row = _row(resource_type, resource_id)
        meta = _resource(row).meta
        if version is not None and (meta is None or meta.version != version):
            raise PreconditionFailedException
        return row


def _rows(kind: str) -> Any:
    if kind == "User":
        people_shown = groups.people_of_provider()
        return people_shown.select_related("provisioned").prefetch_related(_MEMBERSHIPS).order_by("pk")
    groups_shown = Group.objects.filter(source=Source.SCIM, removed_at=None)
    return groups_shown.prefetch_related(_MEMBERSHIPS).order_by("pk")


def _candidates(kind: str, asked: Any) -> list[Row]:
    """Return the rows that can match a filter: those with an equal value when it is one comparison, else all."""
    rows, node = _rows(kind), getattr(asked, "ast", None)
    if isinstance(node, Comparison) and node.op == CompareOperator.eq and isinstance(node.value, str):
        field = _FIELDS[kind].get(str(node.attr_path).lower())
        if field is not None:
            rows = rows.filter(**{f"{field}__iexact": node.value.replace("\0", "")})
    return list(rows)


def _row(resource_type: ResourceType, resource_id: str) -> Row:
    pk = resources.pk_of(resource_id, "user" if resource_type.name == "User" else "group")
    row: Row | None = _rows(str(resource_type.name)).filter(pk=pk).first() if pk is not None else None
    if row is None:
        raise NotFoundException(detail="There is no resource with this id.")
    return row


def _id(row: Row) -> str:
    return resources.user_id(row.pk) if isinstance(row, User) else resources.group_id(row.pk)


def _resource(row: Any) -> Resource[Any]:
    if isinstance(row, User):
        of = [each.group for each in row.current if each.group.source == Source.SCIM]  # type: ignore[attr-defined]
        return resources.user_resource(row, of)
    return resources.group_resource(row, [each.user for each in row.current])
