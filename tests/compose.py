"""docker-compose.yml as compose reads it: the variables of .env filled in, and what each service is given."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
# $$ is a dollar sign; ${NAME:?} has to be set, ${NAME:-word} may be left out.
_VARIABLE = re.compile(r"\$(?:\$|\{(\w+)(?::(\?|-)([^}]*))?\})")


def read_env(path: Path) -> dict[str, str]:
    """Read NAME=value lines."""
    lines = (line.partition("=") for line in path.read_text().splitlines() if not line.startswith("#"))
    return {name: value for name, equals, value in lines if equals}


def services(given: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Read the services with the variables of .env filled in. Raises KeyError for a required one that is missing."""
    return {name: _filled(service, given) for name, service in compose()["services"].items()}


def compose() -> dict[str, Any]:
    """Read the file as it stands."""
    document: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return document


def environment_of(service: Mapping[str, Any], given: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that a service's container has: a name without a value is passed on if it is set."""
    environment = service.get("environment", {})
    passed_on = {name: given[name] for name, value in environment.items() if value is None and name in given}
    return passed_on | {name: str(value) for name, value in environment.items() if value is not None}


def _filled(value: Any, given: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _filled(item, given) for key, item in value.items()}
    if isinstance(value, list):
        return [_filled(item, given) for item in value]
    return _VARIABLE.sub(lambda match: _value_of(match, given), value) if isinstance(value, str) else value


def _value_of(match: re.Match[str], given: Mapping[str, str]) -> str:
    name, kind, word = match.groups()
    if name is None:
        return "$"
    if given.get(name):
        return given[name]
    if kind == "-":
        return str(word)
    raise KeyError(name)
