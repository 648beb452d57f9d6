"""The whole service on PostgreSQL over the network, with a password; either of them goes away and comes back.

Calls come from the test phone; one agent's desk listens to the event stream.
"""

from __future__ import annotations

import asyncio
import urllib.error
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from router.agents.people import NewPerson, add
from router.api.keys import create_key
from router.store.database import Database
from router.web.passwords import Passwords
from router.web.sign_in import SignIn
from tests.postgres import Cluster
from tests.system.harness.service import SERVICE_NUMBER, Service
from tests.system.harness.stream import EventStream
from tests.system.harness.waiting import until

pytestmark = [pytest.mark.system, pytest.mark.needs("postgresql")]

ERIKA = "+4917139200062"
MONDAY = "2026-11-23T10:00:00+01:00"
OFFER = {"title": "Ökostrom Fünf", "queue": "sales", "facts": {"Preis": "29,90 €"}}
MESSAGE = {
    "external_id": "m-erika",
    "channel": "sms",
    "to": {"phone": ERIKA},
    "customer": {"external_id": "K-1", "name": "Erika Müller", "language": "de"},
    "offer": OFFER,
    "sent_at": "2026-11-22T18:00:00+01:00",
}


def dial(service: Service) -> str:
    """Erika calls, and gets into the queue of her offer by her number alone; the call's id."""
    call = service.ask("POST", "/testphone/calls", {"from": ERIKA, "to": SERVICE_NUMBER, "at": MONDAY})
    assert (call["state"], call["commands"][-1]["queue"]) == ("queue", "sales")
    return str(call["call"])


async def _people(database: Database) -> tuple[str, str]:
    """A key, and a sign-in link's token for an agent."""
    now = datetime.now(UTC)
    async with database.begin() as connection:
        anna = await add(connection, NewPerson(login="anna", name="Anna", queues=("sales",)), ("sales",), now)
        key = await create_key(connection, "test", ["messages:write", "testphone"], now)
    sign_in = SignIn(database, Passwords(), lambda: datetime.now(UTC), key=b"k" * 32)
    link = await sign_in.make_link(anna, "/desk")
    await database.close()
    return key, link.partition("#")[2]


@pytest.fixture
def service(postgresql: Cluster, tmp_path: Path) -> Iterator[Service]:
    """A service with one message sent and one agent ready."""
    address = postgresql.over_the_network(postgresql.emptied())
    key, token = asyncio.run(_people(Database(address)))
    made = Service(tmp_path, address, key)
    try:
        made.start()
        made.ask("POST", "/v1/messages", MESSAGE)
        made.page("/sign-in/link", f"token={token}")
        made.page("/desk/presence", "presence=ready")
        yield made
    finally:
        if made.process is not None:
            made.kill()


def test_a_call_stays_on_the_desk_before_and_after_the_service_was_killed(service: Service) -> None:
    with EventStream(service.url, service.cookie) as stream:
        stream.says("event: hello")
        first = dial(service)
        stream.says('"state": "ringing"')
        card = service.page("/desk/cards")
        assert "Ökostrom Fünf" in card
        assert "Erika Müller" in card
    service.kill()

    service.start()
    assert service.call(first)["state"] == "queue", "a caller of the test phone waits on"
    with EventStream(service.url, service.cookie) as stream:
        stream.says("event: hello")
        assert "Ökostrom Fünf" in service.page("/desk/cards")
        card_id = service.page("/desk/cards").partition('data-card="')[2].partition('"')[0]
        service.page(f"/desk/cards/{card_id}/answer", "")
        stream.says('"state": "talking"')
        assert service.call(first)["state"] == "talking"
        service.ask("POST", f"/testphone/calls/{first}/hangup")
        stream.says('"state": "gone"')
    assert "Ökostrom Fünf" not in service.page("/desk/cards")
    assert "Traceback" not in service.log
    assert ERIKA[3:] not in service.log


def test_the_service_goes_on_when_the_database_is_back(service: Service, postgresql: Cluster) -> None:
    """Whoever restarts PostgreSQL does not have to restart anything else, and no page has to be loaded again."""
    with EventStream(service.url, service.cookie) as stream:
        first = dial(service)
        stream.says('"state": "ringing"')
        with postgresql.away():
            until(lambda: service.state() == 503, 10, "the service says so")
            with pytest.raises(urllib.error.HTTPError, match="503"):
                dial(service)
        until(lambda: service.state() == 200, 10, "ready again")
        service.ask("POST", f"/testphone/calls/{first}/hangup")
        stream.says('"state": "gone"')
        second = dial(service)
        until(lambda: stream.text.count('"state": "ringing"') == 2, 10, "the second card")
        service.ask("POST", f"/testphone/calls/{second}/hangup")
    rows = postgresql.rows(service.database, "SELECT state, outcome FROM calls")
    assert rows == [("ended", "left_queue")] * 2
