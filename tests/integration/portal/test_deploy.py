"""A production start: the example settings pass Django's deployment checks, image and compose name what there is."""

import base64
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
GIVEN = {
    "SECRET_KEY": "p1q-" * 15 + "0987654321abcdefghij",
    "AUDIT_FIELD_KEY": base64.b64encode(b"only for tests, 32 bytes, really").decode(),
    "COMMBOX_API_KEY": "only-for-tests",
    "DATABASE_URL": "postgresql://portal_web@database/auditportal",
    "REDIS_URL": "redis://redis:6379/0",
}


def example() -> dict[str, str]:
    """deploy/example.portal.env, its blanks filled in; empty lines for a credential stay out."""
    lines = (ROOT / "deploy" / "example.portal.env").read_text().splitlines()
    pairs = (line.partition("=")[::2] for line in lines if line and not line.startswith("#"))
    return {name: value for name, value in pairs if value} | GIVEN


def manage(*arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    env = {"PATH": os.environ["PATH"], **example(), **more}
    command = [sys.executable, "-W", "ignore", "manage.py", *arguments]
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=300)


@pytest.mark.slow
def test_djangos_deployment_checks_have_nothing_to_say():
    """S72."""
    done = manage("check", "--deploy", "--fail-level", "WARNING")
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("setting", "value", "said"), [("DEMO", "true", "portal.E002"), ("PUBLIC_URL", "", "portal.E001")]
)
def test_what_is_for_the_demo_is_no_production_setting(setting, value, said):
    done = manage("check", "--deploy", **{setting: value})
    assert done.returncode != 0
    assert said in done.stderr


def test_every_service_of_compose_knows_its_image_and_its_settings():
    """A slip in a name would otherwise show at an installation only."""
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    services = compose["services"]
    assert {
        "database",
        "redis",
        "migrate",
        "web",
        "worker",
        "beat",
        "signer",
        "sealer",
        "storage",
    } == services.keys()
    ours = {name: service for name, service in services.items() if service.get("image") == "auditportal"}
    assert ours.keys() == {"migrate", "web", "worker", "beat", "signer", "sealer"}
    signer = ours.pop("signer")
    assert not signer["environment"]
    assert not signer["env_file"]
    assert signer["network_mode"] == "none"
    holders = [name for name, service in services.items() if "signer:/signer" in service.get("volumes", [])]
    assert holders == ["signer"]
    assert all({"DATABASE_URL", "REDIS_URL"} <= service["environment"].keys() for service in ours.values())
    assert "DATABASE_OWNER_URL" in services["migrate"]["environment"]
    assert "DATABASE_OWNER_URL" not in services["web"]["environment"]
    superuser = {"POSTGRES_PASSWORD", "PORTAL_MIGRATOR_PASSWORD"}
    assert all(service["env_file"] == "portal.env" for service in ours.values())
    assert not superuser & example().keys()
    mounts = [mount.partition(":")[0] for mount in services["database"]["volumes"]]
    assert all((ROOT / mount).exists() for mount in mounts if mount.startswith("./"))


def test_the_image_copies_what_there_is():
    copied = [
        word
        for line in (ROOT / "Dockerfile").read_text().splitlines()
        if line.startswith("COPY ") and "--from" not in line
        for word in line.split()[1:-1]
    ]
    assert copied
    assert [name for name in copied if not (ROOT / name).exists()] == []
