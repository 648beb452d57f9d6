"""Reading whole files: every row has its outcome, what was answered is stored, and twice does no harm."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from router.matching.codes import CodeKeys
from router.messages.handles import HandleRules
from router.messages.imports import RowOutcome, format_of, import_rows, pieces
from router.messages.pools import Pools
from router.messages.reading import Format
from router.messages.registrar import Registrar
from router.store.database import Connection, Database
from router.store.tables import messages

HEADER = "external_id,channel,to_phone,customer_name,offer_title\n"


async def stream(data: bytes, piece: int = 1000) -> AsyncIterator[bytes]:
    for start in range(0, len(data), piece):
        yield data[start : start + piece]


async def imported(registrar: Registrar, data: str | bytes, format_: Format = "csv", **more: Any) -> list[RowOutcome]:
    raw = data if isinstance(data, bytes) else data.encode()
    return [outcome async for outcome in import_rows(stream(raw), format_, registrar, **more)]


async def stored(database: Database) -> int:
    async with database.read() as connection:
        return (await connection.execute(select(func.count()).select_from(messages))).scalar_one()


def a_row(number: int, name: str = "Anna") -> str:
    return f"sms-{number},sms,+4917139200{number % 100:02},{name},Strom {number}\n"


async def test_every_column_fills_its_field(registrar: Registrar) -> None:
    data = (
        "external_id;channel;to_phone;to_email;customer_external_id;customer_name;customer_language;customer_segment;customer_phones;"
        "offer_title;offer_summary;offer_valid_from;offer_valid_until;offer_queue;offer_skills;offer_topic;"
        "offer_url;offer_facts.Preis;offer_sensitive_facts.IBAN;body;reference;campaign;call_to_action;"
        "pool;lease;sent_at\r\n"
        "b-1;letter;030/23125-001;anna@post.example;c-1;Anna Müller;de;gold;030 23125 001|0171 39200 01;"
        "Ökostrom;Zwei Jahre;2026-03-01T00:00:00+01:00;2026-03-31T00:00:00+02:00;sales;power|german;power;"
        'https://energie.example;28,4 ct;DE00 2041;"Guten Tag,\r\nFrau ""Müller""";A-1;spring;Ja;mail;'
        "message;2026-03-01T09:00:00Z\r\n"
    )
    registrar.rules = replace(registrar.rules, pools=Pools({"mail": ("+493023125110",)}))
    for encoding in ("utf-8-sig", "cp1252"):
        (outcome,) = await imported(registrar, data.encode(encoding))
        assert outcome.errors == ()
        assert outcome.row == 2
    message = await registrar.stored_as("b-1")
    assert message is not None
    assert message["to"] == {"phone": "+493023125001", "email": "anna@post.example"}
    assert message["customer"]["name"] == "Anna Müller"
    assert message["customer"]["segment"] == "gold"
    assert message["customer"]["phones"] == ["+491713920001", "+493023125001"]
    assert message["offer"]["skills"] == ["power", "german"]
    assert message["offer"]["facts"] == {"Preis": "28,4 ct", "IBAN": {"value": "DE00 2041", "sensitive": True}}
    assert message["body"] == 'Guten Tag,\nFrau "Müller"'
    assert message["reference"] == "A-1"
    assert (message["offer"]["topic"], message["call_to_action"]) == ("power", True)
    assert (message["pool"], message["lease"], message["service_number"]) == ("mail", "message", "+493023125110")


@pytest.mark.parametrize(
    ("cell", "asks"),
    [("yes", True), ("TRUE", True), ("WAHR", True), ("1", True), ("nein", False), ("falsch", False), ("0", False)],
)
async def test_yes_and_no_are_taken_as_spreadsheets_write_them(registrar: Registrar, cell: str, asks: bool) -> None:
    columns, values = HEADER.strip() + ",call_to_action\n", a_row(1).strip() + f", {cell} \n"
    assert (await imported(registrar, columns + values))[0].errors == ()
    message = await registrar.stored_as("sms-1")
    assert message is not None
    assert message["call_to_action"] is asks
    (refused,) = await imported(registrar, columns + a_row(2).strip() + ",maybe\n")
    assert refused.errors == ({"field": "call_to_action", "message": "has to be true or false"},)


