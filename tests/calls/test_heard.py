"""Numbers that callers say, looked up in the database: found with slips in them, and never snapped to for strangers."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator

import pytest

from router.calls.lookup import find_matches
from router.core.assurance import Assurance
from router.core.events import WITHHELD, Caller
from router.core.hearing import Heard, Part, Reading, Understood, Verdict
from router.core.match import Decision, EvidenceKind, Match
from router.matching.codes import CodeKeys
from router.matching.confusions import Confusions
from router.matching.observed import Observed
from router.store.database import Connection, Database
from tests.stored import NOW, a_customer, a_message

KEYS = CodeKeys("a secret of the tests, long enough to pass")
LANDLINE = "+493023125001"
REFERENCES = ("48213907", "57720364", "91408652", "30066183", "AB482139")


@pytest.fixture
async def connection(database: Database) -> AsyncIterator[Connection]:
    async with database.begin() as connection:
        for place, reference in enumerate(REFERENCES):
            await a_message(connection, f"m{place}", reference=reference)
        yield connection


def heard(*readings: tuple[str, float], part: Part | None = None) -> Heard:
    return Heard(tuple(Reading(text, weight) for text, weight in readings), "whisper", "de", part)


async def found(connection: Connection, *hearings: Heard, caller: Caller = WITHHELD, **given: object) -> Match:
    return await find_matches(connection, Observed(caller, heard=hearings, **given), NOW, KEYS)  # type: ignore[arg-type]


def kinds(match: Match) -> set[EvidenceKind]:
    return {each.kind for each in match.candidates[0].evidence if each.log_odds > 0}


async def test_a_withheld_caller_says_the_reference_and_is_recognised(connection: Connection) -> None:
    match = await found(connection, heard(("48213907", 0.8), ("48313907", 0.1)))
    assert match.understood == Understood(Verdict.ACCEPT, "48213907")
    assert (match.decision, match.assurance) == (Decision.SURE, Assurance.L1)
    assert [each.message_id for each in match.candidates] == ["m0"]
    assert EvidenceKind.REFERENCE in kinds(match)


@pytest.mark.parametrize("reading", ["48313907", "4823907", "482213907", "42813907", "4831390", "AB48213", "AD482139"])
async def test_the_live_one_is_found_whatever_was_misheard_of_it(connection: Connection, reading: str) -> None:
    match = await found(connection, heard((reading, 0.9)))
    assert match.understood is not None
    assert match.understood.number == ("AB482139" if reading.startswith("A") else "48213907")
    assert EvidenceKind.REFERENCE_HEARD in kinds(match)


async def test_a_strangers_number_names_nobody_and_may_be_read_back_as_it_was_said(connection: Connection) -> None:
    match = await found(connection, heard(("66600011", 0.9)))
    assert (match.decision, match.candidates) == (Decision.NONE, ())
    assert match.understood == Understood(Verdict.CONFIRM, "66600011")


async def test_a_part_is_weighed_with_what_was_heard_before(connection: Connection) -> None:
    await a_message(connection, "twin", reference="48213901")
    both = heard(("48213907", 0.45), ("48213901", 0.45))
    match = await found(connection, both)
    assert match.understood is not None
    assert (match.understood.verdict, match.understood.part) == (Verdict.PART, Part("last", 3))
    settled = await found(connection, both, heard(("901", 0.9), part=Part("last", 3)))
    assert settled.understood == Understood(Verdict.ACCEPT, "48213901")


async def test_yes_and_no_to_a_read_back_count(connection: Connection) -> None:
    slip = heard(("48213987", 0.5), ("48219307", 0.3))
    confirmed = await found(connection, slip, confirmed="48213907")
    assert confirmed.understood == Understood(Verdict.ACCEPT, "48213907")
    assert confirmed.candidates[0].message_id == "m0"
    assert "said yes" in " ".join(each.detail for each in confirmed.candidates[0].evidence)
    refused = await found(connection, slip, refused=("48213907",))
    assert refused.decision is Decision.NONE
    assert refused.understood is not None
    assert refused.understood.number != "48213907"


async def test_a_known_caller_is_understood_on_a_bad_line(connection: Connection) -> None:
    await a_customer(connection, "anna", LANDLINE)
    await a_customer(connection, "ben", LANDLINE)
    await a_message(connection, "annas", customer_id="anna", reference="77013942")
    await a_message(connection, "bens", customer_id="ben", reference="15548208")
    noisy = heard(("770942", 0.2), ("1701394", 0.2), ("7713", 0.1))
    match = await found(connection, noisy, caller=Caller(LANDLINE))
    assert match.understood is not None
    assert (match.understood.verdict in (Verdict.ACCEPT, Verdict.CONFIRM), match.understood.number) == (
        True,
        "77013942",
    )
    assert match.candidates[0].message_id == "annas"


async def test_a_number_that_does_not_fit_speaks_against_those_who_are_known(connection: Connection) -> None:
    await a_customer(connection, "anna", LANDLINE)
    await a_message(connection, "annas", customer_id="anna", reference="77013942")
    plain = await find_matches(connection, Observed(Caller(LANDLINE)), NOW, KEYS)
    other = await found(connection, heard(("66600011", 0.9)), caller=Caller(LANDLINE))
    assert other.candidates[0].probability < plain.candidates[0].probability
    assert other.assurance <= Assurance.L1


async def test_nothing_is_snapped_to_without_a_live_set(database: Database) -> None:
    async with database.begin() as connection:
        match = await found(connection, heard(("48213907", 0.9)))
    assert match.candidates == ()
    assert match.understood == Understood(Verdict.CONFIRM, "48213907")


async def test_what_people_are_told_holds_no_number(connection: Connection) -> None:
    match = await found(connection, heard(("48213987", 0.9)), confirmed="48213907")
    assert "48213907" not in repr(match)
    assert not any(digit in each.detail for each in match.candidates[0].evidence for digit in ("4821", "3907"))


async def test_weighing_what_was_heard_lets_other_calls_go_on(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads = set[int]()
    likelihood = Confusions.likelihood

    def noted(table: Confusions, heard: str, said: str) -> float:
        threads.add(threading.get_ident())
        return likelihood(table, heard, said)

    monkeypatch.setattr(Confusions, "likelihood", noted)
    await found(connection, heard(("48213907", 0.8), ("48313907", 0.1)))
    assert threads
    assert threading.get_ident() not in threads
