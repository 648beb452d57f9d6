"""Connections to PostgreSQL that belong to one part alone and last: to listen, and to hold locks. Beside the pool,
whose connections go from hand to hand, and straight to the server: what pools transactions in between keeps neither."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import asyncpg  # type: ignore[import-untyped]
import structlog

from router.store.database import Database

log = structlog.get_logger(__name__)

FAILED: Final = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError)
"""What using such a connection raises when it, or the server, is gone or does not answer in time."""

_OF_THE_DIALECT: Final = ("async_fallback", "async_creator_fn", "prepared_statement_cache_size")


async def open_session(
    database: Database, *, name: str, within: float, wanted: Mapping[str, str] | None = None
) -> asyncpg.Connection:
    """Connect to the database, which is a PostgreSQL; statements, too, may take ``within`` seconds.

    ``name`` is what the server's lists call it. ``wanted`` are settings of this session, of which a server leaves out
    those that it is too old to know. Raises one of `FAILED`.
    """
    _, options = database.engine.dialect.create_connect_args(database.engine.url)
    access: dict[str, Any] = {key: value for key, value in options.items() if key not in _OF_THE_DIALECT}
    access |= {"timeout": within, "command_timeout": within, "server_settings": {"application_name": name}}
    connection = await asyncpg.connect(**access)
    try:
        for setting, value in (wanted or {}).items():
            try:
                await connection.fetchval("SELECT set_config($1, $2, false)", setting, value)
            except asyncpg.UndefinedObjectError:
                log.warning("this PostgreSQL is too old for a setting", setting=setting)
    except BaseException:
        connection.terminate()
        raise
    return connection
