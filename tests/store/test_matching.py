"""What a decision reads: by number, code, reference and leased number, the same from both databases, within bounds."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, text
from sqlalchemy.exc import SQLAlchemyError

from router.matching.observed import Delivery, MessageRow
from router.store import matching
from router.store.database import Connection, Database, is_away
from router.store.matching import Asked, Found, at_switchboard, find, one_slip_away
from router.store.matching_sql import MOST_CARRIERS, MOST_MESSAGES, MOST_SHARERS, fetch
from router.store.tables import messages
from tests.stored import NOW, a_call, a_customer, a_lease, a_message

MOBILE, LANDLINE, DIALLED = "+4917139200001", "+493023125001", "+493023125800"
DAY = timedelta(days=1)


@pytest.fixture
async def connection(database: Database) -> AsyncIterator[Connection]:
    async with database.begin() as connection:
        yield connection


async def found_by_number(connection: Connection, number: str = MOBILE) -> Found:
    return await find(connection, Asked(number), NOW)


async def test_nothing_to_look_up_by_asks_nothing(connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("router.store.matching.fetch", None)
    assert await find(connection, Asked(), NOW) == Found({})


async def test_a_row_has_all_that_matching_needs(connection: Connection) -> None:
    await a_customer(connection, "anna", MOBILE, language="en")
    await a_message(
        connection,
        "m1",
        customer_id="anna",
        to_phone=MOBILE,
        channel="letter",
        service_number=DIALLED,
        code_hash=b"h" * 32,
        code_expires_at=NOW + DAY,
        reference="AB482139",
        delivery="read",
        answered_at=NOW - DAY,
        call_to_action=True,
        sent_at=datetime(2026, 3, 1, 8, 30, 15, 250, tzinfo=UTC),
        offer={"title": "Gas", "queue": "sales", "valid_until": "2026-03-20T18:00:00+01:00", "topic": "gas"},
    )
    row = MessageRow(
        "m1",
        datetime(2026, 3, 1, 8, 30, 15, 250, tzinfo=UTC),
        "anna",
        MOBILE,
        frozenset({MOBILE}),
        DIALLED,
        False,
        NOW + DAY,
        datetime(2026, 3, 20, 17, tzinfo=UTC),
        "sales",
        "en",
        "Gas",
        "letter",
        "AB482139",
        "gas",
        Delivery.READ,
        NOW - DAY,
        True,
    )
    assert await found_by_number(connection) == Found({"m1": row}, 1, True)
    keyed = await find(connection, Asked(code_hashes=(b"o" * 32, b"h" * 32)), NOW)
    assert keyed.rows["m1"].code_keyed
    assert keyed.rows["m1"].customer_phones == frozenset(), "the number is not known, so it is not compared"


@pytest.mark.parametrize(
    "offer",
    [
        {},
        [],
        "text",
        None,
        {"title": None, "queue": 7, "valid_until": "soon", "topic": ["gas"]},
        {"valid_until": "2026-03-20T00:00:00"},
        {"valid_until": 20260320},
        {"valid_until": ""},
    ],
)
async def test_odd_offers_count_as_without_end(connection: Connection, offer: Any) -> None:
    await a_message(connection, "m1", to_phone=MOBILE, offer=offer, delivery="lost", call_to_action=False)
    row = (await found_by_number(connection)).rows["m1"]
    assert (row.valid_until, row.offer_title, row.delivery, row.call_to_action) == (None, None, None, False)


async def test_the_latest_of_the_window_come_first(connection: Connection) -> None:
    await a_customer(connection, "anna", MOBILE)
    for age in range(MOST_MESSAGES + 20):
        await a_message(connection, f"to{age}", to_phone=MOBILE, sent_at=NOW - age * DAY)
        await a_message(connection, f"of{age}", customer_id="anna", sent_at=NOW - age * DAY)
    await a_message(connection, "old", to_phone=MOBILE, sent_at=NOW - 181 * DAY)
    await a_message(connection, "planned", to_phone=MOBILE, sent_at=NOW + DAY)
    rows = (await found_by_number(connection)).rows
    assert rows.keys() == {f"{kind}{age}" for kind in ("to", "of") for age in range(MOST_MESSAGES)}


async def test_sharers_are_counted_whether_they_got_a_message_or_not(connection: Connection) -> None:
    await a_customer(connection, "ben", MOBILE)
    assert await found_by_number(connection) == Found({}, 1, True)
    for number in range(MOST_SHARERS + 5):
        await a_customer(connection, f"c{number}", LANDLINE)
    await a_message(connection, "m1", customer_id="c1", to_phone=MOBILE)
    found = await found_by_number(connection, LANDLINE)
    assert (found.sharers, found.rows["m1"].customer_phones) == (MOST_SHARERS, frozenset({LANDLINE}))
    assert (await found_by_number(connection, DIALLED)) == Found({})


async def test_calls_tell_what_the_number_called_about_before(connection: Connection) -> None:
    for message in ("tied", "right", "wrong", "named", "not this", "voicemail", "long ago", "old"):
        await a_message(connection, message, sent_at=NOW - (300 if message == "old" else 3) * DAY)
    await a_call(connection, MOBILE, "tied", started_at=NOW - 3 * DAY)
    await a_call(connection, MOBILE, "tied", state="talking")
    await a_call(connection, MOBILE, "right", verdict="right", said="right")
    await a_call(connection, MOBILE, "wrong", verdict="other", said="named")
    await a_call(connection, MOBILE, "not this", verdict="none")
    await a_call(connection, MOBILE, "voicemail", agent_id=None)
    await a_call(connection, MOBILE, "voicemail", state="queue")
    await a_call(connection, MOBILE, "long ago", started_at=NOW - 31 * DAY)
    await a_call(connection, LANDLINE, "voicemail")
    await a_call(connection, MOBILE, "old")
    await a_call(connection, MOBILE, None)
    found = await found_by_number(connection)
    assert {row.message_id: row.called_at for row in found.rows.values()} == dict.fromkeys(
        ("tied", "right", "named", "old"), NOW - 2 * DAY
    )
    assert not found.number_known, "that it called does not make it a number on file"


@pytest.mark.parametrize(
    ("known", "number", "expected"),
    [
        (("+4930231250",), "+493023125011", "+4930231250"),  # 23125-0, and -011 called
        (("+493023125",), "+493023125011", "+493023125"),
        (("+4930231250", "+493023125"), "+493023125011", "+4930231250"),
        (("+493023125", "+49302312501"), "+493023125011", "+49302312501"),
        (("+4930231",), "+493023125011", "+4930231"),
        (("+493023",), "+493023125011", None),  # six digits are too many for an extension
        (("+493023125012",), "+493023125011", None),
        (("+49302312",), "+4930231250", "+49302312"),
        (("+49171",), "+4917139200", None),  # no number in full
    ],
)
async def test_the_switchboard_of_an_extension(
    connection: Connection, known: tuple[str, ...], number: str, expected: str | None
) -> None:
    for place, head in enumerate(known):
        if place % 2:
            await a_message(connection, head, to_phone=head)
        else:
            await a_customer(connection, head, head)
            await a_message(connection, head, customer_id=head)
    rows = await at_switchboard(connection, number, NOW)
    assert list(rows) == ([] if expected is None else [expected])
    assert all(row.switchboard and not row.customer_phones for row in rows.values())


async def test_a_reference_is_found_exactly_or_one_slip_away(connection: Connection) -> None:
    await a_message(connection, "exact", reference="AB482139", sent_at=NOW - 400 * DAY)
    await a_message(connection, "swapped", reference="AB428139")
    await a_message(connection, "lost", reference="AB48213")
    await a_message(connection, "two slips", reference="AB428193")
    await a_message(connection, "short", reference="A482")
    assert list((await find(connection, Asked(reference="AB482139"), NOW)).rows) == ["exact"]
    assert (await one_slip_away(connection, "AB482139")).keys() == {"swapped", "lost"}
    assert (await one_slip_away(connection, "AB428139")).keys() == {"exact", "two slips"}
    assert await one_slip_away(connection, "A483") == {}
    assert await one_slip_away(connection, "XYZ99999") == {}


async def test_a_reference_on_very_many_messages_stays_bounded(connection: Connection) -> None:
    for number in range(MOST_MESSAGES + 10):
        await a_message(connection, f"m{number:02}", reference="KATALOG26", sent_at=NOW - number * DAY)
    for digit in range(30):
        await a_message(connection, f"near{digit}", reference=f"9000{digit:02}1")
    latest = {f"m{number:02}" for number in range(MOST_MESSAGES)}
    assert (await find(connection, Asked(reference="KATALOG26"), NOW)).rows.keys() == latest
    assert (await one_slip_away(connection, "KATALOG27")).keys() == latest
    assert len(await one_slip_away(connection, "9000991")) <= matching.MOST_REFERENCES


async def test_a_number_leased_to_a_message_stands_for_it_until_its_quarantine_ends(connection: Connection) -> None:
    await a_message(connection, "m1", service_number=DIALLED, sent_at=NOW - 200 * DAY)
    await a_message(connection, "other", service_number=LANDLINE)
    asked = Asked(leased=DIALLED)
    assert await find(connection, asked, NOW) == Found({})
    await a_lease(connection, DIALLED, message_id="m1")
    for days, known in ((-2, False), (0, True), (8, True), (13, False)):
        found = await find(connection, asked, NOW + days * DAY)
        assert (found.carriers, list(found.rows)) == ((1, ["m1"]) if known else (None, [])), days


async def test_a_number_leased_to_a_campaign_stands_for_all_that_carry_it(connection: Connection) -> None:
    values = {
        "digest": "",
        "channel": "letter",
        "offer": {},
        "body": "",
        "created_at": NOW,
        "service_number": DIALLED,
    }
    many = [{"id": f"m{n}", "sent_at": NOW - n * timedelta(minutes=1), **values} for n in range(MOST_CARRIERS + 10)]
    await connection.execute(insert(messages), many[:70])
    await a_lease(connection, DIALLED, campaign="spring")
    found = await find(connection, Asked(leased=DIALLED), NOW)
    assert found.carriers == 70
    assert found.rows.keys() == {f"m{n}" for n in range(MOST_MESSAGES)}
    await connection.execute(insert(messages), many[70:])
    assert (await find(connection, Asked(leased=DIALLED), NOW)).carriers == MOST_CARRIERS
    await a_message(connection, "mine", to_phone=MOBILE)
    both = await find(connection, Asked(MOBILE, leased=DIALLED), NOW)
    assert {"mine", "m0"} <= both.rows.keys()


async def test_everything_at_once_is_one_statement(connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    await a_customer(connection, "anna", MOBILE)
    await a_message(connection, "number", customer_id="anna")
    await a_message(connection, "code", code_hash=b"h" * 32, customer_id="anna", sent_at=NOW - 300 * DAY)
    await a_message(connection, "reference", reference="AB482139", sent_at=NOW - 300 * DAY)
    await a_message(connection, "lease", service_number=DIALLED)
    await a_message(connection, "called")
    await a_call(connection, MOBILE, "called")
    await a_call(connection, MOBILE, "number")
    await a_lease(connection, DIALLED, message_id="lease")
    asked = Asked(MOBILE, (b"h" * 32, b"i" * 32), "AB482139", DIALLED)
    statements: list[tuple[str, ...]] = []

    async def counted(connection: Connection, parts: tuple[str, ...], values: dict[str, Any]) -> Any:
        statements.append(parts)
        return await fetch(connection, parts, values)

    monkeypatch.setattr("router.store.matching.fetch", counted)
    found = await find(connection, asked, NOW)
    assert len(statements) == 1
    assert found.rows.keys() == {"number", "code", "reference", "lease", "called"}
    assert found.rows["code"].code_keyed
    assert found.rows["code"].customer_phones == {MOBILE}, "it is anna's, however it was found"
    assert found.rows["number"].called_at == NOW - 2 * DAY
    assert (found.sharers, found.carriers) == (1, 1)


async def test_it_reads_in_the_transaction_of_the_connection(database: Database) -> None:
    async with database.begin() as connection:
        await a_message(connection, "mine", to_phone=MOBILE)
        assert (await found_by_number(connection)).number_known
        async with database.read() as other:
            assert not (await found_by_number(other)).number_known


async def test_a_database_that_goes_away_is_told_from_a_mistake(database: Database) -> None:
    with pytest.raises(SQLAlchemyError) as raised:
        async with database.begin() as connection:
            await found_by_number(connection)
            if database.is_sqlite:
                await connection.exec_driver_sql("DROP TABLE match_outcomes")  # SQLite tells the two not apart
            else:
                (mine,) = (await connection.execute(text("SELECT pg_backend_pid()"))).one()
                async with database.begin() as other:
                    await other.execute(text("SELECT pg_terminate_backend(:mine)"), {"mine": mine})
            await found_by_number(connection)
    assert is_away(raised.value)
    assert MOBILE not in str(raised.value)
    if not database.is_sqlite:
        async with database.read() as connection:
            await found_by_number(connection)


@pytest.mark.postgresql_only
async def test_a_mistake_of_ours_is_none_of_the_database(database: Database) -> None:
    async with database.begin() as connection:
        await connection.execute(text("ALTER TABLE messages RENAME COLUMN delivery TO delivered"))
    with pytest.raises(SQLAlchemyError) as raised:
        async with database.read() as connection:
            await found_by_number(connection)
    assert not is_away(raised.value)
    async with database.begin() as connection:
        await connection.execute(text("ALTER TABLE messages RENAME COLUMN delivered TO delivery"))


async def test_every_wait_has_an_end(database_url: str) -> None:
    database = Database(database_url, busy_seconds=0.3)
    if database.is_sqlite:
        await database.close()
        return  # readers wait for nobody there
    async with database.begin() as connection:
        await connection.execute(text("LOCK TABLE messages IN ACCESS EXCLUSIVE MODE"))
        with pytest.raises(TimeoutError):
            async with database.read() as other:
                await found_by_number(other)
    await database.close()
