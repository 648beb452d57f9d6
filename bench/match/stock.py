"""Puts a town into a real database: what was known when the calls that count begin, and what became known later."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from random import Random
from typing import Any

from sqlalchemy import Table, insert, update

from bench.match.mixes import Sorter
from bench.match.outcome import Outcome
from bench.match.sent import Sent
from bench.match.town import Change, Town, moment
from bench.match.traffic import Call
from router.core.assurance import Assurance
from router.core.match import Decision
from router.matching.codes import CodeKeys
from router.matching.observed import Delivery, MessageRow
from router.matching.references import indexed, normalise
from router.store.database import Connection
from router.store.tables import (
    calls,
    customer_phones,
    customers,
    match_outcomes,
    messages,
    number_leases,
    reference_neighbours,
)

AT_ONCE = 5_000
AGENT = "agent"
Values = dict[str, Any]


async def stock(connection: Connection, town: Town, keys: CodeKeys) -> None:
    """Everything that is in the database when the calls that count begin, messages of later times included: no lookup
    may see them before they are sent."""
    born = moment(0)
    people = town.people.customers
    rows: Iterable[Values] = (
        {"id": each.customer_id, "name": each.customer_id, "language": "de", "created_at": born} for each in people
    )
    await _fill(connection, customers, rows)
    phones = ({"customer_id": each.customer_id, "number": n} for each in people for n in sorted(each.on_file))
    await _fill(connection, customer_phones, phones)
    known = _known(town)
    await _fill(connection, messages, (_message(each, keys, known.get(each.place, {})) for each in town.messages))
    await _fill(connection, reference_neighbours, _neighbours(town.messages))
    await _fill(connection, number_leases, _leases(town))
    rng = Random(f"{town.seed}:past")
    sorter = Sorter(town)
    past = [_past(town, call, sorter.tieable(call), rng) for call in town.past]
    await _fill(connection, calls, (row for row, _ in past))
    await _fill(connection, match_outcomes, (verdict for _, verdict in past if verdict))


async def learn(connection: Connection, changes: Iterable[Change]) -> None:
    """What became known of messages since."""
    for change in changes:
        statement = update(messages).where(messages.c.id == change.message.message_id)
        await connection.execute(statement.values(**_columns(change)))


async def keep_verdict(connection: Connection, town: Town, call: Call, call_id: str, outcome: Outcome) -> None:
    """An agent took the call that has ended, and says in a share of the calls what it was about."""
    await connection.execute(update(calls).where(calls.c.id == call_id).values(agent_id=AGENT))
    rng = Random(f"{call.key}:verdict")
    if rng.random() < town.rules.verdicts:
        verdict = _verdict(call, call_id, outcome.named, outcome.decision, outcome.assurance)
        await connection.execute(insert(match_outcomes), verdict)


async def _fill(connection: Connection, table: Table, rows: Iterable[Values]) -> None:
    some: list[Values] = []
    for row in rows:
        some.append(row)
        if len(some) == AT_ONCE:
            await connection.execute(insert(table), some)
            some = []
    if some:
        await connection.execute(insert(table), some)


def _known(town: Town) -> Mapping[int, Values]:
    """What is known of messages when the calls that count begin, by their place."""
    known: dict[int, Values] = {}
    for change in town.changes:
        if change.at <= town.begins:
            known.setdefault(change.message.place, {}).update(_columns(change))
    return known


def _columns(change: Change) -> Values:
    if change.delivery is not None:
        return {"delivery": change.delivery, "delivery_at": moment(change.at)}
    return {"answered_at": moment(change.at)}


def _message(sent: Sent, keys: CodeKeys, known: Values) -> Values:
    at = moment(sent.sent)
    offer = {"title": "Offer", "queue": "default", "topic": sent.topic_told}
    if sent.ends is not None:
        offer["valid_until"] = moment(sent.ends).isoformat()
    columns = {
        "id": sent.message_id,
        "digest": "",
        "channel": sent.channel,
        "customer_id": sent.customer.customer_id,
        "to_phone": sent.to_phone,
        "offer": {name: value for name, value in offer.items() if value is not None},
        "body": "",
        "reference": sent.reference,
        "reference_key": normalise(sent.reference) if sent.reference else None,
        "campaign": sent.campaign.name if sent.campaign else None,
        "service_number": sent.number,
        "code_hash": keys.code_hash(sent.code),
        "code_sealed": keys.seal(sent.code, sent.message_id),
        "code_digits": len(sent.code),
        "code_expires_at": moment(sent.code_expires),
        "call_to_action": sent.asks_told,
        "sent_at": at,
        "created_at": at,
    }
    return columns | {"delivery": None, "delivery_at": None, "answered_at": None} | known


def as_row(sent: Sent, at: float, answered: float | None) -> MessageRow:
    """A message as matching sees it at a time, as far as it tells without a call."""
    return MessageRow(
        message_id=sent.message_id,
        sent_at=moment(sent.sent),
        valid_until=None if sent.ends is None else moment(sent.ends),
        channel=sent.channel,
        delivery=None if sent.delivery is None or at < sent.delivery_at else Delivery(sent.delivery),
        answered_at=None if answered is None or at < answered else moment(answered),
        call_to_action=sent.asks_told,
    )


def _neighbours(sent: Iterable[Sent]) -> Iterator[Values]:
    references = {key for each in sent if each.reference and (key := normalise(each.reference))}
    for key in sorted(references):
        for neighbour in sorted(indexed(key)):
            yield {"neighbour": neighbour, "reference_key": key}


def _leases(town: Town) -> Iterator[Values]:
    for place, lease in enumerate(town.leases):
        yield {
            "id": f"lease{place}",
            "pool": "pool",
            "number": lease.number,
            "campaign": lease.campaign,
            "leased_at": moment(lease.leased),
            "until": moment(lease.until),
            "free_at": moment(lease.free),
        }


def _past(town: Town, call: Call, tieable: bool, rng: Random) -> tuple[Values, Values | None]:
    """A call of the past, as some router and the agents left it. Withheld numbers are not kept."""
    named = None
    if call.message is not None and tieable and rng.random() < town.rules.past_tied:
        named = call.message.message_id
    if rng.random() < town.rules.past_tied_wrong and (wrong := _another(town, call, rng)):
        named = wrong
    at, ended = moment(call.at), moment(call.at + 0.005)
    row = {
        "id": call.call_id,
        "channel": "past",
        "channel_ref": call.call_id,
        "caller": call.number,
        "withheld": call.withheld,
        "service_number": call.dialled,
        "state": "ended",
        "sequence": 1,
        "session": "{}",
        "reply": "[]",
        "message_id": named,
        "agent_id": AGENT,
        "started_at": at,
        "updated_at": ended,
        "ended_at": ended,
    }
    if rng.random() >= town.rules.verdicts:
        return row, None
    decision, assurance = (Decision.LIKELY, Assurance.L1) if named else (Decision.UNCLEAR, Assurance.L0)
    return row, _verdict(call, call.call_id, named, decision, assurance)


def _another(town: Town, call: Call, rng: Random) -> str | None:
    """Some message sent shortly before the call, to whoever."""
    before = [each for each in town.messages if each.sent < call.at][-200:]
    return rng.choice(before).message_id if before else None


def _verdict(call: Call, call_id: str, named: str | None, decision: Decision, assurance: Assurance) -> Values:
    truth = call.message.message_id if call.message else None
    return {
        "call_id": call_id,
        "verdict": "none" if truth is None else "right" if truth == named else "other",
        "message_id": truth,
        "named_id": named,
        "decision": decision.value,
        "assurance": int(assurance),
        "none_probability": 0.0,
        "candidates": [],
        "called_at": moment(call.at),
        "at": moment(call.at + 0.005),
    }
