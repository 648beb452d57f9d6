"""Backups of the embedded database, taken while it serves, and put back while it does not.

SQLite's online backup copies one state of it and holds up nobody (https://sqlite.org/backup.html). What is written is
checked before it gets its name, so there is never half a backup, nor half a database. PostgreSQL has tools of its own
for both (docs/backup.md).
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from sqlalchemy.engine import make_url

from router.store import migrate

FOLDER: Final = Path("/var/lib/threadline-backups")
"""Where the nightly backup of packaging/systemd puts them."""
_PATIENCE: Final = 5.0
"""Seconds that a writer is waited for."""


class BackupRefused(Exception):
    """It is not done; the text says why, and nothing has changed."""


@dataclass(frozen=True, slots=True)
class Copied:
    """What was copied: how many rows in how many tables, at which schema, and how large it is in bytes. ``aside`` is
    where the database is that was there before."""

    rows: int
    tables: int
    schema: str
    size: int
    aside: Path | None = None


def made_at(folder: Path = FOLDER) -> list[float]:
    """When each backup there was made, in seconds since 1970, as far as this user may see."""
    return [file.stat().st_mtime for file in folder.glob("*.db")] if os.access(folder, os.R_OK | os.X_OK) else []


def age(now: float, folder: Path = FOLDER) -> float | None:
    """Seconds since the latest backup there, or, where there is none yet, since there is a place for them. None where
    there is not, or this user does not get in: somebody else makes backups, or nobody does."""
    try:
        latest = max(made_at(folder), default=None)
        return max(0.0, now - (folder.stat().st_mtime if latest is None else latest))
    except OSError:
        return None


def file_of(url: str) -> Path:
    """The file of an embedded database. Raises `BackupRefused` for another one."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite" or not parsed.database or parsed.database == ":memory:":
        raise BackupRefused("this is for the embedded database; for PostgreSQL use pg_dump, see docs/backup.md")
    return Path(parsed.database)


def back_up(database: Path, target: Path) -> Copied:
    """Copy the database as it is now to ``target``, which must not be there. Raises `BackupRefused`."""
    if not database.exists():
        raise BackupRefused(f"there is no database at {database}")
    _refuse_if_there(target)
    with _new(target) as unfinished:
        try:
            with closing(_opened(database, "ro")) as source, closing(sqlite3.connect(unfinished)) as copy:
                source.execute("BEGIN")  # what is counted and what is copied is one state
                counts = _counts(source)
                source.backup(copy)
                copy.execute("PRAGMA journal_mode=DELETE")
        except sqlite3.Error as error:
            raise BackupRefused(f"{database} cannot be copied: {error}") from None
        done = _checked(unfinished, counts)
        _name(unfinished, target)
    return done


def restore(backup: Path, database: Path, now: datetime) -> Copied:
    """Put a backup in the place of the database, which is kept beside it. Raises `BackupRefused`, also where a process
    has the database open."""
    if not backup.exists():
        raise BackupRefused(f"there is no backup at {backup}")
    counts = _checked(backup)
    known = migrate.revisions()
    if counts.schema not in known:
        raise BackupRefused(f"{backup} is at schema {counts.schema}, which this version does not know: use a later one")
    aside = database.with_name(f"{database.name}.before-{now:%Y%m%dT%H%M%SZ}")
    _refuse_if_there(aside)
    with _new(database) as unfinished:
        shutil.copyfile(backup, unfinished)
        _synchronise(unfinished)
        done = _checked(unfinished)
        if not database.exists():
            _log_aside(database, aside)
            _name(unfinished, database)
            return done
        with _nobody_else_has(database):
            os.link(database, aside)
            _log_aside(database, aside)
            unfinished.replace(database)
            _synchronise(database.parent)
    return Copied(done.rows, done.tables, done.schema, done.size, aside)


def _opened(file: Path, mode: str) -> sqlite3.Connection:
    return sqlite3.connect(f"{file.absolute().as_uri()}?mode={mode}", uri=True, timeout=_PATIENCE, isolation_level=None)


def _refuse_if_there(target: Path) -> None:
    if target.exists():
        raise BackupRefused(f"{target} is there already, and is not overwritten")
    if not target.parent.is_dir():
        raise BackupRefused(f"there is no folder {target.parent}")


@contextmanager
def _new(target: Path) -> Iterator[Path]:
    """A file of this process beside ``target``, for its owner alone, gone at the end unless it was given the name."""
    unfinished = target.with_name(f".{target.name}.{os.getpid()}.new")
    try:
        unfinished.touch(mode=0o600)
        yield unfinished
    except OSError as error:
        raise BackupRefused(f"{target}: {error.strerror or error}") from None
    finally:
        for left in (unfinished, Path(f"{unfinished}-journal"), Path(f"{unfinished}-wal"), Path(f"{unfinished}-shm")):
            left.unlink(missing_ok=True)


def _name(unfinished: Path, target: Path) -> None:
    """Give a whole file its name, unless somebody else has taken it meanwhile."""
    _synchronise(unfinished)
    try:
        os.link(unfinished, target)
    except FileExistsError:
        raise BackupRefused(f"{target} is there already, and is not overwritten") from None
    _synchronise(target.parent)


def _synchronise(path: Path) -> None:
    """Have the disk hold it before anything else is done."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _log_aside(database: Path, aside: Path) -> None:
    """What a crash has left of a write-ahead log belongs to the database before; SQLite would play it into this one."""
    for end in ("-wal", "-shm"):
        with suppress(FileNotFoundError):
            Path(f"{database}{end}").rename(f"{aside}{end}")


@contextmanager
def _nobody_else_has(database: Path) -> Iterator[None]:
    """The database for ourselves. SQLite lets go of the write-ahead log only for who alone has it open."""
    try:
        with closing(_opened(database, "rw")) as connection:
            connection.execute("PRAGMA locking_mode=EXCLUSIVE")
            (mode,) = connection.execute("PRAGMA journal_mode=DELETE").fetchone()
            connection.execute("BEGIN EXCLUSIVE")
            if mode != "delete":
                raise sqlite3.OperationalError("database is locked")
            yield
            with suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
    except sqlite3.OperationalError as error:
        if "locked" not in str(error):
            raise BackupRefused(f"{database} cannot be opened: {error}") from None
        raise BackupRefused(f"{database} is in use: stop the service first") from None
    except sqlite3.DatabaseError:
        yield  # it is damaged, which is why it is replaced; nobody works with it


def _counts(connection: sqlite3.Connection) -> dict[str, int]:
    query = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    names = [name for (name,) in connection.execute(query)]
    return {name: connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in names}  # noqa: S608


def _checked(file: Path, wanted: dict[str, int] | None = None) -> Copied:
    """What a copy holds. Raises `BackupRefused` where it is damaged, no database of ours, or not what is ``wanted``."""
    try:
        with closing(_opened(file, "ro")) as copy:
            (state,) = copy.execute("PRAGMA integrity_check(1)").fetchone()
            if state != "ok":
                raise BackupRefused(f"{file} is damaged")
            counts = _counts(copy)
            (schema,) = copy.execute("SELECT version_num FROM alembic_version").fetchone() or ("",)
    except sqlite3.Error as error:
        raise BackupRefused(f"{file} is not a backup of this program: {error}") from None
    if wanted is not None and counts != wanted:
        raise BackupRefused(f"{file} does not hold what the database does")
    return Copied(sum(counts.values()), len(counts), str(schema), file.stat().st_size)
