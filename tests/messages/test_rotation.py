"""After the secret has changed: codes stay what they are, and the old secret can go."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import update

from router.calls.lookup import find_matches
from router.core.events import WITHHELD
from router.matching.codes import CodeKeys
from router.matching.observed import Observed
from router.messages.handles import HandleRules
from router.messages.registrar import Registrar
from router.messages.registration import Registration, read
from router.messages.rotation import Rotated, rotate
from router.store import codes as store
from router.store.database import Database
from router.store.tables import messages

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
OLD, NEW = "o" * 32, "n" * 32
BEFORE, BOTH, AFTER = CodeKeys(OLD), CodeKeys(NEW, [OLD]), CodeKeys(NEW)


def sent(number: int, ends: str = "2026-04-01T00:00:00Z") -> Registration:
    offer = {"title": "Strom", "valid_until": ends}
    return read(
        {"external_id": f"m-{number}", "channel": "sms", "to": {"phone": "0171 39200 11"}, "offer": offer}, "DE"
    )


async def codes(database: Database, keys: CodeKeys, rules: HandleRules, numbers: range) -> list[str | None]:
    registrar = Registrar(database, keys, rules, lambda: NOW)
    return [(await registrar.register(sent(number))).callback_code for number in numbers]


async def accepted(database: Database, keys: CodeKeys, code: str | None) -> bool | None:
    async with database.read() as connection:
        return (await find_matches(connection, Observed(WITHHELD, code=code), NOW, keys)).code_accepted


async def run(database: Database, keys: CodeKeys, batch: int = 3) -> list[Rotated]:
    return [so_far async for so_far in rotate(database, keys, NOW, batch=batch)]


async def test_codes_stay_the_same_and_are_found_without_the_old_secret(database: Database, rules: HandleRules) -> None:
    issued = await codes(database, BEFORE, rules, range(7))
    issued += await codes(database, BOTH, rules, range(7, 9))
    assert [await accepted(database, BOTH, code) for code in issued] == [True] * 9
    assert await accepted(database, AFTER, issued[0]) is False
    told = await run(database, BOTH)
    assert [each.seen for each in told] == [3, 6, 9]
    assert told[-1] == Rotated(9, 7)
    assert told[-1].complete
    assert [await accepted(database, AFTER, code) for code in issued] == [True] * 9
    assert await codes(database, AFTER, rules, range(9)) == issued, "given again to their senders"
    assert [each.renewed for each in await run(database, BOTH)] == [0, 0, 0], "a second time there is nothing to do"


async def test_it_can_be_stopped_and_begun_again(database: Database, rules: HandleRules) -> None:
    issued = await codes(database, BEFORE, rules, range(5))
    async for so_far in rotate(database, BOTH, NOW, batch=2):
        assert so_far.renewed == 2
        break
    assert [await accepted(database, BOTH, code) for code in issued] == [True] * 5
    assert (await run(database, BOTH))[-1] == Rotated(5, 3)


async def test_codes_that_ended_or_are_under_no_known_secret_are_left(database: Database, rules: HandleRules) -> None:
    registrar = Registrar(database, BEFORE, rules, lambda: NOW)
    await registrar.register(sent(1, ends="2026-01-02T09:00:00Z"))
    await codes(database, CodeKeys("x" * 32), rules, range(2, 3))
    told = await run(database, BOTH)
    assert told[-1] == Rotated(1, 0, unreadable=1)
    assert not told[-1].complete


async def test_a_code_that_is_another_messages_by_now_is_told_of(database: Database, rules: HandleRules) -> None:
    (code,) = await codes(database, BEFORE, rules, range(1))
    assert code
    # Issued while the old secret was not set, so that nobody could know.
    without = Registrar(database, AFTER, rules, lambda: NOW, draw=lambda _: code[:-1])
    assert (await without.register(sent(2))).callback_code == code
    told = await run(database, BOTH)
    assert told[-1] == Rotated(2, 0, taken=1)
    assert not told[-1].complete


async def test_what_is_revoked_meanwhile_stays_revoked(database: Database, rules: HandleRules) -> None:
    await codes(database, BEFORE, rules, range(1))
    async with database.begin() as connection:
        (row,) = await store.sealed(connection, NOW, "", 10)
        await store.revoke(connection, row.id)
        anew = store.SealedCode(b"h" * 32, b"s", 10)
        assert not await store.renew(connection, row.id, row.code_sealed, anew)
        assert await store.sealed(connection, NOW, "", 10) == []


async def test_codes_from_before_lengths_were_kept_get_theirs(database: Database, rules: HandleRules) -> None:
    await codes(database, BEFORE, rules, range(2))
    async with database.begin() as connection:
        await connection.execute(update(messages).values(code_digits=None))
    await run(database, BOTH)
    async with database.read() as connection:
        assert await store.live(connection, NOW) == [(10, 2)]
        assert await store.live(connection, NOW + timedelta(days=60)) == []
