"""A production start: the example settings pass Django's deployment checks, image and compose name what there is."""

import base64
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from auditportal.env import NEEDED, Env
from tests.compose import compose, environment_of, read_env, services

ROOT = Path(__file__).resolve().parents[3]
PASSWORDS = {
    f"{name}_PASSWORD": f"only-for-tests-{name.lower()}"
    for name in ("POSTGRES", "PORTAL_MIGRATOR", "PORTAL_WEB", "PORTAL_SEALER", "CACHE", "BROKER")
}
GIVEN = {
    **PASSWORDS,
    "SECRET_KEY": "p1q-" * 15 + "0987654321abcdefghij",
    "AUDIT_FIELD_KEY": base64.b64encode(b"only for tests, 32 bytes, really").decode(),
    "COMMBOX_API_KEY": "only-for-tests",
    "COMMBOX_WEBHOOK_TOKEN": "only-for-tests-only-for-tests",
}
# Which secret each service is given. What is not listed is in no container.
STORAGE_KEYS = {"STORAGE_ACCESS_KEY", "STORAGE_SECRET_KEY"}
WORK = {
    *("DATABASE_URL", "REDIS_URL", "BROKER_URL", "COMMBOX_API_KEY", "COMMBOX_API_KEY_NEXT"),
    *("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AUDIT_FIELD_KEY", "KEY_ENCRYPTION_KEYS", "SMTP_URL"),
}
SECRETS = {
    "database": PASSWORDS.keys() - {"CACHE_PASSWORD", "BROKER_PASSWORD"},
    "cache": {"CACHE_PASSWORD"},
    "broker": {"BROKER_PASSWORD"},
    "migrate": {"DATABASE_OWNER_URL"},
    "web": WORK
    | {
        "SECRET_KEY",
        "SECRET_KEY_FALLBACKS",
        "COMMBOX_WEBHOOK_TOKEN",
        "COMMBOX_WEBHOOK_HEADER",
        "METRICS_TOKEN",
        "OIDC_CLIENT_SECRET",
    },
    "worker": WORK,
    "beat": {"BROKER_URL"},
    "signer": set(),
    "sealer": {"DATABASE_SEALER_URL", "AUDIT_ANCHOR_SECRET_ACCESS_KEY", "SMTP_URL"},
    "storage": {"ROOT_ACCESS_KEY", "ROOT_SECRET_KEY"},
}
# What the image's own command reads.
OF_THE_IMAGE = {"WEB_WORKERS"}
SERVE = "auditportal/management/commands/serve.py"
NETWORKS = {
    "database": {"database"},
    "cache": {"cache"},
    "broker": {"broker"},
    "migrate": {"database"},
    "web": {"database", "cache", "broker", "outside"},
    "worker": {"database", "cache", "broker", "outside"},
    "beat": {"broker"},
    "signer": set(),
    "sealer": {"database", "outside"},
    "storage": {"outside"},
}


def example() -> dict[str, str]:
    """deploy/example.env, its blanks filled in; empty lines for a credential stay out."""
    return {name: value for name, value in read_env(ROOT / "deploy" / "example.env").items() if value} | GIVEN


def settings_of(name: str) -> dict[str, str]:
    """The environment of a service's container."""
    return environment_of(services(example())[name], example())


# manage.py with the static files of another folder: there are none in a checkout.
MANAGE = """
import sys
from django.conf import settings
from django.core.management import execute_from_command_line
settings.STATIC_ROOT = sys.argv.pop(1)
execute_from_command_line(sys.argv)
"""


def manage(static: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    variables = {"DJANGO_SETTINGS_MODULE": "auditportal.settings", **settings_of("web"), **more}
    env = {"PATH": os.environ["PATH"], **variables}
    command = [sys.executable, "-W", "ignore", "-c", MANAGE, str(static), *arguments]
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=300)


@pytest.fixture
def collected(tmp_path: Path) -> Path:
    (tmp_path / "staticfiles.json").write_text('{"version": "1.1", "paths": {}}')
    return tmp_path


