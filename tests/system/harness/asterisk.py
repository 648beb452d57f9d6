"""A private Asterisk: the project's own configuration on free ports, in the shared chroot, with its own directories.

Two test runs at once do not meet: all that Asterisk writes lies under ``/srv/threadline-tests/<random>`` in the chroot.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.system.harness.waiting import claimed_port, free_port_range, until

SYSTEM = Path(__file__).resolve().parent.parent
INSTALL = SYSTEM.parent.parent / "asterisk_conf" / "install"
SETUP = SYSTEM / "setup-asterisk"
TRUNK_ADDRESS = "127.0.0.2"
_NEVER_FIRST = "9999999999"
"""A router that did not answer at that time, in seconds since 1970, is not asked first."""
_DIRECTORIES = {"astetcdir": "etc", "astrundir": "run", "astspooldir": "spool", "astlogdir": "log", "astdbdir": "db"}


@dataclass(frozen=True, slots=True)
class Ports:
    """Where this Asterisk listens, and where it looks for the router's FastAGI."""

    sip: int
    ami: int
    rtp: int
    router_agi: int
    customers: int
    """Where calls go out to, at `TRUNK_ADDRESS`."""


class Asterisk:
    """Start with `start`, end with `stop`; in between `cli` asks it something."""

    def __init__(self, chroot: Path) -> None:
        home = chroot / "srv" / "threadline-tests"
        home.mkdir(parents=True, exist_ok=True)
        self.chroot = chroot
        self.directory = Path(tempfile.mkdtemp(dir=home))
        self._inside = Path("/") / self.directory.relative_to(chroot)
        self.ports = Ports(
            claimed_port(socket.SOCK_DGRAM),
            claimed_port(),
            free_port_range(400),
            claimed_port(),
            claimed_port(socket.SOCK_DGRAM),
        )
        self.settings: dict[str, str] = {}
        self.log_at_start = ""
        """What it had logged when it was up, before any call."""
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def recordings(self) -> Path:
        """Where callers' messages land, seen from outside the chroot."""
        return self.directory / "spool" / "threadline"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def log(self) -> str:
        """What Asterisk logged: notices, warnings, errors."""
        path = self.directory / "log" / "messages.log"
        return path.read_text("utf-8", "replace") if path.exists() else ""

    def everything_written(self) -> str:
        """All text this Asterisk left on disk and on its console, to look for what must not be there."""
        texts = []
        for path in sorted(self.directory.rglob("*")):
            if path.is_file() and path.suffix not in {".wav", ".sln"} and "etc" not in path.parts[-2:]:
                texts.append(f"== {path.relative_to(self.directory)}\n{path.read_bytes().decode('utf-8', 'replace')}")
        return "\n".join(texts)

    def install(self, *, system_name: str = "", **changed: str) -> str:
        """Runs ``asterisk_conf/install`` for these ports; keyword arguments are its settings, but for the
        ``system_name`` that it gets. Returns what it said."""
        values = {
            "ROUTER": f"127.0.0.1:{self.ports.router_agi}",
            "SIP_BIND": f"127.0.0.1:{self.ports.sip}",
            "TRUNK": TRUNK_ADDRESS,
            "RTP_START": str(self.ports.rtp),
            "RTP_END": str(self.ports.rtp + 399),
            "AMI_PORT": str(self.ports.ami),
            "RECORDINGS": str(self._inside / "spool" / "threadline"),
            "MUSIC": str(self._inside / "music"),
            "CALLBACKS": "yes",
            "SYSTEM_NAME": system_name,
            "OUTGOING_TO": f"{TRUNK_ADDRESS}:{self.ports.customers}",
            **changed,
        }
        for name in ("log", "run", "spool/tmp", "db"):
            (self.directory / name).mkdir(parents=True, exist_ok=True)
        # install makes the directories it is told of: run inside the chroot they are the right ones.
        shutil.copytree(INSTALL.parent, self.directory / "asterisk_conf", dirs_exist_ok=True)
        environment = {f"ASTERISK_{name}": value for name, value in values.items()}
        said = subprocess.run(
            ["chroot", str(self.chroot), str(self._inside / "asterisk_conf" / "install"), str(self._inside / "etc")],
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", **environment},
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        ).stdout
        main = self.directory / "etc" / "asterisk.conf"
        moved = "".join(f"{name} = {self._inside / place}\n" for name, place in _DIRECTORIES.items())
        # Included files are looked for in /etc/asterisk, wherever this one is.
        main.write_text(f"[directories]\n{moved}\n{main.read_text()}")
        lines = (self.directory / "etc" / "threadline.settings").read_text().splitlines()
        self.settings = dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
        return said

    def start(self, within: float = 30) -> None:
        """Starts it and returns when it says it is up; raises RuntimeError with its log when it is not."""
        console = (self.directory / "log" / "console").open("wb")
        command = ["chroot", str(self.chroot), "asterisk", "-f", "-C", str(self._inside / "etc" / "asterisk.conf")]
        with console:
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=console, stderr=console)
        try:
            until(self._is_up, within, "Asterisk fully booted", every=0.1)
        except (TimeoutError, RuntimeError) as error:
            said = (self.directory / "log" / "console").read_text("utf-8", "replace")
            self.stop()
            raise RuntimeError(f"Asterisk did not start: {error}\n{said}") from None
        self.log_at_start = self.log

    def _is_up(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            raise RuntimeError(f"it ended with {self._process.returncode}")
        return "fully booted" in self.cli("core waitfullybooted", check=False)

    def cli(self, command: str, *, check: bool = True) -> str:
        """What ``asterisk -rx COMMAND`` prints."""
        config = str(self._inside / "etc" / "asterisk.conf")
        done = subprocess.run(
            ["chroot", str(self.chroot), "asterisk", "-C", config, "-rx", command],
            capture_output=True,
            text=True,
            timeout=60,
            check=check,
        )
        return done.stdout

    @contextlib.contextmanager
    def routers(self, *ports: int) -> Iterator[None]:
        """These are the ports of its routers, of which calls ask the first one first."""
        self.cli(f"dialplan set global THREADLINE_ROUTER {'&'.join(f'127.0.0.1:{port}' for port in ports)}")
        for number in range(1, len(ports) + 1):
            self.cli(f"dialplan set global THREADLINE_SLOW_{number} {_NEVER_FIRST if number > 1 else 0}")
        try:
            yield
        finally:
            self.cli(f"dialplan set global THREADLINE_ROUTER 127.0.0.1:{self.ports.router_agi}")
            for number in range(1, len(ports) + 1):
                self.cli(f"dialplan set global THREADLINE_SLOW_{number} 0")

    @contextlib.contextmanager
    def queues_lent(self) -> Iterator[Path]:
        """The file with the router's queues, for a router to write; at the end it is as it was before."""
        file = self.directory / "etc" / "threadline_queues.conf"
        before = file.read_text()
        try:
            yield file
        finally:
            file.write_text(before)
            self.cli("queue reload parameters")

    def reset(self) -> None:
        """No calls, no queue members, no contacts: as after the start."""
        self.cli("channel request hangup all", check=False)
        until(lambda: "0 active channels" in self.cli("core show channels count"), 10, "all channels gone", every=0.05)

    def crash(self) -> None:
        """``kill -9``, and all calls with it; `start` begins anew."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(10)

    def stop(self) -> None:
        """Ends it, by its own pid, and removes what it wrote."""
        if self._process and self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait(10)
        if not os.environ.get("KEEP_TEST_ASTERISK"):
            shutil.rmtree(self.directory, ignore_errors=True)
