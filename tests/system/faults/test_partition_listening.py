"""The process that listens to Asterisk loses its way to PostgreSQL, and keeps the one to Asterisk: the other listens
soon, and the first does nothing any more that it was to do before."""

from __future__ import annotations

import asyncio
import time
import urllib.error
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from router.agents.people import NewPerson, add
from router.api.keys import create_key
from router.store.database import Database
from router.web.passwords import Passwords
from router.web.sign_in import SignIn
from tests.postgres import Cluster
from tests.system.conftest import MakeCaller, MakePhone
from tests.system.faults.conftest import Report
from tests.system.faults.network import Network
from tests.system.faults.proxy import Proxy
from tests.system.faults.table import LONG, Row, often
from tests.system.harness.ami import Ami
from tests.system.harness.asterisk import Asterisk
from tests.system.harness.caller import Identity
from tests.system.harness.office import STRAIGHT, Blueprint
from tests.system.harness.service import Service
from tests.system.harness.stream import EventStream
from tests.system.harness.waiting import until

pytestmark = [pytest.mark.system, pytest.mark.needs("sipp", "mmdebstrap", "espeak-ng", "postgresql")]

STRANGER = Identity("+493055501997")
QUEUES = ("default", "sales")
TAKEN_OVER = 5.0 if LONG else 30.0
"""Seconds until the other one listens: 4 where a machine has nothing else to do, which is seldom so in `make test`."""
RINGING = '"state": "ringing"'


@dataclass(frozen=True, slots=True)
class Pair:
    """``cut_off`` listens at first; Asterisk asks ``stays`` about calls. Anna is signed in at both."""

    cut_off: Service
    stays: Service
    network: Network
    cluster: Cluster

    @property
    def listens(self) -> str:
        """The process that listens to Asterisk."""
        rows = self.cluster.rows(self.stays.database, "SELECT holder FROM asterisks WHERE connected")
        return str(rows[0][0]) if rows else ""


async def _people(database: Database) -> tuple[str, list[str]]:
    """A key, and the tokens of two sign-in links for Anna."""
    now = datetime.now(UTC)
    async with database.begin() as connection:
        anna = await add(connection, NewPerson(login="anna", name="Anna Beispiel", queues=QUEUES), QUEUES, now)
        key = await create_key(connection, "test", ["calls:read"], now)
    sign_in = SignIn(database, Passwords(), lambda: datetime.now(UTC), key=b"k" * 32)
    links = [await sign_in.make_link(anna, "/desk") for _ in range(2)]
    await database.close()
    return key, [link.partition("#")[2] for link in links]


@pytest.fixture
def pair(postgresql: Cluster, asterisk: Asterisk, blueprint: Blueprint, tmp_path: Path) -> Iterator[Pair]:
    address = make_url(postgresql.over_the_network(postgresql.emptied()))
    here = address.render_as_string(hide_password=False)
    key, links = asyncio.run(_people(Database(here)))
    assert address.port is not None
    with (
        Network() as network,
        Proxy(("127.0.0.1", address.port), network.database_host) as way,
        Proxy(("127.0.0.1", asterisk.ports.ami), network.outside) as line,
    ):
        more = {
            **blueprint.settings,
            "AMI_SECRET": asterisk.settings["AMI_SECRET"],
            "PHONES": '["PJSIP/101"]',
            "RECOGNISER": "none",
            "PAGE_GONE_AFTER": "0",
        }
        there = address.set(host=network.database_host, port=way.port).render_as_string(hide_password=False)
        services = (
            Service(
                tmp_path / "cut-off",
                there,
                key,
                more=more | {"AMI_HOST": network.outside, "AMI_PORT": str(line.port)},
                host=network.address,
                within=tuple(network.within),
            ),
            Service(
                tmp_path / "stays",
                here,
                key,
                more=more | {"AMI_PORT": str(asterisk.ports.ami), "FASTAGI_PORT": str(asterisk.ports.router_agi)},
            ),
        )
        pair = Pair(*services, network, postgresql)
        try:
            for service, link in zip(services, links, strict=True):
                service.directory.mkdir()
                service.start()
                service.page("/sign-in/link", f"token={link}")
                until(lambda: pair.listens, 60, "it listens to Asterisk")
            yield pair
        finally:
            for service in services:
                if service.process is not None:
                    service.kill()


def refused(service: Service, presence: str) -> bool:
    """Whether it says that it cannot be done."""
    try:
        service.page("/desk/presence", f"presence={presence}&reason=break")
    except OSError as error:
        return not isinstance(error, urllib.error.HTTPError) or error.code == 503
    return False


def test_cut_off_while_it_listens(
    pair: Pair, make_phone: MakePhone, make_caller: MakeCaller, ami: Ami, report: Report
) -> None:
    seconds = often(8, 60)
    phone = make_phone("101")
    pair.stays.page("/desk/phone", "phone=PJSIP/101")
    pair.stays.page("/desk/presence", "presence=ready")
    with EventStream(pair.stays.url, pair.stays.cookie) as stream:

        def rings(calls: int) -> None:
            until(lambda: stream.text.count(RINGING) >= calls, 60, f"the card of call {calls}")
            phone.rings(nth=calls)

        stream.says("event: hello")
        caller = make_caller(STRANGER, STRAIGHT)
        rings(1)
        phone.answer()
        stream.says('"state": "talking"', within=60)
        listened = pair.listens

        pair.network.cut()
        cut = time.monotonic()
        phone.hang_up()  # while nobody listens
        with ThreadPoolExecutor(1) as aside:
            clicked = aside.submit(refused, pair.cut_off, "paused")
            until(lambda: pair.listens != listened, 60, "the other one listens")
            taken_over = time.monotonic() - cut
            assert clicked.result()
        stream.says('"state": "gone"', within=60)
        caller.ended(60)
        second = make_caller(STRANGER, STRAIGHT)
        rings(2)
        phone.answer()  # or it would ring anew, as for whoever does not answer
        until(lambda: pair.cut_off.state() == 503, 60, "it says that it is not ready", every=0.05)
        until(lambda: time.monotonic() - cut > seconds, 60 + seconds, "cut off for long enough", every=0.2)

        mark = ami.mark
        pair.network.mend()
        mended = time.monotonic()
        until(lambda: pair.cut_off.state() == 200, 60, "it is ready again", every=0.05)
        normal = time.monotonic() - mended
        second.hang_up()
        until(lambda: stream.text.count('"state": "gone"') >= 2, 60, "the second call is over")
        make_caller(STRANGER, STRAIGHT)
        rings(3)
        assert pair.listens != listened
        assert stream.text.count(RINGING) == 3, "a card popped twice"
    stale = [each for each in ami.events[mark:] if each.name in ("QueueMemberPause", "QueueMemberRemoved")]
    assert stale == [], "something that was not done was told later"
    assert taken_over <= TAKEN_OVER
    report(
        Row(
            f"the process that listens to Asterisk cut off from PostgreSQL for {seconds} s",
            "nothing, at the other process",
            "cards at the other process as ever, none twice",
            "nothing; what was clicked there meanwhile is refused, and not told to Asterisk late",
            f"the other listens {taken_over:.1f} s after the cut; the first is ready {normal:.1f} s after its end",
        )
    )
