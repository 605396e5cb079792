"""A process that ends is restarted after increasing pauses. At the end all stop, the last started first."""

import signal
import stat
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from auditportal.embedded.errors import EmbeddedError
from auditportal.embedded.process import Process
from auditportal.embedded.supervisor import Supervisor


class Fake:
    """A process that runs or ends on request."""

    def __init__(self, name: str, story: list[str], *, fails: bool = False) -> None:
        self.name, self.story, self.fails = name, story, fails
        self.running, self.exit_code = True, None

    def start(self) -> None:
        if self.fails:
            raise EmbeddedError(f"{self.name} cannot start.")
        self.story.append(f"start {self.name}")
        self.running = True

    def stop(self) -> None:
        self.story.append(f"stop {self.name}")
        self.running = False

    def die(self) -> None:
        self.running, self.exit_code = False, 1

    def last_error(self) -> str:
        return "The log is empty (log: a.log)"


@pytest.fixture
def printed() -> list[str]:
    return []


@pytest.fixture
def story() -> list[str]:
    return []


def test_a_running_process_is_left_alone(printed: list[str], story: list[str]) -> None:
    supervisor = Supervisor(printed.append)
    supervisor.watch(Fake("web", story))
    for moment in range(5):
        supervisor.check(float(moment))
    assert (printed, story) == ([], [])


def test_a_process_that_ends_is_restarted_and_reported(printed: list[str], story: list[str]) -> None:
    supervisor, web = Supervisor(printed.append), Fake("web", story)
    supervisor.watch(web)
    web.die()
    supervisor.check(100.0)
    supervisor.check(100.5)
    assert story == ["stop web"]
    supervisor.check(101.0)
    assert story == ["stop web", "start web"]
    assert printed == [
        "web ended (exit code 1). The log is empty (log: a.log) It will be restarted in 1 s.",
        "web is running again.",
    ]


def test_the_pauses_double_up_to_half_a_minute_and_are_reset_after_a_minute(
    printed: list[str], story: list[str]
) -> None:
    supervisor, web = Supervisor(printed.append), Fake("web", story)
    supervisor.watch(web)
    now, pauses = 1000.0, []
    for _ in range(7):
        web.die()
        supervisor.check(now)
        pauses.append(int(printed[-1].rpartition(" in ")[2].removesuffix(" s.")))
        now += pauses[-1]
        supervisor.check(now)
    assert pauses == [1, 2, 4, 8, 16, 30, 30]
    web.die()
    supervisor.check(now + 61)
    assert printed[-1].endswith("It will be restarted in 1 s.")


def test_a_failed_start_is_repeated(printed: list[str], story: list[str]) -> None:
    supervisor, web = Supervisor(printed.append), Fake("web", story, fails=True)
    supervisor.watch(web)
    web.die()
    supervisor.check(0.0)
    supervisor.check(1.0)
    assert printed[-1] == "web cannot start."
    supervisor.check(1.5)
    web.fails = False
    supervisor.check(3.5)
    assert printed[-1] == "web is running again."
    assert web.running


def test_processes_stop_in_reverse_order(printed: list[str], story: list[str]) -> None:
    supervisor = Supervisor(printed.append)
    for name in ("database", "web", "worker"):
        supervisor.watch(Fake(name, story))
    supervisor.stop()
    supervisor.stop()
    assert story == ["stop worker", "stop web", "stop database"]


@pytest.fixture
def script(tmp_path: Path) -> Callable[..., Process]:
    def make(code: str, **options: object) -> Process:
        return Process(
            "child",
            [sys.executable, "-c", code],
            lock=tmp_path / "child.lock",
            log=tmp_path / "child.log",
            **options,
        )

    return make


def test_a_process_that_ends_at_once_is_reported_with_its_last_error(script: Callable[..., Process]) -> None:
    process = script(
        "print('Error: the disk is full'); print('bye'); raise SystemExit(3)", ready=lambda: False
    )
    process.start()
    with pytest.raises(
        EmbeddedError, match=r"^child ended \(exit code 3\)\. Error: the disk is full \(log: .*\)$"
    ):
        process.wait_ready(60)
    process.stop()


def test_a_process_that_does_not_become_ready_is_reported(script: Callable[..., Process]) -> None:
    process = script("import time; time.sleep(60)", ready=lambda: False)
    process.start()
    with pytest.raises(
        EmbeddedError, match=r"^child did not answer within 0 seconds\. The log is empty \(log: .*\)$"
    ):
        process.wait_ready(0.1)
    process.stop()
    assert not process.running


def test_a_process_that_ignores_its_signal_is_killed(script: Callable[..., Process], tmp_path: Path) -> None:
    deaf = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); open('up', 'w'); time.sleep(60)"
    )
    process = script(deaf, directory=tmp_path, ready=(tmp_path / "up").exists, stop_seconds=0.2)
    process.start()
    process.wait_ready(60)
    process.stop()
    assert process.exit_code is None
    assert not process.running


def test_a_child_of_the_child_does_not_survive(script: Callable[..., Process], tmp_path: Path) -> None:
    parent = (
        "import subprocess, sys; subprocess.Popen(['sleep', '60'], close_fds=False); open('up', 'w'); input()"
    )
    process = script(parent, directory=tmp_path, ready=(tmp_path / "up").exists)
    process.start()
    process.stop()
    again = script("pass")
    again.start()  # would wait and raise while something still held the lock
    assert again.pid is not None
    again.stop()


def test_the_stop_signal_is_the_process_s_own(script: Callable[..., Process], tmp_path: Path) -> None:
    code = (
        "import signal, sys, time\n"
        "signal.signal(signal.SIGINT, lambda *_: (open('interrupted', 'w'), sys.exit(0)))\n"
        "open('up', 'w')\ntime.sleep(60)"
    )
    process = script(code, directory=tmp_path, ready=(tmp_path / "up").exists, stop_signal=signal.SIGINT)
    process.start()
    process.wait_ready(60)
    process.stop()
    assert (tmp_path / "interrupted").exists()


def test_a_log_is_private_even_if_it_already_existed(tmp_path: Path) -> None:
    log, output = tmp_path / "a.log", tmp_path / "a.out"
    log.write_text("before\n")
    log.chmod(0o644)
    process = Process("a", [sys.executable, "-c", "print(1)"], tmp_path / "a.lock", log, output=output)
    process.start()
    process.stop()
    assert [stat.S_IMODE(path.stat().st_mode) for path in (log, output)] == [0o600, 0o600]
    assert log.read_text().startswith("before")