@pytest.mark.slow
def test_djangos_deployment_checks_have_nothing_to_say(collected: Path) -> None:
    done = manage(collected, "check", "--deploy", "--fail-level", "WARNING")
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("setting", "value", "said"),
    [
        ("DEMO", "true", "portal.E002"),
        ("PUBLIC_URL", "", "portal.E001"),
        ("DEMO_SIGN_IN", "easy", "DEMO_SIGN_IN=easy"),
    ],
)
def test_what_is_for_the_demo_is_no_production_setting(
    collected: Path, setting: str, value: str, said: str
) -> None:
    done = manage(collected, "check", "--deploy", **{setting: value})
    assert done.returncode != 0
    assert said in done.stderr


@pytest.mark.slow
def test_static_files_that_were_not_collected_are_an_error(tmp_path: Path) -> None:
    done = manage(tmp_path, "check", "--deploy")
    assert done.returncode != 0
    assert "portal.E003" in done.stderr
    assert manage(tmp_path, "collectstatic", "--noinput").returncode == 0
    assert manage(tmp_path, "check", "--deploy").returncode == 0


def test_each_service_is_given_the_secrets_it_needs_and_no_others() -> None:
    """Whoever takes over the sealer or beat has no key of the pages; a new secret has to be placed here."""
    of_settings = {name for name, field in Env.model_fields.items() if "SecretStr" in str(field.annotation)}
    secret = of_settings | PASSWORDS.keys() | {"ROOT_ACCESS_KEY", "ROOT_SECRET_KEY"}
    given = {name: service.get("environment", {}).keys() for name, service in compose()["services"].items()}
    assert {name: names & secret for name, names in given.items()} == SECRETS
    assert all("env_file" not in service for service in compose()["services"].values())


def test_each_setting_there_is_reaches_a_service_that_may_need_it() -> None:
    """But for those that are of no production, and the folder that the image names."""
    ours = [service for service in compose()["services"].values() if service.get("image") == "auditportal"]
    given = {name for service in ours for name in service.get("environment", {})}
    assert Env.model_fields.keys() - given == {"DEMO", "DEMO_SIGN_IN", "DEBUG", "REPORTS_DIR"}


def test_web_has_the_time_and_the_places_it_needs() -> None:
    """A process that serves may take 20 seconds to end; uploads cannot fill the place of the metrics."""
    web = compose()["services"]["web"]
    kill = re.search(r"--workers-kill-timeout (\d+)", (ROOT / SERVE).read_text())
    assert kill
    assert int(web["stop_grace_period"].removesuffix("s")) > int(kill[1])
    metrics = re.search(r"PROMETHEUS_MULTIPROC_DIR=(\S+)", (ROOT / "Dockerfile").read_text())
    assert metrics
    assert metrics[1] in [mount.partition(":")[0] for mount in web["tmpfs"]]
    assert set(re.findall(r"\$\{(\w+)", (ROOT / "Dockerfile").read_text())) == OF_THE_IMAGE
    assert web["environment"].keys() >= OF_THE_IMAGE


def test_each_service_is_given_settings_that_there_are() -> None:
    for name, service in compose()["services"].items():
        if service.get("image") == "auditportal":
            assert service.get("environment", {}).keys() <= Env.model_fields.keys() | OF_THE_IMAGE, name
    assert (
        read_env(ROOT / "deploy" / "example.env").keys()
        <= Env.model_fields.keys() | PASSWORDS.keys() | STORAGE_KEYS
    )


