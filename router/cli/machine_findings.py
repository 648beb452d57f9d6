"""What ``threadline doctor`` finds of the machine: room, clock, rights of files, log, backups, systemd."""

from __future__ import annotations

import asyncio
import os
import shutil
import stat
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from sqlalchemy.engine import make_url

from router.api.readiness import LEAST_ROOM
from router.cli.findings import Finding, Health
from router.cli.queue_findings import PATIENCE
from router.settings import FILE, Settings
from router.store import write_ahead
from router.store.backup import FOLDER, made_at
from router.store.database import Database
from router.store.machine import clock_of

LITTLE_ROOM: Final = 1 << 30
"""Bytes below which it is time to look."""
CLOCK_TOLERANCE: Final = 2.0
"""Seconds that two clocks may differ: less than anything here is timed by."""
OLD_BACKUP: Final = 2 * 86_400.0
UNIT: Final = "threadline.service"


async def disk_found(settings: Settings) -> Finding:
    """Room for the database, prompts and recordings."""
    places = {settings.data_dir.absolute()} | {file.parent for file in _database_file(settings)}
    scarce: list[tuple[int, Path]] = []
    for place in sorted(places):
        there = next(each for each in (place, *place.parents) if each.exists())
        if not os.access(there, os.W_OK):
            so = "prompts cannot be made, and nothing can be kept"
            return Finding("disk", Health.ILL, f"{there} cannot be written to: {so}", "give this user the folder")
        scarce.append((shutil.disk_usage(there).free, there))
    free, place = min(scarce)
    found = f"{free / 1e9:.1f} GB free at {place}"
    remedy = "remove old logs and backups, or make the disk larger"
    if free < LEAST_ROOM:
        return Finding("disk", Health.ILL, f"{found}: calls go to the default queue undecided", remedy)
    if free < LITTLE_ROOM:
        return Finding("disk", Health.OFF, f"{found}: it may be full soon", remedy)
    taken = sum(write_ahead.size(str(file)) for file in _database_file(settings))
    if taken > write_ahead.LONG:
        so = f"the database's write-ahead log takes {taken / 1e9:.1f} GB: somebody reads one state of it for long"
        return Finding("disk", Health.OFF, f"{found}; {so}", "docs/night.md, 'The write-ahead log grows'")
    return Finding("disk", Health.WELL, found)


