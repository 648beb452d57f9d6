"""Two processes on one PostgreSQL with one folder of flows: what is released at one is heard at the other."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from router.agents.people import NewPerson, add
from router.api.keys import create_key
from router.store.database import Database
from router.web.passwords import Passwords
from router.web.sign_in import SignIn
from tests.postgres import Cluster
from tests.system.harness.figures import Figures
from tests.system.harness.service import PROJECT, SERVICE_NUMBER, Service
from tests.system.harness.waiting import until

pytestmark = [pytest.mark.system, pytest.mark.needs("postgresql")]

MONDAY = "2026-11-23T10:00:00+01:00"
WORD = "Rückrufcode"


async def _people(database: Database) -> tuple[str, str]:
    """A key, and a sign-in link's token for an admin."""
    now = datetime.now(UTC)
    async with database.begin() as connection:
        robin = await add(connection, NewPerson(login="robin", name="Robin", role="admin"), ("default",), now)
        key = await create_key(connection, "test", ["testphone"], now)
    sign_in = SignIn(database, Passwords(), lambda: datetime.now(UTC), key=b"k" * 32)
    link = await sign_in.make_link(robin, "/admin")
    await database.close()
    return key, link.partition("#")[2]


@pytest.fixture
def services(postgresql: Cluster, tmp_path: Path) -> Iterator[list[Service]]:
    """Two processes; an admin is signed in at the first."""
    address = postgresql.over_the_network(postgresql.emptied())
    key, token = asyncio.run(_people(Database(address)))
    shutil.copytree(PROJECT / "ivr_flows", tmp_path / "ivr_flows")
    made: list[Service] = []
    try:
        for name in ("one", "two"):
            (tmp_path / name).mkdir()
            service = Service(tmp_path / name, address, key, flows=tmp_path / "ivr_flows", secret="s" * 64)
            made.append(service)
            service.start()
        made[0].page("/sign-in/link", f"token={token}")
        yield made
    finally:
        for service in made:
            if service.process is not None:
                service.kill()


def dial(service: Service) -> dict[str, Any]:
    call: dict[str, Any] = service.ask(
        "POST", "/testphone/calls", {"withheld": True, "at": MONDAY, "to": SERVICE_NUMBER}
    )
    return call


def heard(call: dict[str, Any]) -> str:
    return " ".join(prompt["text"] for command in call["commands"] for prompt in command.get("prompts", ()))


def publish(service: Service, text: str) -> int:
    """As the page does."""
    draft = service.post("/admin/flows/save/hotline.yaml", {"text": text, "based_on": None, "comment": ""})
    return int(service.post("/admin/flows/publish/hotline.yaml", {"draft": draft["id"], "comment": "tried"})["id"])


def test_what_is_published_at_one_is_heard_at_the_other_and_running_calls_stay(services: list[Service]) -> None:
    one, two = services
    text = (one.flows / "hotline.yaml").read_text()
    running = dial(two)
    assert WORD in heard(running)
    assert publish(one, text.replace(WORD, "Geheimcode")) == 2
    until(lambda: "Geheimcode" in heard(dial(two)), 10, "the other process runs the new release", every=0.1)
    assert "Geheimcode" in heard(dial(one))
    keys = {"sequence": running["sequence"], "kind": "digits_entered", "digits": "12"}
    again = two.ask("POST", f"/testphone/calls/{running['call']}/events", keys)
    assert WORD in heard(again)
    assert "Geheimcode" not in heard(again)

    rollback(one, 1)
    until(lambda: WORD in heard(dial(two)), 10, "the other process is back", every=0.1)


def test_new_calls_run_each_release_soon_on_every_process(services: list[Service], figures: Figures) -> None:
    text = (services[0].flows / "hotline.yaml").read_text()
    for number in range(5):
        publish(services[0], text.replace(WORD, f"Geheimcode{number}"))
        published = time.monotonic()
        for service, which in zip(services, ("the same", "another"), strict=True):
            until(partial(runs, service, f"Geheimcode{number}"), 10, f"{which} process runs it", every=0.02)
            figures.add(f"published to a new call that runs it, {which} process", time.monotonic() - published)


def runs(service: Service, word: str) -> bool:
    return word in heard(dial(service))


def rollback(service: Service, release: int) -> None:
    """From the terminal."""
    settings = {"THREADLINE_DATABASE": service.database, "THREADLINE_SECRET": service.secret}
    command = [sys.executable, "-c", "from router.cli import main; main()", "flow", "rollback", str(release), "--json"]
    environment = {**os.environ, **settings, "THREADLINE_FLOWS": str(service.flows), "PYTHONPATH": str(PROJECT)}
    done = subprocess.run(command, env=environment, cwd=service.directory, capture_output=True, check=True, timeout=120)
    assert json.loads(done.stdout)["origin"] == "rollback"


def test_a_file_changed_in_the_folder_is_one_release_and_a_broken_one_none(
    services: list[Service], postgresql: Cluster
) -> None:
    one, two = services
    file = one.flows / "hotline.yaml"
    text = file.read_text()
    file.write_text(text.replace("start: greet", "start: gret"))
    for service in services:
        until(lambda service=service: "missing-step" in service.log, 20, "told in the log")  # type: ignore[misc]
    assert "&#39;gret&#39;" in one.page("/admin/flows")
    assert WORD in heard(dial(two))
    file.write_text(text.replace(WORD, "Geheimcode"))
    for service in services:
        until(lambda service=service: "Geheimcode" in heard(dial(service)), 20, "taken over", every=0.1)  # type: ignore[misc]
    until(lambda: "&#39;gret&#39;" not in one.page("/admin/flows"), 20, "shown as mended", every=0.1)
    rows = postgresql.rows(one.database, "SELECT id, origin FROM flow_releases ORDER BY id")
    assert rows == [(1, "folder"), (2, "folder")]
    assert not any("Traceback" in service.log for service in services)
