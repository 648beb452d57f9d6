"""One-time codes and text messages in whole calls: who gets one, how many, and what is left of them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from router.calls.handle import Calls
from router.calls.texting import Texting, TextLimits
from router.calls.turns import Turn
from router.core.assurance import Assurance
from router.core.commands import AskDigits, CheckCode
from router.core.destinations import Destinations
from router.core.events import TEST_PHONE, WITHHELD, Caller, CallerHungUp, CallStarted, DigitsEntered
from router.engine.session import State
from router.flow.files import check
from router.flow.model import Flow
from router.matching.codes import CodeKeys
from router.releases.flows import Flows
from router.store import text_messages as outbox
from router.store.bus import Bus
from router.store.database import Database, new_id
from router.store.tables import one_time_codes, text_messages
from tests.stored import a_customer, a_message

START = datetime(2026, 3, 2, 10, tzinfo=UTC)
KEYS = CodeKeys("a secret of the tests, long enough to pass")
LANDLINE, MOBILE, OTHER = "+493023125011", "+491713920011", "+491713920012"
FLOW = check(
    """
version: 1
name: proving
languages: [de]
start: find
steps:
  find: {type: match, sure: prove, likely: prove, unclear: prove, none: link}
  prove:
    type: verify
    text: {de: Der Code bitte.}
    message: {de: "Ihr Code ist {{ code }}."}
    minutes: 5
    tries: 5
    verified: proved
    failed: failed
    unavailable: unavailable
  link: {type: send_message, text: {de: "https://example.net"}, next: linked, failed: unavailable}
  linked: {type: transfer, queue: linked}
  proved: {type: transfer, queue: proved}
  failed: {type: transfer, queue: failed}
  unavailable: {type: transfer, queue: unavailable}
