"""Redis from what this machine has: an installed server, the wheel's, or the Python replacement."""

import os
import sys
from pathlib import Path

import pytest
import redis

from auditportal.embedded import redis as embedded_redis
from auditportal.embedded.redis import Redis, redis_binary


def executable(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def test_an_installed_server_is_preferred(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    valkey = executable(tmp_path / "bin" / "valkey-server")
    monkeypatch.setenv("PATH", str(valkey.parent))
    assert redis_binary() == valkey
    installed = executable(tmp_path / "bin" / "redis-server")
    assert redis_binary() == installed


def test_the_virtual_environments_server_does_not_count_as_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = executable(tmp_path / "venv" / "bin" / "redis-server")
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "venv"))
    monkeypatch.setenv("PATH", str(own.parent))
    monkeypatch.setattr(embedded_redis, "find_spec", lambda name: None)
    assert redis_binary() is None


def test_the_replacement_is_used_without_a_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded_redis, "redis_binary", lambda: None)
    server = Redis(tmp_path, tmp_path)
    process = server.prepare()
    process.start()
    try:
        process.wait_ready(60)
        with redis.Redis.from_url(server.url) as client:
            client.set("greeting", "hello", ex=60)
            assert client.get("greeting") == b"hello"
            assert client.lpush("queue", "job") == 1
            assert client.brpop(["queue"], timeout=1) == (b"queue", b"job")
    finally:
        process.stop()
    assert process.pid is None


def test_the_address_stays_the_same_over_a_restart(tmp_path: Path) -> None:
    server = Redis(tmp_path, tmp_path)
    process, url = server.prepare(), server.url
    for _ in range(2):
        process.start()
        process.wait_ready(60)
        with redis.Redis.from_url(url) as client:
            assert client.ping()
        process.stop()


def test_the_password_is_in_no_command_line(tmp_path: Path) -> None:
    server = Redis(tmp_path, tmp_path)
    process = server.prepare()
    password = server.url.partition(":")[2].partition(":")[2].partition("@")[0]
    assert len(password) == 32
    assert password not in " ".join(process.argv)
    assert password not in repr(process)
    assert os.stat(tmp_path / "redis.conf").st_mode & 0o777 == 0o600