@pytest.mark.parametrize("name", ["web", "worker", "beat", "sealer", "migrate"])
def test_each_process_starts_with_its_own_environment(name: str) -> None:
    """The settings are read with nothing else; without one of what the process needs they name it."""
    read = [sys.executable, "-W", "ignore", "-c", "import django; django.setup()"]
    env = {"PATH": os.environ["PATH"], "DJANGO_SETTINGS_MODULE": "auditportal.settings", **settings_of(name)}
    done = subprocess.run(read, cwd=ROOT, env=env, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    needed = NEEDED[env["PROCESS"]]
    done = subprocess.run(
        read,
        cwd=ROOT,
        env={key: value for key, value in env.items() if key not in needed},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode != 0
    assert [name for name in needed if f"{name}: Field required" not in done.stderr] == []


@pytest.mark.slow
def test_a_setting_of_an_earlier_release_is_named_at_the_start() -> None:
    read = [sys.executable, "-W", "ignore", "-c", "import django; django.setup()"]
    settings = {
        **settings_of("web"),
        "AUDIT_LAG_ALARM_SECONDS": "60",
        "DJANGO_SETTINGS_MODULE": "auditportal.settings",
    }
    env = {"PATH": os.environ["PATH"], **settings}
    done = subprocess.run(read, cwd=ROOT, env=env, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0
    warnings = [json.loads(line) for line in done.stderr.splitlines()]
    assert [line["event"] for line in warnings] == [
        "AUDIT_LAG_ALARM_SECONDS is ignored: the alarm is raised at a tenth of AUDIT_LAG_LIMIT_SECONDS"
    ]


def test_no_container_can_do_more_than_its_work() -> None:
    for name, service in compose()["services"].items():
        hardened = (service["read_only"], service["cap_drop"], service["security_opt"])
        assert hardened == (True, ["ALL"], ["no-new-privileges:true"]), name
        assert {"mem_limit", "pids_limit", "cpus"} <= service.keys(), name
        assert all("size=" in mount for mount in service["tmpfs"]), name
        assert "test" in service["healthcheck"] or name == "migrate", name
        assert service.get("privileged") is None
        pinned = re.fullmatch(r"\S+:[\w.-]+@sha256:[0-9a-f]{64}", service["image"])
        assert pinned or service["image"] == "auditportal", name


def test_cache_and_broker_are_two_servers_whose_logins_cannot_administer_them() -> None:
    services = compose()["services"]
    commands = {name: services[name]["command"][-1] for name in ("cache", "broker")}
    policies = {name: re.findall(r"--maxmemory-policy (\S+)", text) for name, text in commands.items()}
    assert policies == {"cache": ["volatile-lru"], "broker": ["noeviction"]}
    for name, text in commands.items():
        default, login = re.findall(r"user \S+ on [^\\]+", text)
        assert default == "user default on nopass -@all +ping"
        assert login.startswith(f"user {name} on >%s ")
        assert "-@dangerous" in login


def test_networks_are_apart_and_one_of_them_leads_out() -> None:
    document = compose()
    networks = {name: set(service.get("networks", ())) for name, service in document["services"].items()}
    assert networks == NETWORKS
    assert document["services"]["signer"]["network_mode"] == "none"
    open_ones = [
        name for name, network in document["networks"].items() if not (network or {}).get("internal")
    ]
    assert open_ones == ["outside"]
    ports = [port for service in document["services"].values() for port in service.get("ports", ())]
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_the_signer_s_key_is_mounted_in_the_signer_only() -> None:
    document = compose()["services"]
    holders = [name for name, service in document.items() if "signer:/signer" in service.get("volumes", [])]
    assert holders == ["signer"]
    mounts = [
        mount.partition(":")[0] for service in document.values() for mount in service.get("volumes", [])
    ]
    assert [mount for mount in mounts if mount.startswith("./") and not (ROOT / mount).exists()] == []


def test_every_base_image_is_pinned() -> None:
    lines = [line for line in (ROOT / "Dockerfile").read_text().splitlines() if line.startswith("FROM ")]
    assert len(lines) == 2
    assert all(re.match(r"FROM python:[\w.-]+@sha256:[0-9a-f]{64}( AS build)?$", line) for line in lines)
    assert "HEALTHCHECK" not in (ROOT / "Dockerfile").read_text()


def test_the_image_copies_what_there_is():
    copied = [
        word
        for line in (ROOT / "Dockerfile").read_text().splitlines()
        if line.startswith("COPY ") and "--from" not in line
        for word in line.split()[1:-1]
    ]
    assert copied
    assert [name for name in copied if not (ROOT / name).exists()] == []