async def clock_found(settings: Settings) -> Finding:
    """Whether this machine's clock and the database's agree: codes, sign-ins and waits go by both."""
    try:
        database = Database(settings.database, busy_seconds=PATIENCE)
        try:
            async with database.read() as connection:
                there = await clock_of(connection)
        finally:
            await database.close()
    except Exception:  # whatever a driver raises: the finding on the database says what it is
        return Finding("clock", Health.OFF, "cannot be compared as long as the database is not well")
    if there is None:
        return Finding("clock", Health.WELL, f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC")
    apart = (datetime.now(UTC) - there).total_seconds()
    if abs(apart) > CLOCK_TOLERANCE:
        found = (
            f"{abs(apart):.0f} s {'ahead of' if apart > 0 else 'behind'} the database's: codes and sign-ins end wrongly"
        )
        return Finding("clock", Health.ILL, found, "have chrony or systemd-timesyncd set both ('timedatectl')")
    return Finding("clock", Health.WELL, "agrees with the database's")


async def rights_found(settings: Settings) -> Finding:
    """Whether others on this machine can read secrets and customers' data."""
    named = os.environ.get("THREADLINE_CONFIG")
    files = [Path(named) if named else Path(FILE), *_database_file(settings)]
    for file in files:
        try:
            mode = file.stat().st_mode
        except OSError:
            continue
        if stat.S_IMODE(mode) & stat.S_IROTH:
            found = f"everybody on this machine can read {file}: secrets, or customers' data"
            return Finding("rights", Health.ILL, found, f"chmod o-rwx {file}")
    return Finding("rights", Health.WELL, "settings and database are not for everybody to read")


async def log_found(settings: Settings) -> Finding:
    """Whether the log goes somewhere, and is not more than anybody wants."""
    if settings.log_file is not None and not os.access(settings.log_file.absolute().parent, os.W_OK):
        found = f"{settings.log_file} cannot be written to: the service does not start"
        return Finding("log", Health.ILL, found, "make its folder, for this user (docs/logs.md)")
    where = "standard error" if settings.log_file is None else str(settings.log_file)
    if settings.log_level == "debug":
        return Finding("log", Health.OFF, f"debug to {where}: it fills the disk", "set THREADLINE_LOG_LEVEL=info")
    return Finding("log", Health.WELL, f"{settings.log_level} to {where}{', as JSON' if settings.log_json else ''}")


async def backups_found(settings: Settings, folder: Path = FOLDER) -> Finding:
    """Whether there is a backup of last night; with PostgreSQL others know."""
    remedy = "see docs/backup.md; packaging/systemd has a timer"
    if not _database_file(settings):
        return Finding("backups", Health.OFF, "those of PostgreSQL are not known here", "see docs/backup.md")
    made = made_at(folder)
    if not made:
        return Finding("backups", Health.OFF, f"none in {folder}: a lost disk would be the end", remedy)
    age = time.time() - max(made)
    if age > OLD_BACKUP:
        found = f"the latest in {folder} is {age / 86_400:.0f} days old: all since would be lost with the disk"
        return Finding("backups", Health.ILL, found, f"{remedy}: 'systemctl status threadline-backup'")
    return Finding("backups", Health.WELL, f"{len(made)} in {folder}, the latest {age / 3600:.0f} hours old")


async def systemd_found(_: Settings) -> Finding:
    """Whether systemd runs the service, and how often it had to start it anew."""
    if not _booted_by_systemd():
        return Finding("systemd", Health.OFF, "does not run here", "somebody else must start the service anew")
    asked = ("LoadState", "ActiveState", "UnitFileState", "NRestarts")
    try:
        async with asyncio.timeout(PATIENCE):
            process = await asyncio.create_subprocess_exec(
                "systemctl", "show", UNIT, f"--property={','.join(asked)}",
                stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
            )  # fmt: skip
            told, _err = await process.communicate()
    except (OSError, TimeoutError):
        return Finding("systemd", Health.OFF, "does not say", "see 'systemctl status threadline'")
    return systemd_says(dict(line.split("=", 1) for line in told.decode().splitlines() if "=" in line))


def _booted_by_systemd() -> bool:
    """See sd_booted(3)."""
    return Path("/run/systemd/system").is_dir()


def systemd_says(unit: dict[str, str]) -> Finding:
    """The finding by what systemd says of the unit. Pure."""
    if unit.get("LoadState") != "loaded":
        remedy = "copy packaging/systemd/ to /etc/systemd/system (docs/systemd.md), or start it in another way"
        return Finding("systemd", Health.OFF, f"has no {UNIT}: nobody starts it after a crash or at boot", remedy)
    if unit.get("ActiveState") != "active":
        found = f"{UNIT} is {unit.get('ActiveState')}: all callers go to the default queue"
        return Finding("systemd", Health.ILL, found, "journalctl -u threadline -n 50; then systemctl start threadline")
    if unit.get("UnitFileState") != "enabled":
        return Finding("systemd", Health.OFF, f"{UNIT} does not start at boot", "systemctl enable threadline")
    restarts = unit.get("NRestarts", "0")
    if restarts not in ("", "0"):
        found = f"{UNIT} runs, and was started anew {restarts} times since"
        return Finding("systemd", Health.OFF, found, "journalctl -u threadline -p warning says why")
    return Finding("systemd", Health.WELL, f"{UNIT} runs, and starts at boot")


def _database_file(settings: Settings) -> list[Path]:
    """The embedded database's file; none with PostgreSQL."""
    try:
        parsed = make_url(settings.database)
    except Exception:  # the finding on the database says so
        return []
    embedded = parsed.get_backend_name() == "sqlite" and parsed.database
    return [Path(parsed.database).absolute()] if embedded and parsed.database else []
