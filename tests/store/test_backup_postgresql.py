"""What docs/backup.md says of PostgreSQL, done: dumped while it serves, restored elsewhere, and served from there."""

from __future__ import annotations

import asyncio
import re
import shlex
import subprocess
from pathlib import Path

import pytest

from tests.api.service import running
from tests.postgres import Cluster
from tools.suites import postgresql_folder

DOCUMENT = (Path(__file__).parents[2] / "docs" / "backup.md").read_text("utf-8")


def documented(program: str) -> list[str]:
    """The words of the command as the document has it, without its comment."""
    (line,) = re.findall(rf"^{program} .*$", DOCUMENT, flags=re.MULTILINE)
    return shlex.split(line, comments=True)


async def done(program: str, **instead: str) -> None:
    """Run a documented command with other names of files and databases."""
    folder = postgresql_folder()
    assert folder is not None
    words = [instead.get(word, word) for word in documented(program)]
    command = [str(folder / words[0]), *words[1:]]
    ran = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0, ran.stderr


@pytest.mark.postgresql_only
async def test_what_was_dumped_is_served_from_another_database(
    postgresql: Cluster, database_url: str, tmp_path: Path
) -> None:
    dump, old = str(tmp_path / "threadline.dump"), postgresql.over_the_network(database_url)
    async with running(tmp_path, database_url) as service, service.allowed() as client:
        registered = await service.register(client)
        await done("pg_dump", **{"threadline.dump": dump, "$THREADLINE_DATABASE": old})
        await service.register(client, external_id="crm-2")  # after the dump
    fresh = await asyncio.to_thread(postgresql.fresh)
    await done("pg_restore", **{"threadline.dump": dump, "$THREADLINE_DATABASE": postgresql.over_the_network(fresh)})
    async with running(tmp_path, fresh) as service, service.allowed() as client:
        match = await client.post("/v1/match", json={"withheld": True, "code": registered["callback_code"]})
        assert match.json()["candidates"][0]["message_id"] == registered["id"]
        assert (await client.get("/v1/messages", params={"external_id": "crm-2"})).status_code == 404
        again = await service.register(client, external_id="crm-2")
        assert again["callback_code"]
