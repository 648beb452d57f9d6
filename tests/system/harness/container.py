"""Asterisk's container without Docker: what its Dockerfile makes of the chroot, read-only but for what compose names,
as its user, with no capability and no way to get one. All mounts are in a namespace of its own and end with it."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.system.harness.asterisk import SYSTEM, TRUNK_ADDRESS, Asterisk
from tests.system.harness.waiting import until

PROJECT = SYSTEM.parent.parent
_SERVICE: dict[str, Any] = yaml.safe_load((PROJECT / "docker" / "compose.yaml").read_text("utf-8"))["services"][
    "asterisk"
]
_DOCKERFILE = (PROJECT / "docker" / "asterisk" / "Dockerfile").read_text("utf-8")
VOLUMES = tuple(volume.split(":")[1] for volume in _SERVICE["volumes"])
IN_MEMORY = {place: options for place, _, options in (each.partition(":") for each in _SERVICE["tmpfs"])}
_MAKE = """set -eu
place=$1 lower=$2
mount -t tmpfs tmpfs "$place"
mkdir "$place/upper" "$place/work" "$place/root"
mount -t overlay -o "lowerdir=$lower,upperdir=$place/upper,workdir=$place/work" overlay "$place/root"
chroot "$place/root" sh -euc "$3"
mkdir -p "$place/root/opt/threadline"
cp -R "$4/asterisk_conf" "$place/root/opt/threadline/"
install -m 755 "$4/docker/asterisk/start" "$place/root/opt/threadline/start"
"""


class Container(Asterisk):
    """As `Asterisk`, in the places its package was built with. ``place`` is an empty folder to mount it at; its volumes
    stand beside it."""

    def __init__(self, chroot: Path, place: Path) -> None:
        super().__init__(chroot)
        self._place = place

    @property
    def root(self) -> Path:
        """What it sees as ``/``, seen from outside."""
        return Path(f"/proc/{self.pid}/root")

    @property
    def log(self) -> str:
        return (self.root / "var/log/asterisk/messages.log").read_text("utf-8", "replace")

    def start(self, within: float = 60) -> None:
        (self._place.parent / "volumes").mkdir(exist_ok=True)
        said = (self._place.parent / "said").open("wb")
        command = ["unshare", "--mount", "--propagation", "private", "sh", "-c", self._script(), "sh"]
        arguments = [str(self._place), str(self.chroot), self._made(), str(PROJECT)]
        with said:
            self._process = subprocess.Popen(
                [*command, *arguments], stdin=subprocess.DEVNULL, stdout=said, stderr=said, env=self._environment()
            )
        try:
            until(self._is_up, within, "Asterisk fully booted", every=0.2)
        except (TimeoutError, RuntimeError) as error:
            told = (self._place.parent / "said").read_text("utf-8", "replace")
            self.stop()
            if "mount:" in told:
                pytest.skip(f"nothing can be mounted here; run it as root where mounting is allowed: {told}")
            raise RuntimeError(f"Asterisk did not start: {error}\n{told}") from None

    def cli(self, command: str, *, check: bool = True) -> str:
        """As the container's health check asks."""
        return self.run("asterisk", "-rx", command, check=check)

    def run(self, *command: str, check: bool = True) -> str:
        """What a command prints that is run in the container, as its user."""
        entered = ["nsenter", "--target", str(self.pid), "--mount", "--root", "--wd=/"]
        return subprocess.run(
            [*entered, *_AS_USER, *command], capture_output=True, text=True, timeout=60, check=check
        ).stdout

    def _made(self) -> str:
        """What the Dockerfile does behind installing the package."""
        joined = re.sub(r"\\\n\s*", " ", _DOCKERFILE)
        steps = [step.strip() for line in joined.splitlines() if line.startswith("RUN ") for step in line.split("&&")]
        return "\n".join(step for step in steps if step.startswith(("install ", "chown ")))

    def _script(self) -> str:
        lines = [_MAKE]
        for number, volume in enumerate(VOLUMES):
            # A new volume begins as what the image holds there, and stays over a restart.
            kept = shlex.quote(str(self._place.parent / "volumes" / str(number)))
            lines += [
                f'[ -d {kept} ] || cp -a "$place/root{volume}" {kept}',
                f'mount --bind {kept} "$place/root{volume}"',
            ]
        lines.append('mount -o remount,ro "$place/root"')
        for place, options in IN_MEMORY.items():
            # As Docker does: a place without a mode of its own has that of the folder that it covers.
            mode = "" if "mode=" in options else f',mode=$(stat -c %a "$place/root{place}")'
            also = f",{options}" if options else ""
            lines.append(f'mount -t tmpfs -o "noexec,nosuid,nodev{mode}{also}" tmpfs "$place/root{place}"')
        lines.append(f'exec chroot "$place/root" {shlex.join([*_AS_USER, "/opt/threadline/start"])}')
        return "\n".join(lines)

    def _environment(self) -> dict[str, str]:
        """What compose gives it, but for addresses and ports of this machine."""
        given = {
            name: re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", str(value)) for name, value in _SERVICE["environment"].items()
        }
        here = {
            "ROUTER": f"127.0.0.1:{self.ports.router_agi}",
            "SIP_BIND": f"127.0.0.1:{self.ports.sip}",
            "TRUNK": TRUNK_ADDRESS,
            "RTP_START": str(self.ports.rtp),
            "RTP_END": str(self.ports.rtp + 399),
            "AMI_BIND": "127.0.0.1",
            "AMI_PORT": str(self.ports.ami),
            "AMI_PERMIT": "127.0.0.1/255.255.255.255",
        }
        secrets = {name: "5" * 64 for name in given if name.endswith("_SECRET")}
        own = {f"ASTERISK_{name}": value for name, value in here.items()}
        return {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", **given, **secrets, **own}


_AS_USER = (
    "setpriv", "--reuid=asterisk", "--regid=asterisk", "--init-groups", "--bounding-set=-all", "--inh-caps=-all",
    "--no-new-privs",
)  # fmt: skip