async def test_json_lines_have_the_fields_of_the_api(registrar: Registrar) -> None:
    rows = [
        {"external_id": "1", "channel": "sms", "to": {"phone": "0171 39200 01"}, "offer": {"title": "Strom"}},
        {"external_id": "2", "channel": "sms", "to": {"phone": "12"}, "offer": {"title": "Strom"}},
        {"channel": "sms", "to": {"phone": "0171 39200 01"}, "offer": {"title": "Strom"}},
    ]
    data = "\n\n".join(json.dumps(row) for row in rows).encode() + b'\n{"cut": \n[]\n"x"\n"\xed\xa0\x80"'
    outcomes = await imported(registrar, data, "ndjson")
    assert [(outcome.row, outcome.external_id, bool(outcome.registered)) for outcome in outcomes] == [
        (1, "1", True),
        (3, "2", False),
        (5, None, False),
        (6, None, False),
        (7, None, False),
        (8, None, False),
        (9, None, False),
    ]
    assert outcomes[1].errors[0]["field"] == "to.phone"
    assert outcomes[2].errors[0]["field"] == "external_id"
    assert "is not JSON" in outcomes[3].errors[0]["message"]


async def test_the_answer_of_a_row_is_what_the_api_promises(registrar: Registrar) -> None:
    good, bad = await imported(registrar, HEADER + a_row(1) + "sms-2,sms,12,Anna,Strom\n")
    assert good.registered is not None
    assert good.as_json() == {"row": 2, "external_id": "sms-1", **good.registered.as_json()}
    assert bad.as_json() == {
        "row": 3,
        "external_id": "sms-2",
        "errors": [
            {
                "field": "to_phone",
                "message": "is not a telephone number in full; write it like +4930123456 or 030 123456",
            }
        ],
    }


async def test_a_file_sent_twice_does_no_harm(registrar: Registrar, database: Database) -> None:
    data = HEADER + "".join(a_row(number) for number in range(60))
    first = await imported(registrar, data)
    again = await imported(registrar, data)
    assert await stored(database) == 60
    assert all(outcome.registered and outcome.registered.created for outcome in first)
    assert not any(outcome.registered and outcome.registered.created for outcome in again)
    assert [outcome.registered and outcome.registered.callback_code for outcome in again] == [
        outcome.registered and outcome.registered.callback_code for outcome in first
    ]


async def test_a_row_that_comes_twice_is_one_and_a_changed_one_is_named(registrar: Registrar) -> None:
    outcomes = await imported(registrar, HEADER + a_row(1) + a_row(1) + "sms-1,sms,+491713920001,Anna,Gas\n")
    assert outcomes[0].registered is not None
    assert outcomes[1].registered is not None
    assert outcomes[0].registered.id == outcomes[1].registered.id
    assert outcomes[2].errors == ({"field": "offer.title", "message": "differs from what is registered"},)


@pytest.mark.parametrize(
    ("header", "errors"),
    [
        ("external_id,channel,offer_title,customer_fone", {"customer_fone": "did you mean customer_phones?"}),
        ("external_id,channel,offer.title", {"offer.title": "did you mean offer_title?"}),
        ("external_id,channel", {"offer_title": "this column is missing"}),
        ("external_id,channel,offer_title,channel", {"channel": "more than one"}),
        ("external_id,channel,offer_title,,", {"": "a column has no name"}),
        ("external_id,channel,offer_title,qqq\x01", {"qqq\N{REPLACEMENT CHARACTER}": "there is no such column"}),
        (",".join("x" * 201), {"row": "more than 200 columns"}),
        ("", {"file": "has no header"}),
        ('"external_id', {"file": "cannot be read"}),
        ("x" * 140_000, {"file": "cannot be read"}),
        ("PK\x03\x04", {"file": "Excel workbook"}),
    ],
)
async def test_a_wrong_header_is_told_before_anything_is_stored(
    registrar: Registrar, database: Database, header: str, errors: dict[str, str]
) -> None:
    (outcome,) = await imported(registrar, header + "\n" + a_row(1) if header else "")
    assert outcome.stopped
    told = {error["field"]: error["message"] for error in outcome.errors}
    for field, message in errors.items():
        assert message in told[field]
    assert await stored(database) == 0


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("first", ["", "\n", "sep=X\n"])
async def test_any_separator_is_found(registrar: Registrar, separator: str, first: str) -> None:
    data = first.replace("X", separator) + (HEADER + a_row(1)).replace(",", separator)
    (outcome,) = await imported(registrar, data)
    assert outcome.registered is not None
    assert outcome.row == (3 if first else 2)


