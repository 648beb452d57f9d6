"""A house with a database, two agents and a call, and an Asterisk that only knows who is in its queues."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from router.agents.ami import AmiDown, AmiRefused
from router.agents.people import NewPerson, add
from router.settings import Settings
from router.store import calls
from router.store.bus import Bus
from router.store.database import Database, new_id
from router.store.tables import cards, desk_events, metadata, people

QUEUES = ("default", "sales")
PHONES = ("PJSIP/101", "PJSIP/102", "PJSIP/103")
START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


class Clock:
    """Says the time it was last told."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **by: float) -> None:
        self.now += timedelta(**by)


class QueuesOnly:
    """What Asterisk knows of the members of its queues; `connected` says whether it can be reached."""

    def __init__(self) -> None:
        self.connected = True
        self.known = set(QUEUES)
        self.members: dict[str, dict[str, bool]] = {}
        self.reasons: dict[str, str] = {}
        self.actions = 0

    def _act(self) -> None:
        self.actions += 1
        if not self.connected:
            raise AmiDown("Asterisk is not connected")

    async def queue_add(
        self, queue: str, interface: str, member_name: str, penalty: int = 0, paused: bool = False
    ) -> None:
        self._act()
        if queue not in self.known:
            raise AmiRefused("Unable to add interface to queue: No such queue")
        self.members.setdefault(interface, {})[queue] = paused

    async def queue_remove(self, queue: str, interface: str) -> None:
        self._act()
        if queue not in self.known:
            raise AmiRefused("Unable to remove interface from queue: No such queue")
        self.members.get(interface, {}).pop(queue, None)

    async def queue_pause(self, interface: str, paused: bool, reason: str, queue: str | None = None) -> None:
        self._act()
        if not (there := self.members.get(interface)):
            raise AmiRefused("Interface not found")
        for each in there if queue is None else (queue,):
            there[each] = paused
        self.reasons[interface] = reason


@dataclass
class House:
    """All that the agents' room is given, and looks into the tables."""

    database: Database
    bus: Bus = field(default_factory=Bus)
    clock: Clock = field(default_factory=Clock)
    asterisk: QueuesOnly = field(default_factory=QueuesOnly)
    settings: Settings = field(default_factory=lambda: Settings(phones=PHONES, queues=QUEUES))

    async def build(self) -> None:
        async with self.database.begin() as connection:
            await connection.run_sync(metadata.create_all)

    async def person(self, login: str, phone: str | None = None, presence: str = "off") -> str:
        async with self.database.begin() as connection:
            person = NewPerson(login=login, name=login.title(), queues=QUEUES)
            person_id = await add(connection, person, QUEUES, self.clock())
            row = {"phone": phone, "presence": presence}
            await connection.execute(people.update().where(people.c.id == person_id).values(**row))
        return person_id

    async def call(self, ref: str = "1.0", channel: str = "asterisk", **values: Any) -> str:
        """A call in a queue, unless `values` say otherwise."""
        call_id = new_id()
        row = {
            "id": call_id,
            "channel": channel,
            "channel_ref": ref,
            "caller": None,
            "withheld": False,
            "service_number": "+4930555000",
            "state": "queue",
            "sequence": 1,
            "session": "{}",
            "reply": "[]",
            "queue": "sales",
            "started_at": self.clock(),
            "updated_at": self.clock(),
        }
        async with self.database.begin() as connection:
            assert await calls.add(connection, row | values)
        return call_id

    async def desks(self, call_key: str | None = None) -> dict[str, str]:
        """What each person's card says: `ringing`, `talking`, or why it is gone."""
        query = cards.select() if call_key is None else cards.select().where(cards.c.call_key == call_key)
        async with self.database.read() as connection:
            rows = (await connection.execute(query)).all()
        return {row.person_id: row.reason if row.state == "gone" else row.state for row in rows}

    async def told(self, person_id: str) -> list[tuple[str, dict[str, Any]]]:
        """The events of a person's page, oldest first."""
        query = desk_events.select().where(desk_events.c.person_id == person_id).order_by(desk_events.c.id)
        async with self.database.read() as connection:
            return [(row.name, row.data) for row in await connection.execute(query)]
