"""What the databases are filled with: a company's messages of two years, made from running numbers in SQL.

Everything follows from the seed and the number of messages. There are four messages to a customer. Of the customers one
in five households of three shares a landline, one customer in a hundred is a company behind a switchboard; the others
have a mobile, some a landline of their own. Every eighth message carries a reference, every fiftieth a leased service
number (eighty messages to a number), and an agent has taken a call about every tenth. What no decision looks at, such
as the text of a message, is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from router.matching.references import indexed

Kind = Literal["sqlite", "postgresql"]

NOW = datetime(2026, 11, 2, 10, 0, tzinfo=UTC)
"""When the calls come in, whatever the day: databases are kept and used again."""
SERVICE_NUMBER = "+4930555000"
HEAD, LEASED = "+4940", "+4980"
"""How the numbers of switchboards and those of the pool begin."""
_DAYS = 730
_EPOCH = int(NOW.timestamp())
_BELOW_1E9, _BELOW_1E8 = 999_999_937, 99_999_989
"""Primes: multiplying modulo one gives every number once, in an order that looks like none."""


@dataclass(frozen=True, slots=True)
class Words:
    """How one database says what both are to do, in SQL."""

    padded: Callable[[str, int], str]
    hexadecimal: Callable[[str], str]
    moment: Callable[[str], str]
    day: Callable[[str], str]
    blob: Callable[[str], str]
    series: Callable[[int], str]


WORDS: dict[Kind, Words] = {
    "sqlite": Words(
        padded=lambda number, width: f"printf('%0{width}d', {number})",
        hexadecimal=lambda number: f"printf('%08x', {number})",
        moment=lambda epoch: f"(strftime('%Y-%m-%d %H:%M:%f', {epoch}, 'unixepoch') || '000')",
        day=lambda epoch: f"strftime('%Y-%m-%dT%H:%M:%SZ', {epoch}, 'unixepoch')",
        blob=lambda text: f"CAST({text} AS BLOB)",
        series=lambda count: (
            "(WITH RECURSIVE running(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM running "
            f"WHERE n < {count - 1}) SELECT n FROM running) AS series"
        ),
    ),
    "postgresql": Words(
        padded=lambda number, width: f"lpad(({number})::text, {width}, '0')",
        hexadecimal=lambda number: f"lpad(to_hex({number}), 8, '0')",
        moment=lambda epoch: f"to_timestamp({epoch})",
        day=lambda epoch: f"to_char(to_timestamp({epoch}) AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')",
        blob=lambda text: f"convert_to({text}, 'UTF8')",
        series=lambda count: f"generate_series(0::bigint, {count - 1}) AS series (n)",
    ),
}


def statements(kind: Kind, size: int, seed: int) -> Iterator[str]:
    """The statements that fill all tables but `reference_neighbours`, with ``size`` messages."""
    return _Maker(WORDS[kind], size, seed).all()


def references(size: int) -> Iterator[str]:
    """The references of the messages."""
    return (f"KD{_scattered(number, 48_271, _BELOW_1E8):08}" for number in range((size + 6) // 8))


def neighbour_pairs(size: int) -> Iterator[tuple[int, str]]:
    """The rows of `reference_neighbours`, unordered."""
    return ((each, key) for key in references(size) for each in indexed(key))


def _scattered(number: int, factor: int, prime: int) -> int:
    return number * factor % prime


class _Maker:
    def __init__(self, words: Words, size: int, seed: int) -> None:
        self._words = words
        self._size = size
        self._seed = seed
        self._customers = max(size // 4, 1)
        self._leased = max(size // 50 // 80, 1)

    def all(self) -> Iterator[str]:
        yield self._fill("customers", self._customers, "n AS c", self._customer())
        yield from self._phones()
        about = f"n, {self._mixed('n', 1)} % {self._customers} AS c, {self._sent('n')} AS sent"
        yield self._fill("messages", self._size, about, self._message())
        called = f"n * 10 AS n, {self._mixed('n * 10', 1)} % {self._customers} AS c, {self._mixed('n', 5)} AS chance"
        yield self._fill("calls", self._size // 10, called, self._call())
        yield self._fill("match_outcomes", self._size // 100, "n * 100 AS n", self._outcome())
        yield self._fill("number_leases", self._leased, "n", self._lease())

    def _fill(self, table: str, count: int, given: str, columns: dict[str, str], where: str = "") -> str:
        values = ", ".join(columns.values())
        source = f"(SELECT {given} FROM {self._words.series(count)}) AS given {where}"
        return f"INSERT INTO {table} ({', '.join(columns)}) SELECT {values} FROM {source}"

    def _mixed(self, number: str, salt: int) -> str:
        """Digits from the middle of a square: looks random, below 2^31."""
        shift = (self._seed * 1000 + salt) * 1_000_003 % 2**31
        spread = f"(({number}) * 1103515245 + {shift}) % 2147483648"
        return f"(({spread}) * ({spread} + 1) / 1048576 % 2147483648)"

    def _id(self, number: str, salt: int) -> str:
        """32 digits, random in front, so that they come in no order, and the number behind."""
        return f"{self._words.hexadecimal(self._mixed(number, salt))} || {self._words.padded(number, 24)}"

    def _sent(self, number: str) -> str:
        return f"{_EPOCH - 3600} - {self._mixed(number, 2)} % {_DAYS * 86_400}"

    def _mobile(self, customer: str) -> str:
        return f"'+4915' || {self._words.padded(f'({customer}) * 611953 % {_BELOW_1E9}', 9)}"

    def _landline(self, number: str) -> str:
        return f"'+4930' || {self._words.padded(f'({number}) * 611953 % {_BELOW_1E8}', 8)}"

    def _customer(self) -> dict[str, str]:
        language = "CASE WHEN c % 8 = 0 THEN 'en' ELSE 'de' END"
        name = f"'Muster ' || {self._words.padded('c', 8)}"
        created = self._words.moment(str(_EPOCH - _DAYS * 86_400))
        return {"id": self._id("c", 10), "name": name, "language": language, "created_at": created}

    def _phones(self) -> Iterator[str]:
        head = f"'{HEAD}' || {self._words.padded('c / 100', 6)} || '0'"
        for number, where in (
            (self._mobile("c"), "c % 100 <> 99"),
            (self._landline("c / 3"), "c % 100 <> 99 AND c / 3 % 5 = 0"),
            (self._landline(f"c + {self._customers}"), "c % 100 <> 99 AND c / 3 % 5 IN (1, 2)"),
            (head, "c % 100 = 99"),
        ):
            columns = {"customer_id": self._id("c", 10), "number": number}
            yield self._fill("customer_phones", self._customers, "n AS c", columns, f"WHERE {where}")

    def _message(self) -> dict[str, str]:
        words = self._words
        topic = "CASE WHEN n % 3 = 0 THEN 'gas' ELSE 'strom' END"
        offer = (
            """'{"title": "Strom Fix ' || (n % 36) || '", "summary": null, "valid_from": null, "valid_until": "' || """
            f"""{words.day("sent + 5184000")} || '", "queue": "sales", "skills": [], "url": null, """
            f""""facts": {{"Preis": "31,2 ct/kWh"}}, "topic": "' || {topic} || '"}}'"""
        )
        channels = "WHEN n % 10 < 4 THEN 'sms' WHEN n % 10 < 7 THEN 'email' WHEN n % 10 < 9 THEN 'letter'"
        reference = f"CASE WHEN n % 8 = 1 THEN 'KD' || {words.padded(f'n / 8 * 48271 % {_BELOW_1E8}', 8)} END"
        leased = f"'{LEASED}' || {words.padded(f'n / 50 % {self._leased}', 7)}"
        columns = {
            "id": self._id("n", 20),
            "digest": "''",
            "channel": f"CASE {channels} ELSE 'call' END",
            "customer_id": self._id("c", 10),
            "to_phone": f"CASE WHEN c % 100 <> 99 AND n % 10 IN (0, 1, 2, 3, 9) THEN {self._mobile('c')} END",
            "offer": f"CAST({offer} AS json)" if words is WORDS["postgresql"] else offer,
            "body": "''",
            "reference": reference,
            "reference_key": reference,
            "service_number": f"CASE WHEN n % 50 = 0 THEN {leased} ELSE '{SERVICE_NUMBER}' END",
            "code_hash": words.blob(self._id("n", 32)),
            "code_sealed": words.blob(words.padded("n", 26)),
            "code_digits": "10",
            "code_expires_at": words.moment("sent + 7776000"),
            "delivery": "CASE WHEN n % 10 IN (0, 1, 2) THEN 'delivered' END",
            "sent_at": words.moment("sent"),
            "created_at": words.moment("sent"),
        }
        return columns

    def _call(self) -> dict[str, str]:
        started = self._words.moment(f"{_EPOCH} - chance % {90 * 86_400}")
        texts = {
            "channel": "'agi'",
            "direction": "'in'",
            "state": "'ended'",
            "session": "'{}'",
            "reply": "'[]'",
            "agent_id": "'robin'",
        }
        withheld = "false" if self._words is WORDS["postgresql"] else "0"
        return {
            "id": self._id("n", 36),
            "channel_ref": self._words.padded("n", 12),
            "caller": self._mobile("c"),
            "withheld": withheld,
            "sequence": "3",
            "message_id": self._id("n", 20),
            "started_at": started,
            "updated_at": started,
            **texts,
        }

    def _outcome(self) -> dict[str, str]:
        message = self._id("n", 20)
        return {
            "call_id": self._id("n", 36),
            "verdict": "'right'",
            "message_id": message,
            "named_id": message,
            "decision": "'likely'",
            "assurance": "1",
            "none_probability": "0.1",
            "candidates": "'[]'",
            "called_at": self._words.moment(str(_EPOCH)),
            "at": self._words.moment(str(_EPOCH)),
        }

    def _lease(self) -> dict[str, str]:
        days = {"leased_at": -60, "until": 60, "free_at": 90}
        return {
            "id": self._id("n", 40),
            "pool": "'letters'",
            "number": f"'{LEASED}' || {self._words.padded('n', 7)}",
            "campaign": "'autumn'",
            **{name: self._words.moment(str(_EPOCH + day * 86_400)) for name, day in days.items()},
        }
