"""The policy of an access key, as IAM evaluates one: what is not allowed is refused, and a Deny always wins.

Only what deploy/storage/reader-policy.json uses is known; anything else raises ValueError instead of being ignored.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from fnmatch import fnmatchcase
from ipaddress import ip_address, ip_network
from typing import Any

from auditportal.sandbox.messages import Request
from auditportal.sandbox.s3.sigv4 import Policy, Refused, read


def check_policy(policy: Policy, request: Request, bucket: str, key: str, now: datetime) -> None:
    """Raises Refused unless the policy allows this presigned read, ValueError for a policy that cannot be evaluated."""
    action = "s3:GetObjectVersion" if "versionId" in request.params else "s3:GetObject"
    facts = {
        "s3:signatureAge": str(int((now - read(request.params).signed_at).total_seconds() * 1000)),
        "aws:SecureTransport": "false",  # the sandbox speaks plain HTTP
        "aws:SourceIp": request.client,
    }
    effects = {
        statement["Effect"]
        for statement in policy["Statement"]
        if _matches(statement["Action"], action)
        and _matches(statement["Resource"], f"arn:aws:s3:::{bucket}/{key}")
        and _holds(statement.get("Condition", {}), facts)
    }
    if effects != {"Allow"}:
        raise Refused("AccessDenied", "Access Denied")


def _matches(patterns: str | list[str], value: str) -> bool:
    return any(fnmatchcase(value, each) for each in ([patterns] if isinstance(patterns, str) else patterns))


def _holds(conditions: Mapping[str, Mapping[str, Any]], facts: Mapping[str, str]) -> bool:
    """Return whether all conditions are met."""
    unknown = conditions.keys() - _OPERATORS.keys()
    if unknown or any(name not in facts for tests in conditions.values() for name in tests):
        raise ValueError(f"The sandbox does not know these conditions: {dict(conditions)}")
    return all(
        _OPERATORS[operator](facts[name], wanted)
        for operator, tests in conditions.items()
        for name, wanted in tests.items()
    )


def _is_in_network(address: str, wanted: Any) -> bool:
    networks = [wanted] if isinstance(wanted, str) else wanted
    return any(ip_address(address) in ip_network(network) for network in networks)


_OPERATORS: dict[str, Callable[[str, Any], bool]] = {
    "NumericGreaterThan": lambda fact, wanted: int(fact) > int(wanted),
    "Bool": lambda fact, wanted: fact == str(wanted).lower(),
    "IpAddress": _is_in_network,
}
