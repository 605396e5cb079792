"""Drop from a request what RFC 7643 defines and the portal does not keep, such as phone numbers and passwords.

RFC 7644 3.3 lets a server ignore such attributes, and identity providers send many. Whatever remains unknown is refused
by the schema.
"""

import json
import re
from typing import Any

import scim2_models
from scim2_models import InvalidValueException

from auditportal.accounts.provisioning import resources

MOST_OPERATIONS = 1000
_USER = str(resources.User.__schema__).lower()
_ENTERPRISE = str(scim2_models.EnterpriseUser.__schema__).lower()


def _aliases(model: Any) -> set[str]:
    return {(field.serialization_alias or name).lower() for name, field in model.model_fields.items()}


_DROPPED = _aliases(scim2_models.User) - _aliases(resources.User)
_EMAIL_PARTS = _aliases(scim2_models.User.Emails)
_SELECTED_EMAIL = re.compile(r"emails\[(.*)\](?:\.value)?\Z")
_KEPT_EMAIL = frozenset({'typeeq"work"', "primaryeqtrue"})
_FIRST_NAME = re.compile(r"[^.\[]*")


def tidied(method: str, body: bytes) -> bytes:
    """Return the body of a request about people without what is not kept.

    A body that is no JSON object is returned as it is, for the schema to refuse. A PATCH without any operation left has
    an empty list of operations. Raises InvalidValueException for more than MOST_OPERATIONS operations.
    """
    try:
        given = json.loads(body)
    except (ValueError, RecursionError):
        return body
    if not isinstance(given, dict):
        return body
    if method == "PATCH":
        name = next((key for key in given if key.lower() == "operations"), "")
        operations = given.get(name)
        if not isinstance(operations, list):
            return body
        if len(operations) > MOST_OPERATIONS:
            raise InvalidValueException(detail=f"A PATCH has at most {MOST_OPERATIONS:,} operations.")
        given[name] = [operation for each in operations if (operation := _operation(each)) is not None]
    else:
        given = _attributes(given)
        if method == "POST" and "active" not in {key.lower() for key in given}:
            given["active"] = True
    return json.dumps(given).encode()


def has_no_operation(body: bytes) -> bool:
    """Whether a tidied PATCH has nothing left to do."""
    try:
        given = json.loads(body)
    except (ValueError, RecursionError):
        return False
    return isinstance(given, dict) and any(
        key.lower() == "operations" and value == [] for key, value in given.items()
    )


def _attributes(given: dict[str, Any]) -> dict[str, Any]:
    """Return the attributes that are kept; a name given in parts becomes the display name."""
    kept = {key: _value(key, value) for key, value in given.items() if not _is_dropped(key)}
    names = {key.lower() for key in kept}
    whole = _member(given, "name")
    if "displayname" not in names and isinstance(whole, dict):
        parts = (
            [whole.get("formatted")]
            if whole.get("formatted")
            else [whole.get("givenName"), whole.get("familyName")]
        )
        if text := " ".join(str(part) for part in parts if part):
            kept["displayName"] = text
    return kept


def _operation(given: Any) -> Any:
    """Return an operation of a PATCH, None for one about what is not kept."""
    if not isinstance(given, dict):
        return given
    path = _member(given, "path")
    name = next((key for key in given if key.lower() == "value"), "")
    value = given.get(name)
    if isinstance(path, str) and path:
        if _is_dropped(path):
            return None
        if selected := _SELECTED_EMAIL.match(path.replace(" ", "").lower().removeprefix(f"{_USER}:")):
            # There is one address. A provider that selects it by its type, or as the primary one, means this one.
            if selected[1] not in _KEPT_EMAIL:
                return None
            path, value = "emails", [{"value": value}] if isinstance(value, str) else [value]
        if path.lower().removeprefix(f"{_USER}:") == "emails":
            if not name:
                return {"op": "remove", "path": "emails"}
            op = "remove" if str(_member(given, "op")).lower() == "remove" else "replace"
            return {"op": op, "path": "emails"} | ({} if op == "remove" else {"value": _value(path, value)})
        return {**given, name: _value(path, value)} if name else given
    if isinstance(value, dict):
        kept = _attributes(value)
        return {**given, name: kept} if kept or not value else None
    return given


def _is_dropped(path: str) -> bool:
    lower = path.lower()
    if lower.startswith(_ENTERPRISE):
        return True
    return _FIRST_NAME.match(lower.removeprefix(f"{_USER}:"))[0] in _DROPPED  # type: ignore[index]


def _value(name: str, value: Any) -> Any:
    """Return a value without the enterprise schema, and mail addresses as the one that is kept: the primary one."""
    if name.lower() == "schemas" and isinstance(value, list):
        return [urn for urn in value if str(urn).lower() != _ENTERPRISE]
    if name.lower().removeprefix(f"{_USER}:") == "emails" and isinstance(value, list):
        whole = [
            each for each in value if isinstance(each, dict) and {key.lower() for key in each} <= _EMAIL_PARTS
        ]
        if whole and len(whole) == len(value):
            chosen = next((each for each in whole if each.get("primary") is True), whole[0])
            return [{"value": chosen.get("value")}]
    return value


def _member(given: dict[str, Any], name: str) -> Any:
    """Return a member of a JSON object; names have no case in SCIM."""
    return next((value for key, value in given.items() if key.lower() == name), None)
