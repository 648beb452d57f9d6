"""What the system tests need beside Python: finds it, installs it where it may, and says what stays out and why.

`make test` calls this before pytest. On Debian as root the missing packages are installed and the directory with a real
Asterisk is built; elsewhere each suite that has to stay out is named with the reason and the command that brings it.
Only the standard library is used, so that it also runs before anything else is set up.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
SETUP_ASTERISK = PROJECT / "tests" / "system" / "setup-asterisk"
# A package mirror that answers slowly is waited for; one that hangs does not hold up a build for ever.
INSTALL_SECONDS = 900
LINES_SHOWN = 20
REAL_ASTERISK = "calls through a real Asterisk"


@dataclass(frozen=True, slots=True)
class Need:
    """One program that tests cannot do without: its name in `pytest.mark.needs`, its Debian package and its use."""

    name: str
    package: str
    serves: str
    found: Callable[[], bool]


def _on_path(*names: str) -> Callable[[], bool]:
    return lambda: any(shutil.which(name) for name in names)


def postgresql_folder() -> Path | None:
    """The folder with `initdb` and `postgres`: on the path, or where Debian puts each version of its own."""
    if initdb := shutil.which("initdb"):
        return Path(initdb).resolve().parent
    versions = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    return max(versions, key=lambda path: _version(path.parent.name), default=None)


def clock_library() -> Path | None:
    """What moves the clock of a process that it is loaded into, where Debian puts it."""
    return next(iter(sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))), None)


def _version(name: str) -> tuple[int, ...]:
    return tuple(int(part) for part in name.split(".") if part.isdigit())


NEEDS = (
    Need("sipp", "sip-tester", REAL_ASTERISK, _on_path("sipp")),
    Need("mmdebstrap", "mmdebstrap", REAL_ASTERISK, _on_path("mmdebstrap")),
    Need("chromium", "chromium", "the desk in a real browser", _on_path("chromium")),
    Need("espeak-ng", "espeak-ng", "spoken prompts", _on_path("espeak-ng")),
    Need("promtool", "prometheus", "figures by Prometheus' own rules", _on_path("promtool")),
    Need("haproxy", "haproxy", "several processes behind the proxy of docker/several.yaml", _on_path("haproxy")),
    Need("systemd-analyze", "systemd", "the units for systemd", _on_path("systemd-analyze")),
    Need("faketime", "faketime", "a service whose clock is moved", lambda: clock_library() is not None),
    Need("postgresql", "postgresql", "the store on a real PostgreSQL", lambda: postgresql_folder() is not None),
)


def missing(names: tuple[str, ...] | None = None) -> list[Need]:
    """The needs that are not met, out of those named or all. Raises KeyError for a name that is none of them."""
    known = {need.name: need for need in NEEDS}
    chosen = [known[name] for name in names] if names is not None else list(NEEDS)
    return [need for need in chosen if not need.found()]


def may_install() -> bool:
    """Whether Debian packages can be installed from here without asking anybody."""
    return Path("/etc/debian_version").exists() and os.geteuid() == 0 and shutil.which("apt-get") is not None


def command_for(needs: list[Need]) -> str:
    """The command that brings these needs, for a person to type."""
    packages = " ".join(sorted({need.package for need in needs}))
    if Path("/etc/debian_version").exists():
        return f"sudo apt-get install {packages}"
    return f"install the equivalents of Debian's {packages}"


def install(needs: list[Need]) -> None:
    """Installs the Debian packages of these needs. Raises CalledProcessError or TimeoutExpired."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    packages = sorted({need.package for need in needs})
    print(f"Installing Debian packages for the system tests: {' '.join(packages)}", flush=True)
    apt = ["apt-get", "-qq", "-o", "Dpkg::Use-Pty=0"]
    for command in ([*apt, "update"], [*apt, "install", "--yes", "--no-install-recommends", *packages]):
        done = subprocess.run(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=INSTALL_SECONDS,
        )
        if done.returncode:
            print("\n".join(done.stdout.splitlines()[-LINES_SHOWN:]), file=sys.stderr, flush=True)
            done.check_returncode()


def _why_no_asterisk() -> str | None:
    """Builds the directory with Asterisk, or says why there is none."""
    script = SETUP_ASTERISK.relative_to(PROJECT)
    if os.geteuid() != 0:
        return "Asterisk runs in a directory of its own (chroot), which only root can enter; sudo make test"
    if missing(("mmdebstrap",)):
        return "its directory cannot be built without mmdebstrap"
    try:
        subprocess.run(
            [str(SETUP_ASTERISK)],
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            timeout=INSTALL_SECONDS,
        )
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired, OSError) as error:
        return f"building its directory failed ({error}); try {script} alone"
    return None


def left_out(trouble: str) -> list[str]:
    """A line for each suite that has to stay out: what it is, why, and the command that brings it."""
    lacking = missing()
    lines = []
    for suite in dict.fromkeys(need.serves for need in lacking):
        needs = [need for need in lacking if need.serves == suite]
        names = " and ".join(need.name for need in needs)
        lines.append(f"{suite}: without {names}{trouble}; {command_for(needs)}")
    if reason := _why_no_asterisk():
        lines.append(f"{REAL_ASTERISK}: {reason}")
    return lines


def main(arguments: list[str] | None = None) -> int:
    """Makes ready what can be made ready. Answers 1 with `--complete` when something stays out, otherwise 0."""
    parser = argparse.ArgumentParser(description="Makes ready what the system tests need beside Python.")
    parser.add_argument("--complete", action="store_true", help="leaving anything out is a failure")
    options = parser.parse_args(arguments)

    trouble = ""
    if (lacking := missing()) and may_install():
        try:
            install(lacking)
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
            trouble = f" (installing was tried: {error})"

    lines = left_out(trouble)
    for line in lines:
        print(f"left out: {line}", file=sys.stderr, flush=True)
    return 1 if lines and options.complete else 0


if __name__ == "__main__":
    sys.exit(main())