""",
    "proving.yaml",
)


@dataclass
class House:
    """Calls with a clock that the test moves and codes that count up."""

    database: Database
    now: datetime = START
    drawn: list[str] = field(default_factory=list)
    number: int = 0
    provided: bool = True
    flow: Flow = FLOW
    limits: TextLimits = field(default_factory=lambda: TextLimits(per_call=3, per_number=5, overall=8))

    def __post_init__(self) -> None:
        self.bus = Bus()
        self.set_up()

    def set_up(self) -> None:
        texting = Texting(
            KEYS, self.draw, new_id, destinations=Destinations(("DE",)), limits=self.limits, provided=self.provided
        )
        flows = Flows({"proving": self.flow}, {}, "proving")
        self.calls = Calls(self.database, self.bus, flows, KEYS, lambda: self.now, texting=texting)

    def draw(self, digits: int) -> str:
        self.drawn.append(f"{len(self.drawn) + 1:0{digits}}")
        return self.drawn[-1]

    async def call(self, caller: Caller | str = LANDLINE, channel: str = "test") -> Turn:
        self.number += 1
        told = caller if isinstance(caller, Caller) else Caller(caller)
        return await self.calls.begin(channel, f"ref {self.number}", CallStarted(channel, told))

    async def key(self, turn: Turn, code: str) -> Turn:
        return await self.calls.handle(turn.call_id, DigitsEntered(code))

    async def rows(self) -> list[tuple[str | None, str | None, str]]:
        """Number, text and state of all text messages, as they were made."""
        query = select(text_messages).order_by(text_messages.c.created_at, text_messages.c.body)
        async with self.database.read() as connection:
            return [(row.to_number, row.body, row.state) for row in await connection.execute(query)]


@pytest.fixture
async def house(database: Database) -> House:
    async with database.begin() as connection:
        await a_customer(connection, "erika", LANDLINE, MOBILE)
        await a_message(connection, "m1", customer_id="erika", to_phone=MOBILE, sent_at=START - timedelta(hours=1))
    return House(database)


async def test_the_code_goes_to_the_number_on_file_and_proves_who_reads_it_out(house: House) -> None:
    turn = await house.call()
    assert isinstance(turn.commands[-1], AskDigits)
    assert await house.rows() == [(MOBILE, "Ihr Code ist 000001.", outbox.QUEUED)]
    turn = await house.key(turn, "000001")
    assert turn.session.queue == "proved"
    assert turn.session.match and turn.session.match.assurance is Assurance.L3


async def test_no_code_is_stored_or_told_as_it_is(house: House) -> None:
    turn = await house.call()
    async with house.database.read() as connection:
        codes = [tuple(row) for row in await connection.execute(select(one_time_codes))]
        hashes = (await connection.execute(select(text_messages.c.number_hash))).scalars().all()
    assert "000001" not in str(codes) and "000001" not in str(turn)
    assert hashes == [KEYS.texted_hash(MOBILE)]


async def test_a_code_counts_once_in_its_call_and_in_time(house: House) -> None:
    first = await house.call()
    second = await house.call()
    assert (await house.key(second, "000001")).session.state is State.FLOW, "of another call"
    house.now += timedelta(minutes=5)
    assert (await house.key(second, "000002")).session.state is State.FLOW, "too late"
    house.now -= timedelta(minutes=1)
    assert (await house.key(first, "000001")).session.queue == "proved"
    texting = house.calls._texting
    async with house.database.begin() as connection:
        again = await texting.check_code(connection, first.session, CheckCode("000001"), house.now)
    assert not again.right, "used already"


async def test_the_last_code_sent_counts_and_guessing_ends(house: House) -> None:
    turn = await house.key(await house.call(), "*")
    assert len(await house.rows()) == 2
    assert (await house.key(turn, "000001")).session.state is State.FLOW
    assert (await house.key(turn, "000002")).session.queue == "proved"
    guesser = await house.call()
    for _ in range(5):
        guesser = await house.key(guesser, "999999")
    assert guesser.session.queue == "failed"
    async with house.database.read() as connection:
        assert (await connection.execute(select(one_time_codes.c.tries))).scalars().all() == [2, 5]


async def test_no_call_gets_more_than_its_share(house: House) -> None:
    turn = await house.call()
    for _ in range(4):
        turn = await house.key(turn, "*")
    assert len(await house.rows()) == 3
    assert (await house.key(turn, "000003")).session.queue == "proved", "the last one sent"


async def test_one_number_gets_so_many_a_day(house: House) -> None:
    for _ in range(5):
        assert isinstance((await house.call()).commands[-1], AskDigits)
    assert (await house.call()).session.queue == "unavailable"
    house.now += timedelta(hours=24)
    async with house.database.begin() as connection:
        await a_message(connection, "m2", customer_id="erika", sent_at=house.now - timedelta(hours=1))
    assert isinstance((await house.call()).commands[-1], AskDigits)


async def test_all_together_get_so_many_a_day(house: House) -> None:
    house.limits = TextLimits(per_call=3, per_number=50, overall=4)
    house.set_up()
    for _ in range(4):
        await house.call()
    assert (await house.call(OTHER)).session.queue == "unavailable"
    assert len(await house.rows()) == 4


async def test_calls_at_one_moment_do_not_pass_a_limit(house: House) -> None:
    turns = await asyncio.gather(*(house.call() for _ in range(8)))
    assert len(await house.rows()) == 5
    assert sum(isinstance(turn.commands[-1], AskDigits) for turn in turns) == 5


async def test_a_call_that_is_announced_twice_at_once_sends_one_code(house: House) -> None:
    begin = CallStarted("test", Caller(LANDLINE))
    turns = await asyncio.gather(*(house.calls.begin("test", "twice", begin) for _ in range(4)))
    assert len({turn.call_id for turn in turns}) == 1
    assert len(await house.rows()) == 1


async def test_nobody_is_texted_where_nobody_sends_texts(house: House) -> None:
    house.provided = False
    house.set_up()
    assert (await house.call()).session.queue == "unavailable"
    assert await house.rows() == []


@pytest.mark.parametrize(
    ("on_file", "sent_to", "expected"),
    [
        ((LANDLINE, MOBILE, OTHER), OTHER, OTHER),
        ((LANDLINE, MOBILE), OTHER, MOBILE),  # what the message went to was taken off the file
        ((LANDLINE,), MOBILE, None),
        (("+436641234567", LANDLINE), None, None),  # Austria is not allowed
        (("+436641234567", LANDLINE, MOBILE), "+436641234567", MOBILE),
        (("+4918051234567", LANDLINE), None, None),
    ],
)
async def test_which_number_on_file_it_is(
    database: Database, on_file: tuple[str, ...], sent_to: str | None, expected: str | None
) -> None:
    async with database.begin() as connection:
        await a_customer(connection, "erika", *on_file)
        await a_message(connection, "m1", customer_id="erika", to_phone=sent_to, sent_at=START - timedelta(hours=1))
    house = House(database)
    turn = await house.call()
    assert [row[0] for row in await house.rows()] == ([expected] if expected else [])
    assert (turn.session.queue is None) == (expected is not None)


async def test_a_link_goes_to_the_caller_and_never_to_a_withheld_number(house: House) -> None:
    assert (await house.call("+491713920099")).session.queue == "linked"
    assert await house.rows() == [("+491713920099", "https://example.net", outbox.QUEUED)]
    for caller in (WITHHELD, Caller(None), Caller("+493023125099"), Caller("+447400123456"), Caller("+4918051234567")):
        assert (await house.call(caller)).session.queue == "unavailable"
    assert len(await house.rows()) == 1


async def test_a_caller_who_hangs_up_still_gets_what_the_flow_sends_then(house: House) -> None:
    house.flow = check(
        """
