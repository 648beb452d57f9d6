"""Bots that guess: how many guesses come through, and that an honest person still gets in meanwhile.

Time is virtual: it moves on when everybody waits. The figures are printed, and stand in docs/security.md.
"""

from __future__ import annotations

import asyncio
import heapq
import random
import string
from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from router.errors import Refused
from router.matching.codes import make
from router.store.database import Database
from router.store.tables import one_time_codes
from router.web.guesses import LONGEST_WAIT, MOST_AT_LOGIN, MOST_AT_ONCE, MOST_FROM_ADDRESS, WINDOW
from router.web.passwords import Passwords
from router.web.sign_in import SignIn, SignInFailed
from tests.api.service import Service, running
from tests.calls.test_texting import House as CallHouse
from tests.calls.test_texting import house as calls
from tests.web.conftest import FAST, PASSWORD
from tests.web.conftest import House as WebHouse
from tests.web.conftest import house as site

__all__ = ["calls", "site"]
pytestmark = pytest.mark.sqlite_only
MINUTES = 60
OWN = "198.51.100.7"


class Time:
    """Stands still as long as somebody of ``busy`` does something, then moves to what is waited for next."""

    def __init__(self, begin: datetime, busy: int) -> None:
        self.begin, self.seconds, self.busy = begin, 0.0, busy
        self._waiting: list[tuple[float, int, asyncio.Future[None]]] = []
        self._number = count()

    def __call__(self) -> datetime:
        return self.begin + timedelta(seconds=self.seconds)

    async def sleep(self, seconds: float) -> None:
        until = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (self.seconds + seconds, next(self._number), until))
        self.left()
        await until

    def left(self) -> None:
        """Somebody waits, or is done."""
        self.busy -= 1
        if not self.busy and self._waiting:
            self.seconds, _, until = heapq.heappop(self._waiting)
            self.busy = 1
            until.set_result(None)


async def together(time: Time, everybody: list[Coroutine[Any, Any, None]]) -> None:
    async def one(somebody: Coroutine[Any, Any, None]) -> None:
        try:
            await somebody
        finally:
            time.left()

    await asyncio.gather(*(one(each) for each in everybody))


class Bots:
    """``site``'s sign-in under attack by so many bots. ``tried`` counts guesses that a password was compared for."""

    def __init__(self, site: WebHouse, bots: int, minutes: int = MINUTES) -> None:
        self.time = Time(site.clock(), bots + 1)
        self.minutes = minutes
        self.sign_in = SignIn(site.database, Passwords(FAST), self.time, key=b"k" * 32, sleep=self.time.sleep)
        self.tried = 0
        self.waited: list[float] = []

    async def bot(self, login: Callable[[int], str], address: Callable[[int], str]) -> None:
        for number in count():
            if self.time.seconds >= self.minutes * 60:
                return
            try:
                await self.sign_in.with_password(login(number), "wrong", address(number))
            except SignInFailed:
                self.tried += 1
            except Refused as refused:
                await self.time.sleep(float(refused.headers["Retry-After"]))

    async def honest(self, login: str, cookie: str = "") -> None:
        """Signs in ten times from the own address."""
        for _ in range(10):
            await self.time.sleep(self.minutes * 6)
            begun = self.time.seconds
            token, _ = await self.sign_in.with_password(login, PASSWORD, OWN, cookie)
            assert await self.sign_in.whose(token) is not None
            self.waited.append(self.time.seconds - begun)

    def say(self, what: str) -> int:
        waited = f"the owner came in {len(self.waited)} times and waited {max(self.waited, default=0):.0f} s at most"
        an_hour = self.tried * MINUTES // self.minutes
        print(f"{what}: {an_hour} guesses an hour; {waited}")
        return an_hour


async def test_one_address_guesses_at_one_account(site: WebHouse) -> None:
    """Its owner comes in from anywhere, with any browser."""
    await site.add("anna")
    bots = Bots(site, 8)
    await together(
        bots.time, [*(bots.bot(lambda _: "anna", lambda _: "192.0.2.9") for _ in range(8)), bots.honest("anna")]
    )
    assert bots.say("one address, one account") <= MOST_FROM_ADDRESS * (1 + MINUTES * 60 / WINDOW.total_seconds())
    assert len(bots.waited) == 10 and max(bots.waited) <= LONGEST_WAIT


