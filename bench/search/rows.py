"""What the databases are filled with: as many customers with names as messages, one who has much behind them,
one number that many share, and agents who talk. Everything follows from the seed and the number of customers."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from router.core.assurance import Assurance
from router.core.events import WITHHELD, Caller
from router.core.match import Candidate, Decision, Evidence, EvidenceKind, Match
from router.core.names import words_of
from router.engine.session import Session, State, session_to_json
from router.matching import codes
from router.matching.codes import CodeKeys

NOW = datetime(2026, 11, 2, 10, 0, tzinfo=UTC)
"""When is searched, whatever the day: databases are kept and used again."""
KEYS = CodeKeys("what a benchmark keeps is no secret")
SHARED, MUCH_SENT_TO = "+493023125000", "+493023125001"
SHARERS, SENT_TO_ONE = 50, 20_000
"""Customers with the number `SHARED`, and messages of customers that went to `MUCH_SENT_TO`."""
BUSY_MESSAGES, BUSY_CALLS = 500, 200
"""Of the customer who has much behind them."""
SEARCHER, BUSY, SHARING = "searcher", "busy", "sharing"
"""Agents with a call each: nobody is known, the busy customer, one of those who share a number."""

COMMON = {"Müller": 950, "Schmidt": 690, "Schneider": 420, "Fischer": 350, "Weber": 300, "Meyer": 280, "Wagner": 270}
"""How many of 100,000 people are called so; the others have one of many rare names."""
FIRST = (
    "Anna Ida Emma Mia Lena Lea Marie Sophie Laura Julia Sarah Lisa Katharina Johanna Charlotte Friederike Zoë "
    "Ute Inge Renate Jörg Jürgen Max Paul Leon Lukas Jonas Felix Tim Jan Peter Thomas Michael Andreas Stefan Christian "
    "Martin Frank Wolfgang Klaus Uwe Otto Karl Hans Günter Bernd Ali Mehmet Olga Ivan"
).split()
_PARTS = ("ber", "stein", "hof", "wald", "brück", "feld", "grün", "hart", "kess", "lind", "mahn", "neu", "ros", "tann")

_BY_NUMBER = Evidence(EvidenceKind.RECIPIENT_NUMBER, 8.0, "The caller number is the one the message went to.")

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Known:
    """What an agent may be told by a caller: all that leads to one message and its customer."""

    first: str
    last: str
    customer: str
    number: str
    reference: str
    code: str


def known(number: int, seed: int) -> Known:
    """The customer with this running number."""
    first, last = name_of(number, seed)
    return Known(
        first=first,
        last=last,
        customer=f"K-{number:09}",
        number=mobile(number),
        reference=f"KD{number * 48_271 % 99_999_989:08}",
        code=codes.make(10, lambda digits: f"4{number:0{digits - 1}}"),
    )


def name_of(number: int, seed: int) -> tuple[str, str]:
    """The first and last name of a customer."""
    drawn, first = divmod(zlib.crc32(b"%d:%d" % (seed, number)), len(FIRST))
    rare, place = divmod(drawn, 100_000)
    for name, share in COMMON.items():
        if place < share:
            return FIRST[first], name
        place -= share
    parts = []
    for _ in range(2 + rare % 3):
        rare, part = divmod(rare * 31 + place, len(_PARTS))
        parts.append(_PARTS[part])
    return FIRST[first], "".join(parts).title()


def mobile(number: int) -> str:
    """Their telephone number."""
    return f"+4915{number * 611_953 % 999_999_937:09}"


def customer_id(number: int) -> str:
    """Looks random in front, so that ids come in no order."""
    return f"{number * 2_654_435_761 % 2**32:08x}{number:024}"


def message_id(number: int) -> str:
    """The same for messages."""
    return f"{number * 2_246_822_519 % 2**32:08x}{number:024}"


def tables(size: int, seed: int) -> Iterator[tuple[str, Iterator[Row]]]:
    """The rows of each table, in an order in which they may be stored."""
    yield "people", map(_person, (SEARCHER, BUSY, SHARING))
    yield "customers", (_customer(number, known(number, seed)) for number in range(size))
    yield "customer_phones", _phones(size)
    yield "customer_words", _words(size, seed)
    yield "messages", (_message(number, size, seed) for number in range(size))
    yield "calls", _calls(size)
    yield "cards", map(_card, (SEARCHER, BUSY, SHARING))
    for table in _AROUND:
        yield table, _around(table, min(20_000, size // 10))


def busy_customer() -> str:
    """The customer who has much behind them."""
    return customer_id(0)


def _person(name: str) -> Row:
    made = {"id": name, "login": name, "name": name.title(), "role": "agent", "language": "de", "presence": "ready"}
    return made | {"queues": [], "skills": [], "created_at": NOW}


def _customer(number: int, who: Known) -> Row:
    named = {"id": customer_id(number), "external_id": who.customer, "name": f"{who.first} {who.last}"}
    return named | {"language": "de", "segment": None, "created_at": NOW - timedelta(days=730)}


def _phones(size: int) -> Iterator[Row]:
    for number in range(size):
        yield {"customer_id": customer_id(number), "number": mobile(number)}
    for number in range(min(SHARERS, size)):
        yield {"customer_id": customer_id(number), "number": SHARED}


def _words(size: int, seed: int) -> Iterator[Row]:
    pairs = []
    for number in range(size):
        pairs += [(word, customer_id(number)) for word in words_of(" ".join(name_of(number, seed)))]
    return ({"word": word, "customer_id": each} for word, each in sorted(pairs))


def _message(number: int, size: int, seed: int) -> Row:
    who, sent = known(number, seed), NOW - timedelta(seconds=number * 60 % (730 * 86_400) + 3600)
    code = KEYS.code_hash(who.code)
    owner = 0 if number < BUSY_MESSAGES else number
    offer = {
        "title": f"Strom Fix {number % 36}",
        "valid_until": (sent + timedelta(days=60)).isoformat(),
        "queue": "sales",
        "skills": [],
        "facts": {"Preis": "31,2 ct/kWh"},
    }
    return {
        "id": message_id(number),
        "external_id": f"crm-{number}",
        "digest": "",
        "channel": ("sms", "email", "letter")[number % 3],
        "customer_id": customer_id(owner),
        "to_phone": MUCH_SENT_TO if size - SENT_TO_ONE <= number else who.number,
        "offer": offer,
        "body": f"Guten Tag {who.first} {who.last}, Ihr Angebot wartet.",
        "reference": who.reference,
        "reference_key": who.reference,
        "service_number": "+4930555000",
        "code_hash": code,
        "code_digits": 10,
        "code_expires_at": sent + timedelta(days=90),
        "sent_at": sent,
        "created_at": sent,
    }


def _calls(size: int) -> Iterator[Row]:
    for number in range(size // 10):
        started = NOW - timedelta(seconds=number * 97 % (90 * 86_400) + 7200)
        yield _call(f"{number * 2_654_435_761 % 2**32:08x}{number:024}", started, None, number)
    for number in range(BUSY_CALLS):
        yield _call(f"busy{number}", NOW - timedelta(days=number + 1), 0, number % BUSY_MESSAGES)
    for name, match in _matches().items():
        session = Session(f"call-{name}", "hotline", "r", "twilio", _CALLERS[name], None, "de", state=State.QUEUE)
        found = asdict(match) if match is not None else None
        talking = {"state": "talking", "session": session_to_json(session), "match": found, "ended_at": None}
        yield _call(f"call-{name}", NOW - timedelta(minutes=2), None, None) | talking


_CALLERS = {SEARCHER: WITHHELD, BUSY: Caller("+4915000000000"), SHARING: Caller(SHARED)}


def _matches() -> dict[str, Match | None]:
    def of(decision: Decision, assurance: Assurance, *numbers: int) -> Match:
        each = tuple(Candidate(message_id(number), 0.9 / len(numbers), (_BY_NUMBER,)) for number in numbers)
        return Match(decision, assurance, 0.02, each)

    sharers = range(BUSY_MESSAGES, BUSY_MESSAGES + 10)
    return {
        SEARCHER: None,
        BUSY: of(Decision.SURE, Assurance.L2, 0),
        SHARING: of(Decision.UNCLEAR, Assurance.L0, *sharers),
    }


def _call(call_id: str, started: datetime, customer: int | None, message: int | None) -> Row:
    made = {"id": call_id, "channel": "twilio", "channel_ref": call_id, "withheld": False, "sequence": 3}
    times = {"started_at": started, "updated_at": started, "ended_at": started, "queued_at": started}
    about = {
        "customer_id": customer_id(customer) if customer is not None else None,
        "message_id": message_id(message) if message is not None else None,
    }
    told = {"state": "ended", "outcome": "left_queue", "session": "{}", "reply": "[]", "match": None, "queue": "sales"}
    return made | times | about | told | {"service_number": "+4930555000", "direction": "in", "agent_id": BUSY}


def _card(name: str) -> Row:
    made = {"id": f"card-{name}", "call_key": f"call-{name}", "call_id": f"call-{name}", "person_id": name}
    return made | {"queue": "sales", "state": "talking", "rang_at": NOW, "answered_at": NOW, "view": {}}


_AROUND = ("notes", "text_messages", "inbound_messages", "dispositions", "voicemails", "work_items", "payments")


def _around(table: str, others: int) -> Iterator[Row]:
    """What stands beside the calls of the busy customer, and beside those of ``others``."""
    for number in range(BUSY_CALLS):
        yield _of_call(table, f"busy{number}", busy_customer(), number)
    for number in range(others):
        call = f"{number * 2_654_435_761 % 2**32:08x}{number:024}"
        yield _of_call(table, call, customer_id(number + 1000), number + BUSY_CALLS)


def _of_call(table: str, call: str, customer: str, number: int) -> Row:
    at, one = NOW - timedelta(hours=number + 1), f"{table[:4]}{number}"
    about = {"id": one, "call_id": call, "customer_id": customer}
    match table:
        case "notes":
            return about | {"card_id": one, "person_id": BUSY, "text": "Ruft wieder an.", "at": at}
        case "text_messages":
            sent = {"purpose": "desk", "state": "delivered", "tries": 1, "kept": "Ihr Link", "channel": "sms"}
            return about | sent | {"created_at": at}
        case "inbound_messages":
            got = {"channel": "sms", "kind": "text", "provider_ref": one, "body": "Danke", "at": at}
            return {"id": one, "customer_id": customer} | got
        case "dispositions":
            return {"card_id": one, "call_id": call, "person_id": BUSY, "code": "sold", "fields": {}, "at": at}
        case "voicemails":
            return {"id": one, "call_id": call, "seconds": 12.0, "text": "Bitte um Rückruf.", "created_at": at}
        case "work_items":
            kept = {"source": one, "kind": "follow_up", "queue": "sales", "note": "", "state": "done"}
            return about | kept | {"due_at": at, "created_at": at, "settled_at": at}
        case _:
            asked = {"person_id": BUSY, "cents": 1290, "currency": "EUR", "purpose": "Strom", "state": "paid"}
            return about | asked | {"created_at": at}