version: 1
name: proving
languages: [de]
start: ask
hung_up: link
steps:
  ask: {type: menu, text: {de: "Die 1?"}, options: {"1": {next: bye}}, otherwise: bye}
  link: {type: send_message, text: {de: "https://example.net"}, next: bye}
  bye: {type: hangup}
""",
        "leaving.yaml",
    )
    house.set_up()
    turn = await house.call(MOBILE)
    assert await house.rows() == []
    async with house.bus.listen("texts") as woken:
        ended = await house.calls.handle(turn.call_id, CallerHungUp())
        assert woken.is_set()
    assert ended.session.ended
    assert await house.rows() == [(MOBILE, "https://example.net", outbox.QUEUED)]


async def test_test_calls_reach_nobody_and_take_no_limit(house: House) -> None:
    house.provided = False
    house.set_up()
    for _ in range(7):
        turn = await house.call(channel=TEST_PHONE)
    assert {(row[0], row[2]) for row in await house.rows()} == {(None, outbox.SHOWN)}
    assert await house.calls.texts(turn.call_id) == ["Ihr Code ist 000007."]
    async with house.database.begin() as connection:
        assert await outbox.claim(connection, house.now + timedelta(days=1), house.now, 10) == ()
    assert (await house.key(turn, "000007")).session.queue == "proved"
    house.provided = True
    house.set_up()
    assert isinstance((await house.call()).commands[-1], AskDigits)


async def test_whoever_sends_them_is_told_after_the_commit(house: House) -> None:
    async with house.bus.listen("texts") as woken:
        await house.call(WITHHELD)
        assert not woken.is_set()
        await house.call()
        assert woken.is_set()


async def test_what_is_shown_or_late_is_wiped(house: House) -> None:
    turn = await house.call(channel=TEST_PHONE)
    await house.call()
    later = house.now + timedelta(hours=1)
    async with house.database.begin() as connection:
        assert await outbox.give_up(connection, later, later - timedelta(hours=1)) == 0
        assert await outbox.give_up(connection, later, later) == 1
    assert await house.calls.texts(turn.call_id) == []
    assert sorted(await house.rows(), key=str) == [(None, None, outbox.FAILED), (None, None, outbox.SHOWN)]