async def test_one_address_guesses_at_many_accounts(site: WebHouse) -> None:
    await site.add("anna")
    bots = Bots(site, 40, 5)
    names = (f"login-{number}" for number in count())
    attack = [bots.bot(lambda _: next(names), lambda _: "192.0.2.9") for _ in range(40)]
    await together(bots.time, [*attack, bots.honest("anna")])
    assert bots.say("one address, many accounts") <= MOST_AT_ONCE["address"] * 3600 / LONGEST_WAIT + 150 * 12
    assert bots.waited == [0.0] * 10, "whoever comes from elsewhere waits for nobody"


@pytest.mark.parametrize("login", ["anna", "nobody"])
async def test_many_addresses_guess_at_one_account(site: WebHouse, login: str) -> None:
    """Whether there is such a login, none of them can see."""
    anna = await site.add("anna")
    bots = Bots(site, 60)
    addresses = (f"10.0.{number // 250}.{number % 250}" for number in count())
    known = bots.sign_in.remembered("", "anna")
    attack = [bots.bot(lambda _: login, lambda _: next(addresses)) for _ in range(60)]
    await together(bots.time, [*attack, bots.honest("anna", known)])
    guesses = bots.say(f"many addresses, one account ({login})")
    assert guesses == MOST_AT_LOGIN * MINUTES * 60 / WINDOW.total_seconds()
    assert bots.waited == [0.0] * 10, "a browser that is known waits for nobody"
    link = await bots.sign_in.make_link(anna, "/desk")  # what goes on with any other, see docs/security.md
    token, _ = await bots.sign_in.with_link(link.partition("#")[2])
    assert await bots.sign_in.whose(token) is not None


async def test_one_time_codes_are_guessed_at_by_calls_all_day(calls: CallHouse) -> None:
    """A caller with the number on file, who has not the phone that the code is sent to."""
    calls.limits = type(calls.limits)()
    calls.set_up()
    asked = 0
    for _ in range(60):
        turn = await calls.call()
        while turn.session.queue is None:
            turn = await calls.key(turn, "999999" if asked % 7 else "*")
            asked += 1
        calls.now += timedelta(minutes=1)
    looked_at = await tries(calls.database)
    print(
        f"one-time codes: {looked_at} guesses in 24 hours, a chance of {looked_at / 10**6:.6f}; {asked} were keyed in"
    )
    assert asked > looked_at
    assert looked_at <= 5 * calls.limits.per_number


async def tries(database: Database) -> int:
    async with database.read() as connection:
        return int((await connection.execute(select(func.sum(one_time_codes.c.tries)))).scalar_one())


def codes(number: int) -> list[str]:
    """Well-formed ones; any that is drawn is right with a chance of one in ten millions here."""
    chance = random.Random(7)
    return [make(9, lambda digits: "".join(chance.choices(string.digits, k=digits))) for _ in range(number)]


async def test_callback_codes_are_guessed_at_by_a_program_with_a_key(folder: Path, database_url: str) -> None:
    async with running(folder, database_url) as service, service.allowed("match") as program:
        told = [(await program.post("/v1/match", json={"code": code})).status_code for code in codes(260)]
        print(f"callback codes with a key: {told.count(200)} guesses in 24 hours")
        assert told == [200] * 200 + [429] * 60
        async with service.allowed("match") as another:
            assert (await another.post("/v1/match", json={"code": codes(1)[0]})).status_code == 200


async def test_keys_are_guessed_at(folder: Path, database_url: str) -> None:
    async with running(folder, database_url, requests_a_minute=600) as service:
        looked_at = 0
        async with service.client() as bot:
            for number in range(200):
                forged = f"tl_{number:012x}_{'A' * 43}"
                answer = await bot.post("/v1/match", json={}, headers={"Authorization": f"Bearer {forged}"})
                assert answer.status_code in (401, 429)
                looked_at += answer.status_code == 401
        print(f"keys: {looked_at} of 200 guesses at once, each with a chance of 2^-256")
        assert 60 <= looked_at < 200
        assert await gets_in(service)


async def gets_in(service: Service) -> bool:
    key = await service.key("match")
    async with service.client_from(OWN, Authorization=f"Bearer {key}") as program:
        return (await program.post("/v1/match", json={})).status_code == 200
