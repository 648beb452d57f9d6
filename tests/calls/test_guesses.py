"""Wrong codes: counted, bounded, and never a reason to refuse a call or to sound different."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from router.calls.handle import Calls
from router.calls.turns import Turn
from router.core.commands import AskDigits, Transfer
from router.core.events import WITHHELD, Caller, CallStarted, DigitsEntered
from router.flow.load import load_file
from router.matching.codes import CodeKeys, make
from router.matching.lockout import KEPT, By, Counted, Limits, locked_by
from router.messages.handles import HandleRules
from router.messages.registrar import Registrar
from router.messages.registration import read
from router.releases.flows import Flows
from router.store import wrong_codes as rows
from router.store.bus import Bus
from router.store.database import Database
from router.store.tables import wrong_codes

HOTLINE = load_file(Path(__file__).parents[2] / "ivr_flows" / "hotline.yaml")
START = datetime(2026, 11, 23, 10, tzinfo=UTC)
KEYS = CodeKeys("a secret of the tests, long enough to pass")
ANNA, BERT = Caller("+493023125011"), Caller("+493023125012")
LIMITS = Limits(per_call=3, per_caller=4, per_trunk=6, overall=8)


@dataclass
class House:
    """Calls with a clock that the test moves, and what was told for the figures."""

    database: Database
    now: datetime = START
    locked: list[By] = field(default_factory=list)
    wrong: int = 0
    number: int = 0

    def __post_init__(self) -> None:
        flows = Flows({"hotline": HOTLINE}, {}, "hotline")
        self.calls = Calls(self.database, Bus(), flows, KEYS, lambda: self.now, limits=LIMITS)
        self.calls.guesses.on_lockout = self.locked.append
        self.calls.guesses.on_wrong = self._count
        rules = HandleRules("DE", "+493023125000", 10, timedelta(days=90), 3)
        self.registrar = Registrar(self.database, KEYS, rules, lambda: self.now)

    def _count(self) -> None:
        self.wrong += 1

    async def code(self, ends: str = "2027-01-31T00:00:00Z") -> str:
        """The code of a message that was sent to somebody else."""
        told = {"channel": "sms", "to": {"phone": "0171 39200 99"}, "offer": {"title": "Strom", "valid_until": ends}}
        registered = await self.registrar.register(read(told, "DE"))
        assert registered.callback_code
        return registered.callback_code

    async def call(self, caller: Caller = WITHHELD, trunk: str | None = "PJSIP/trunk") -> Turn:
        self.number += 1
        return await self.calls.begin("test", f"ref {self.number}", CallStarted("test", caller, None, trunk=trunk))

    async def key(self, turn: Turn, code: str) -> Turn:
        return await self.calls.handle(turn.call_id, DigitsEntered(code))

    async def guess(self, codes: Iterable[str], caller: Caller = WITHHELD, trunk: str | None = "PJSIP/trunk") -> None:
        """One code a call."""
        for code in codes:
            await self.key(await self.call(caller, trunk), code)

    async def stored(self) -> int:
        async with self.database.read() as connection:
            return len((await connection.execute(select(wrong_codes.c.id))).all())


@pytest.fixture
async def house(database: Database) -> House:
    return House(database)


def wrong(count: int, seed: int = 1) -> list[str]:
    source = random.Random(seed)
    return [make(10, lambda digits: "".join(source.choices("0123456789", k=digits))) for _ in range(count)]


def accepted(turn: Turn) -> bool | None:
    assert turn.session.match is not None
    return turn.session.match.code_accepted


async def test_after_three_wrong_codes_a_call_hears_the_same_and_is_put_through(house: House) -> None:
    right = await house.code()
    turn = await house.call(ANNA)
    for code in wrong(2):
        turn = await house.key(turn, code)
        assert isinstance(turn.commands[-1], AskDigits)
    turn = await house.key(turn, wrong(3)[2])
    assert isinstance(turn.commands[-1], Transfer)
    assert house.locked == []

    turn = await house.call(BERT)
    for code in wrong(3, seed=2):
        turn = await house.key(turn, code)
    assert await house.stored() == house.wrong == 6
    locked = await house.call(ANNA)
    first = (await house.key(locked, wrong(4)[3])).commands
    assert house.locked == [By.TRUNK]
    unlocked = (await house.key(await house.call(ANNA, None), wrong(5)[4])).commands
    assert first == unlocked, "a locked call sounds like one whose code is wrong"
    assert accepted(await house.key(locked, right)) is False


async def test_the_right_code_counts_until_a_limit_is_reached_and_not_after(house: House) -> None:
    right = await house.code()
    await house.guess(wrong(3), ANNA)
    assert accepted(await house.key(await house.call(ANNA), right)) is True
    await house.guess(wrong(4)[3:], ANNA)
    assert accepted(await house.key(await house.call(ANNA), right)) is False
    assert house.locked == [By.CALLER]
    assert accepted(await house.key(await house.call(BERT), right)) is True
    assert accepted(await house.key(await house.call(WITHHELD), right)) is True


async def test_each_limit_leaves_the_others_alone(house: House) -> None:
    right = await house.code()
    await house.guess(wrong(6), trunk="PJSIP/a")
    assert accepted(await house.key(await house.call(trunk="PJSIP/a"), right)) is False
    assert accepted(await house.key(await house.call(trunk="PJSIP/b"), right)) is True
    await house.guess(wrong(8)[6:], trunk="PJSIP/b")
    for trunk in ("PJSIP/b", "PJSIP/c", None):
        assert accepted(await house.key(await house.call(trunk=trunk), right)) is False
    assert house.locked == [By.TRUNK, By.OVERALL, By.OVERALL, By.OVERALL]


async def test_a_lockout_ends_after_a_day(house: House) -> None:
    right = await house.code()
    await house.guess(wrong(4), ANNA)
    house.now += timedelta(hours=23, minutes=59)
    assert accepted(await house.key(await house.call(ANNA), right)) is False
    house.now += timedelta(minutes=1)
    assert accepted(await house.key(await house.call(ANNA), right)) is True


async def test_under_attack_nothing_more_is_stored_than_the_limits(house: House) -> None:
    await house.guess(wrong(50), ANNA)
    assert await house.stored() == LIMITS.per_caller
    await house.guess(wrong(50, seed=2))
    assert await house.stored() == LIMITS.per_trunk
    await house.guess(wrong(50, seed=3), trunk=None)
    assert await house.stored() == LIMITS.overall == house.wrong


async def test_slips_expired_codes_and_repeats_are_no_guesses(house: House) -> None:
    expired = await house.code(ends="2026-10-23T09:00:00Z")
    slip = expired[:-1] + str((int(expired[-1]) + 1) % 10)  # one digit only: the check digit finds each of those
    once = wrong(1)[0]
    turn = await house.call(ANNA)
    for code in (slip, expired, once):
        turn = await house.key(turn, code)
    assert await house.stored() == 1
    turn = await house.call(ANNA)
    await house.key(await house.key(turn, once), once)
    assert await house.stored() == 2
    assert house.locked == []


async def test_what_is_stored_names_nobody(house: House) -> None:
    code = wrong(1)[0]
    await house.guess([code], ANNA)
    await house.guess(wrong(2)[1:])
    async with house.database.read() as connection:
        stored = [tuple(row) for row in await connection.execute(select(wrong_codes))]
    assert [row[4] is None for row in stored] == [False, True], "a withheld caller has nothing to count by"
    assert code not in str(stored) and "23125011" not in str(stored)


async def test_a_test_call_at_another_time_counts_now(house: House) -> None:
    event = CallStarted("test", ANNA, None, timedelta(days=300).total_seconds())
    turn = await house.calls.begin("test", "ahead", event)
    await house.key(turn, wrong(1)[0])
    async with house.database.read() as connection:
        assert (await connection.execute(select(wrong_codes.c.at))).scalars().all() == [START]


async def test_calls_at_one_moment_pass_a_limit_by_no_more_than_they_are(house: House) -> None:
    at_once = 5
    for round_ in range(6):
        turns = [await house.call(ANNA, trunk=None) for _ in range(at_once)]
        codes = wrong(at_once, seed=round_)
        await asyncio.gather(*(house.key(turn, code) for turn, code in zip(turns, codes, strict=True)))
    assert LIMITS.per_caller <= await house.stored() < LIMITS.per_caller + at_once


async def test_old_ones_are_deleted_in_small_bites(house: House) -> None:
    await house.guess(wrong(8), trunk=None)
    async with house.database.begin() as connection:
        assert await rows.forget(connection, house.now, 100) == 0
        later = house.now + KEPT
        assert [await rows.forget(connection, later + timedelta(seconds=1), 5) for _ in range(3)] == [5, 3, 0]


@pytest.mark.sqlite_only
async def test_nothing_is_read_or_written_for_a_call_without_a_code(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr("router.store.wrong_codes.counted", never)
    monkeypatch.setattr("router.store.wrong_codes.add", never)
    turn = await house.call(ANNA)
    await house.key(turn, "12")


guessers = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 5), st.integers(0, 2), st.integers(1, 12)), min_size=1, max_size=80
)


@settings(max_examples=200)
@given(guessers, st.integers(1, 20), st.integers(1, 20), st.integers(1, 20))
def test_whatever_guessers_do_the_codes_looked_at_stay_within_the_budget(
    tries: list[tuple[int, int, int, int]], per_caller: int, per_trunk: int, overall: int
) -> None:
    """The rules alone, over days: each try is so many hours after the last, by some caller, on some trunk, so often."""
    limits = Limits(3, per_caller, per_trunk, overall)
    looked_at: list[tuple[int, int, int, int]] = []
    hour = 0
    for call, (later, caller, trunk, codes) in enumerate(tries):
        hour += later * 5
        for _ in range(codes):
            lately = [each for each in looked_at if each[0] > hour - 24]
            counted = Counted(
                sum(each[1] == call for each in looked_at),
                sum(each[2] == caller for each in lately),
                sum(each[3] == trunk for each in lately),
                len(lately),
            )
            if locked_by(counted, limits) is None:
                looked_at.append((hour, call, caller, trunk))
    for end, *_ in looked_at:
        day = [each for each in looked_at if end - 24 < each[0] <= end]
        assert len(day) <= overall
        assert max(Counter(each[2] for each in day).values()) <= per_caller
        assert max(Counter(each[3] for each in day).values()) <= per_trunk
    assert max(Counter(each[1] for each in looked_at).values()) <= limits.per_call


@pytest.mark.sqlite_only
async def test_guessers_over_days_get_no_more_looks_than_the_budget(house: House) -> None:
    """Many callers, trunks and calls with several codes each, through the real way of a call."""
    source = random.Random(11)
    days = 4
    for number, code in enumerate(wrong(days * 60, seed=5)):
        house.now = START + timedelta(days=days) * number / (days * 60)
        caller = Caller(f"+4930231250{source.randrange(40):02d}") if source.random() < 0.7 else WITHHELD
        await house.guess([code], caller, source.choice(["PJSIP/a", "PJSIP/b", "PJSIP/c", None]))
    assert LIMITS.overall * (days - 1) <= house.wrong == await house.stored() <= LIMITS.overall * days