async def test_bad_rows_are_told_and_good_ones_stored(registrar: Registrar, database: Database) -> None:
    data = (
        HEADER.encode()
        + a_row(1).encode()
        + b"sms-2,sms,+491713920002,Anna\n"
        + b"sms-3,sms,+491713920003,Anna,Strom, and more\n"
        + b"\n,,,,\n"
        + b"sms-4,fax,+491713920003,Anna,Strom\n"
        + b",sms,+491713920003,Anna,Strom\n"
        + b"sms-5,sms,+491713920003," + b"A" * 140_000 + b",Strom\n"
        + a_row(6).encode()
        + b'sms-7,sms,+491713920003,"Anna,Strom\n'
        + a_row(8).encode()
    )  # fmt: skip
    outcomes = await imported(registrar, data)
    assert [(outcome.row, outcome.external_id, bool(outcome.registered)) for outcome in outcomes] == [
        (2, "sms-1", True),
        (3, None, False),
        (4, None, False),
        (7, "sms-4", False),
        (8, None, False),
        (9, None, False),
        (10, "sms-6", True),
        (11, None, False),
        (12, "sms-8", True),
    ]
    reasons = [outcome.errors[0]["message"] for outcome in outcomes if outcome.errors]
    assert "has 4 cells where the header has 5" in reasons[0]
    assert "has 6 cells where the header has 5" in reasons[1]
    assert "has to be 'sms', 'email', 'letter' or 'call'" in reasons[2]
    assert "is missing" in reasons[3]
    assert "is longer than" in reasons[4]
    assert "quotation mark" in reasons[5]
    assert await stored(database) == 3


async def test_a_stray_byte_refuses_its_row_only(registrar: Registrar) -> None:
    filler = "".join(a_row(number, "A" * 190) for number in range(300))
    data = (HEADER + filler).encode() + b"sms-x,sms,+491713920003,M\xfcller,Strom\n" + a_row(5000).encode()
    outcomes = await imported(registrar, data)
    assert "not UTF-8" in outcomes[-2].errors[0]["message"]
    assert outcomes[-2].errors[0]["field"] == "customer_name"
    assert outcomes[-1].registered is not None


async def test_what_was_answered_is_stored_when_the_sender_breaks_off(registrar: Registrar, database: Database) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield (HEADER + "".join(a_row(number, "A" * 190) for number in range(300))).encode()
        raise ConnectionError("the sender is gone")

    answered = []
    with pytest.raises(ConnectionError):
        async for outcome in import_rows(broken(), "csv", registrar, batch=70):
            answered.append(outcome)
    assert len(answered) == 280
    assert await stored(database) == 280


async def test_reading_stops_where_the_reader_stops(registrar: Registrar, database: Database) -> None:
    rows = import_rows(stream((HEADER + "".join(a_row(n) for n in range(100))).encode()), "csv", registrar, batch=10)
    async for outcome in rows:
        if outcome.row == 15:
            break
    await rows.aclose()  # type: ignore[attr-defined]
    assert await stored(database) == 20


class Failing(Database):
    """A database whose transactions fail when told."""

    def __init__(self, url: str, fails: Callable[[int], bool]) -> None:
        super().__init__(url)
        self.begun = 0
        self._fails = fails

    @asynccontextmanager
    async def begin(self, *, lasting: bool = True, long: bool = False) -> AsyncIterator[Connection]:
        self.begun += 1
        if self._fails(self.begun):
            raise OperationalError("INSERT", {}, Exception("gone"))
        async with super().begin(lasting=lasting, long=long) as connection:
            yield connection


@pytest.fixture
def failing(
    database: Database, keys: CodeKeys, rules: HandleRules, now: datetime
) -> Callable[[Callable[[int], bool]], Registrar]:
    def make(fails: Callable[[int], bool]) -> Registrar:
        return Registrar(Failing(database.url, fails), keys, rules, lambda: now)

    return make


async def test_a_batch_that_fails_is_stored_row_by_row(
    failing: Callable[[Callable[[int], bool]], Registrar], database: Database
) -> None:
    registrar = failing(lambda begun: begun == 2)
    outcomes = await imported(registrar, HEADER + "".join(a_row(n) for n in range(30)), batch=10)
    assert [outcome.row for outcome in outcomes] == list(range(2, 32))
    assert all(outcome.registered for outcome in outcomes)
    assert await stored(database) == 30
    await registrar.database.close()


async def test_when_the_database_is_gone_the_first_row_not_stored_is_named(
    failing: Callable[[Callable[[int], bool]], Registrar], database: Database
) -> None:
    registrar = failing(lambda begun: begun >= 2)
    outcomes = await imported(registrar, HEADER + "".join(a_row(n) for n in range(30)), batch=10)
    assert [outcome.row for outcome in outcomes] == list(range(2, 13))
    assert outcomes[-1].stopped
    assert "Send the file again" in outcomes[-1].errors[0]["message"]
    assert await stored(database) == 10
    await registrar.database.close()


async def test_files_are_read_in_pieces_and_named_by_their_ending(tmp_path: Path, registrar: Registrar) -> None:
    path = tmp_path / "messages.CSV"
    path.write_text(HEADER + a_row(1))
    assert format_of(path) == "csv"
    assert format_of(Path("a.jsonl")) == "ndjson"
    assert format_of(Path("a.xlsx")) is None
    outcomes = [outcome async for outcome in import_rows(pieces(path), "csv", registrar)]
    assert len(outcomes) == 1
    with pytest.raises(OSError, match="nothing"):
        async for _ in pieces(tmp_path / "nothing"):
            pass
