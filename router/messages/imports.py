"""Registers whole files of messages as they arrive. What is answered for a row is stored; a file sent twice does no
harm, because every row has to carry an ``external_id``."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterable, AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import structlog
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from router.errors import Refused
from router.messages.reading import FileReader, Format, HeaderRefused, Row, reader
from router.messages.registrar import Registered, Registrar
from router.messages.registration import Registration
from router.messages.rows import FileRefused
from router.store.database import Connection, is_away

log = structlog.get_logger(__name__)

BATCH = 25
"""Rows stored in one transaction: few, since a call that comes in waits for it."""
PIECE = 64 * 1024
"""Bytes read from a file at one time."""
_SHARE_FOR_OTHERS = 0.25
"""Part of the time in which a running import leaves the database to others: SQLite has one writer at a time, and those
who wait for it look again only now and then."""

_MOST_TRIES = 5
_PASSING = frozenset({"40P01", "40001"})
"""PostgreSQL's deadlock_detected and serialization_failure: the same may work the next time."""
_UNREACHABLE = (OperationalError, InterfaceError, PoolTimeout, OSError, TimeoutError)


@dataclass(frozen=True, slots=True)
class RowOutcome:
    """What became of one row: ``registered``, or ``errors`` with ``{"field", "message"}`` for each wrong field.

    ``row`` counts from 1, the header included. ``external_id`` is None where the row could not be read so far.
    ``stopped``: neither this row nor any after it was stored; send the file again.
    """

    row: int
    external_id: str | None
    registered: Registered | None = None
    errors: tuple[dict[str, str], ...] = ()
    stopped: bool = False

    def as_json(self) -> dict[str, Any]:
        """A line of the answer of `POST /v1/messages/import`."""
        if self.registered is not None:
            return {"row": self.row, "external_id": self.external_id, **self.registered.as_json()}
        return {"row": self.row, "external_id": self.external_id, "errors": list(self.errors)}


async def import_rows(
    stream: AsyncIterable[bytes], format_: Format, registrar: Registrar, *, batch: int = BATCH
) -> AsyncIterator[RowOutcome]:
    """Register the messages in ``stream`` and tell the outcome of each row, in the order of the file.

    Rows are stored in transactions of at most ``batch``, and an outcome is given only after its transaction. A file
    that cannot be read at all gives one outcome, with what is wrong with it. What ``stream`` raises goes through; rows
    without an outcome are not stored then. Memory is bounded by the longest row, times ``batch``.
    """
    waiting: list[Row] = []
    async for row in _rows(stream, reader(format_, registrar.rules.region)):
        if isinstance(row, RowOutcome):
            yield row
            return
        waiting.append(row)
        if len(waiting) < batch:
            continue
        started = time.monotonic()
        async for outcome in _stored(waiting, registrar):
            yield outcome
            if outcome.stopped:
                return
        waiting = []
        await asyncio.sleep((time.monotonic() - started) * _SHARE_FOR_OTHERS)
    async for outcome in _stored(waiting, registrar):
        yield outcome


async def pieces(path: Path) -> AsyncIterator[bytes]:
    """A file in pieces, read outside the event loop. Raises `OSError`."""
    file: BinaryIO = await asyncio.to_thread(path.open, "rb")
    try:
        while piece := await asyncio.to_thread(file.read, PIECE):
            yield piece
    finally:
        await asyncio.to_thread(file.close)


def format_of(path: Path) -> Format | None:
    """The format by a file's name: ``.csv``, ``.tsv``, ``.txt``, or ``.ndjson``, ``.jsonl``; None for others."""
    match path.suffix.casefold():
        case ".csv" | ".tsv" | ".txt":
            return "csv"
        case ".ndjson" | ".jsonl":
            return "ndjson"
        case _:
            return None


async def _rows(stream: AsyncIterable[bytes], file: FileReader) -> AsyncIterator[Row | RowOutcome]:
    """The rows of the file, and where it cannot be read (on) one outcome that says so."""
    try:
        async for data in stream:
            for start in range(0, len(data), PIECE):
                for row in file.feed(data[start : start + PIECE]):
                    yield row
        for row in file.finish():
            yield row
    except HeaderRefused as refused:
        yield RowOutcome(1, None, errors=tuple(refused.errors), stopped=True)
    except FileRefused as refused:
        yield RowOutcome(1, None, errors=({"field": "file", "message": str(refused)},), stopped=True)


async def _stored(rows: Sequence[Row], registrar: Registrar) -> AsyncIterator[RowOutcome]:
    """The rows' outcomes, once they are stored: all in one transaction, or each in its own if that fails."""
    if not any(row.registration for row in rows):
        for row in rows:
            yield RowOutcome(row.number, row.external_id, errors=row.errors)
        return
    try:
        await registrar.prepare()
        async with registrar.database.begin(long=True) as connection:
            outcomes = await _stored_in(connection, rows, registrar)
    except (SQLAlchemyError, *_UNREACHABLE) as error:
        # Another import of the same messages may have come in between, or one row cannot be stored.
        log.warning("batch_not_stored", first_row=rows[0].number, rows=len(rows), error=type(error).__name__)
        async for outcome in _one_by_one(rows, registrar):
            yield outcome
    else:
        for outcome in outcomes:
            yield outcome


async def _stored_in(connection: Connection, rows: Sequence[Row], registrar: Registrar) -> list[RowOutcome]:
    """What is new at one go, the rest row by row after it."""
    told = [row.registration for row in rows if row.registration]
    at_once = iter(await registrar.register_new(connection, told))
    outcomes = []
    for row in rows:
        try:
            registered = None
            if row.registration:
                registered = next(at_once) or await registrar.register_in(connection, row.registration)
            outcomes.append(RowOutcome(row.number, row.external_id, registered, row.errors))
        except Refused as refused:
            outcomes.append(_refused(row, refused))
    return outcomes


async def _one_by_one(rows: Sequence[Row], registrar: Registrar) -> AsyncIterator[RowOutcome]:
    for row in rows:
        try:
            registered = await _alone(row.registration, registrar) if row.registration else None
            yield RowOutcome(row.number, row.external_id, registered, row.errors)
        except Refused as refused:
            yield _refused(row, refused)
        except (DBAPIError, *_UNREACHABLE) as error:
            outcome = _not_stored(row, error)
            yield outcome
            if outcome.stopped:
                return


def _not_stored(row: Row, error: Exception) -> RowOutcome:
    if isinstance(error, _UNREACHABLE) or is_away(error):
        log.error("import_stopped", row=row.number, error=type(error).__name__)
        message = "the database cannot be reached; this row and all after it were not stored. Send the file again."
        return RowOutcome(row.number, row.external_id, errors=_errors("file", message), stopped=True)
    log.error("row_not_stored", row=row.number, error=type(error).__name__)
    return RowOutcome(row.number, row.external_id, errors=_errors("row", "could not be stored; send it again"))


async def _alone(registration: Registration, registrar: Registrar) -> Registered:
    """Register in a transaction of its own, again when another one was in the way."""
    for _ in range(_MOST_TRIES - 1):
        try:
            return await registrar.register(registration)
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) not in _PASSING:
                raise
    return await registrar.register(registration)


def _refused(row: Row, refused: Refused) -> RowOutcome:
    errors = tuple(refused.more.get("errors", ())) or _errors("row", refused.detail)
    return RowOutcome(row.number, row.external_id, errors=errors)


def _errors(field: str, message: str) -> tuple[dict[str, str], ...]:
    return ({"field": field, "message": message},)
