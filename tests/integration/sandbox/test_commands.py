"""The two commands as a person runs them."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from .conftest import Answer, Api, send

ROOT = Path(__file__).resolve().parents[3]


def command(*arguments: str, **environment: str) -> "subprocess.Popen[str]":
    line = [sys.executable, str(ROOT / "manage.py"), *arguments]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(line, env={**os.environ, **environment}, text=True, cwd=ROOT, **pipes)


@pytest.fixture
def settings_printed(tmp_path: Path) -> Iterator[dict[str, str]]:
    """What a running `manage.py sandbox` printed; afterwards it ends at SIGTERM with 0."""
    key = {
        "SANDBOX_API_KEY": "a-key-of-its-own",
        "SANDBOX_ACCESS_KEY": "READER",
        "SANDBOX_SECRET_KEY": "s3cr3t",
    }
    with command("sandbox", "--port", "0", "--state-dir", str(tmp_path), **key) as process:
        try:
            assert process.stdout
            lines = [process.stdout.readline().rstrip("\n") for _ in range(7)]
            yield dict(line.split("=", 1) for line in lines)
        finally:
            process.send_signal(signal.SIGTERM)
        rest, errors = process.communicate(timeout=60)
    assert (process.returncode, rest, errors) == (0, "", "")


def ask(settings: dict[str, str], path: str) -> Answer:
    bearer = f"Bearer {settings['COMMBOX_API_KEY']}"
    return send("GET", settings["COMMBOX_API_URL"] + path, Authorization=bearer)


def test_it_prints_the_portals_settings_and_serves(settings_printed: dict[str, str], tmp_path: Path) -> None:
    assert settings_printed["COMMBOX_API_KEY"] == "a-key-of-its-own"
    assert settings_printed["AWS_ACCESS_KEY_ID"] == "READER"
    assert ask(settings_printed, "core/systemstatus").status == 200
    bucket = settings_printed["RECORDING_BUCKETS"].split(",")[0]
    assert send("GET", f"{bucket}/no-such-file").status == 403
    assert (tmp_path / "sandbox-seed.json").exists()


def test_a_port_that_is_taken_is_said(api: Api) -> None:
    port = api.sandbox.api_url.strip("/").rpartition(":")[2]
    with pytest.raises(CommandError, match=rf"Ports {port} and \d+ cannot be used: Address already in use\."):
        call_command("sandbox", port=int(port))


def test_a_call_can_be_made_while_it_runs(api: Api) -> None:
    out = StringIO()
    call_command("sandbox_call", url=api.sandbox.api_url, stored_after=0.05, listed_after=0.05, stdout=out)
    (call,) = api.sandbox.control.life.made
    assert out.getvalue() == (
        f"A call of object {call.object_id} on channel 31245 has ended.\n"
        f"The recording is stored, and CommBox lists it: {call.key}\n"
    )
    assert call.listed.is_set()


def test_a_call_of_an_object_without_waiting(api: Api) -> None:
    talk = api.sandbox.control.world.recordings()[0][0]
    out = StringIO()
    call_command("sandbox_call", url=api.sandbox.api_url, object=talk.id, no_wait=True, stdout=out)
    assert out.getvalue() == f"A call of object {talk.id} on channel {talk.stream_id} has ended.\n"
    assert not api.sandbox.control.life.made[0].listed.is_set()


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/", "", "nonsense"])
def test_without_a_sandbox_it_says_so(url: str) -> None:
    with pytest.raises(CommandError, match=r"The sandbox does not answer\. Start the demo"):
        call_command("sandbox_call", url=url)


def test_what_the_sandbox_refuses_is_said(api: Api) -> None:
    with pytest.raises(CommandError, match=r"There is no video stream 31200\."):
        call_command("sandbox_call", url=api.sandbox.api_url, stream=31200)
