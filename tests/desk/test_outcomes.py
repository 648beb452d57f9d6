"""What agents say of matches: who may, what of, and what is kept."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import Any

import pytest

from router.agents.ringing import Ringing
from router.calls.learning import outcomes_since
from router.calls.turns import columns
from router.core.assurance import Assurance
from router.core.events import WITHHELD
from router.core.match import Candidate, Decision, Evidence, EvidenceKind, Match
from router.desk.cards import LAST_CALL, cards_for, last_card
from router.desk.outcomes import say
from router.engine.session import Session, State
from router.errors import Refused
from router.matching.disclosure import Policy
from router.matching.outcomes import Fact, Outcome
from router.store import calls
from router.store.database import Database
from router.store.tables import messages
from tests.agents.house import START, House

BY_NUMBER = Evidence(EvidenceKind.RECIPIENT_NUMBER, 8.0, "The call comes from the number the message was sent to.")
BY_AGE = Evidence(EvidenceKind.TIMING, -6.0, "Sent yesterday.")
NAMED = Match(
    Decision.LIKELY,
    Assurance.L1,
    0.1,
    (Candidate("m1", 0.7, (BY_AGE, BY_NUMBER)), Candidate("m2", 0.2, (BY_NUMBER,))),
)
LEVEL = Match(Decision.UNCLEAR, Assurance.L0, 0.1, NAMED.candidates)
NOBODY = Match(Decision.NONE, Assurance.L0, 1.0)


class Desk:
    """Anna's and Ben's desks, with one call."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.ringing = Ringing(house.database, house.bus, house.clock)
        self.policy: Policy = "normal"

    async def begin(self, found: Match | None, talking: bool = True) -> None:
        self.anna, self.ben = await self.house.person("anna"), await self.house.person("ben")
        for number, message_id in enumerate(("m1", "m2")):
            await self._sent(message_id, number)
        self.call = await self.house.call(match=asdict(found) if found else None)
        await self.ringing.called(self.call, self.call, self.anna, "sales")
        if talking:
            await self.ringing.answered(self.call, self.anna)
        async with self.house.database.read() as connection:
            (card,) = await cards_for(connection, self.anna, self.house.clock(), self.policy)
        self.card = card.id

    async def _sent(self, message_id: str, number: int) -> None:
        row = {
            "id": message_id,
            "digest": message_id,
            "channel": "sms",
            "offer": {"title": f"Offer {number}"},
            "body": "",
            "sent_at": START - timedelta(days=1),
            "created_at": START,
        }
        async with self.house.database.begin() as connection:
            await connection.execute(messages.insert().values(row))

    async def say(self, verdict: str, message_id: str | None = None, person: str | None = None) -> None:
        self.house.clock.forward(seconds=1)
        async with self.house.database.begin() as connection:
            now = self.house.clock()
            await say(connection, person or self.anna, self.card, verdict, message_id, now, self.policy)

    async def kept(self) -> list[Outcome]:
        async with self.house.database.read() as connection:
            return await outcomes_since(connection, None)

    async def answered(self) -> set[str]:
        """The messages that count as answered."""
        async with self.house.database.read() as connection:
            query = messages.select().where(messages.c.answered_at.is_not(None))
            return {row.id for row in await connection.execute(query)}

    async def shows(self) -> str | None:
        """The message that the card has open."""
        async with self.house.database.read() as connection:
            (card,) = await cards_for(connection, self.anna, self.house.clock(), self.policy)
        return card.message.id if card.message else None

    async def tied(self) -> str | None:
        """The message that the call is stored to be about."""
        async with self.house.database.read() as connection:
            row = await calls.by_id(connection, self.call)
        return row.message_id if row else None

    async def pressed(self) -> Any:
        async with self.house.database.read() as connection:
            (card,) = await cards_for(connection, self.anna, self.house.clock(), self.policy)
        return card.said and (card.said.verdict.value, card.said.message_id)


@pytest.fixture
def desk(database: Database) -> Desk:
    return Desk(House(database))


async def test_right_is_kept_with_the_evidence_and_settles_the_message(desk: Desk) -> None:
    await desk.begin(NAMED)
    await desk.say("right")
    (outcome,) = await desk.kept()
    assert (outcome.verdict.value, outcome.message_id, outcome.named_id) == ("right", "m1", "m1")
    assert (outcome.decision, outcome.assurance, outcome.none_probability) == (Decision.LIKELY, Assurance.L1, 0.1)
    assert [(each.message_id, each.probability) for each in outcome.candidates] == [("m1", 0.7), ("m2", 0.2)]
    assert outcome.candidates[0].facts == (Fact("timing", -6.0), Fact("recipient_number", 8.0))
    assert await desk.answered() == {"m1"}
    assert await desk.pressed() == ("right", None)


async def test_a_changed_mind_replaces_what_was_said(desk: Desk) -> None:
    await desk.begin(NAMED)
    await desk.say("right")
    await desk.say("other")
    assert await desk.answered() == set()
    assert await desk.pressed() == ("other", None)
    await desk.say("other", "m2")
    assert await desk.answered() == {"m2"}
    assert await desk.pressed() == ("other", "m2")
    await desk.say("none")
    (outcome,) = await desk.kept()
    assert (outcome.verdict.value, outcome.message_id, outcome.named_id) == ("none", None, "m1")
    await desk.say("unsaid")
    assert (await desk.kept(), await desk.pressed(), await desk.answered()) == ([], None, set())


async def test_what_the_sender_said_of_a_message_stays(desk: Desk) -> None:
    await desk.begin(NAMED)
    async with desk.house.database.begin() as connection:
        await connection.execute(messages.update().values(answered_at=START))
    await desk.say("right")
    await desk.say("none")
    assert await desk.answered() == {"m1", "m2"}


async def test_of_level_candidates_one_can_be_picked(desk: Desk) -> None:
    await desk.begin(LEVEL)
    for verdict, message_id in (("right", None), ("other", None)):
        with pytest.raises(Refused):
            await desk.say(verdict, message_id)
    await desk.say("other", "m2")
    (outcome,) = await desk.kept()
    assert (outcome.verdict.value, outcome.message_id, outcome.named_id) == ("other", "m2", None)
    assert await desk.shows() == "m2"


async def test_not_this_one_goes_on_to_the_next_and_undo_comes_back(desk: Desk) -> None:
    await desk.begin(NAMED)
    assert await desk.shows() == "m1"
    await desk.say("other")
    assert (await desk.shows(), await desk.answered()) == ("m2", set())
    assert [each.message_id for each in await desk.kept()] == [None], "only that it was not the one named"
    await desk.say("right")
    (outcome,) = await desk.kept()
    assert (outcome.verdict.value, outcome.message_id) == ("other", "m2")
    assert (await desk.tied(), await desk.answered()) == ("m2", {"m2"})
    await desk.say("other")
    assert (await desk.shows(), await desk.tied()) == ("m1", None)
    await desk.say("other")
    assert await desk.shows() is None, "none is left"
    await desk.say("unsaid")
    assert (await desk.shows(), await desk.tied(), await desk.pressed()) == ("m1", "m1", None)


async def test_with_the_strict_policy_nothing_unproved_is_gone_on_to(desk: Desk) -> None:
    desk.policy = "strict"
    await desk.begin(Match(Decision.SURE, Assurance.L2, 0.1, NAMED.candidates))
    assert await desk.shows() == "m1"
    await desk.say("other")
    assert await desk.shows() is None


async def test_a_later_turn_of_the_call_does_not_undo_what_was_said(desk: Desk) -> None:
    await desk.begin(NAMED)
    await desk.say("other", "m2")
    session = Session(desk.call, "f", "r", "asterisk", WITHHELD, None, "de", match=NAMED)
    async with desk.house.database.begin() as connection:
        row = await calls.by_id(connection, desk.call)
        after = columns(session.but(state=State.ENDED), (), desk.house.clock(), row, session)
        await calls.change(connection, desk.call, after)
    assert await desk.tied() == "m2"


async def test_of_an_unknown_caller_only_none_can_be_said(desk: Desk) -> None:
    await desk.begin(NOBODY)
    for verdict, message_id in (("right", None), ("other", "m1"), ("other", None)):
        with pytest.raises(Refused) as refused:
            await desk.say(verdict, message_id)
        assert refused.value.status == 400
    await desk.say("none")
    assert [each.candidates for each in await desk.kept()] == [()]


@pytest.mark.parametrize(
    ("verdict", "message_id"), [("right", "m2"), ("other", "m1"), ("other", "m3"), ("none", "m2"), ("perhaps", None)]
)
async def test_nonsense_is_refused(desk: Desk, verdict: str, message_id: str | None) -> None:
    await desk.begin(NAMED)
    with pytest.raises(Refused) as refused:
        await desk.say(verdict, message_id)
    assert refused.value.status == 400
    assert await desk.kept() == []


async def test_nobody_judges_somebody_elses_call_or_one_that_only_rings(desk: Desk) -> None:
    await desk.begin(NAMED, talking=False)
    for person in (desk.anna, desk.ben):
        with pytest.raises(Refused) as refused:
            await desk.say("right", person=person)
        assert refused.value.status == 404
    await desk.ringing.answered(desk.call, desk.anna)
    with pytest.raises(Refused):
        await desk.say("right", person=desk.ben)
    await desk.say("right")
    with pytest.raises(Refused):
        await desk.say("unsaid", person=desk.ben)
    assert len(await desk.kept()) == 1


async def test_what_policy_keeps_closed_cannot_be_judged_either(desk: Desk) -> None:
    desk.policy = "strict"
    await desk.begin(NAMED)
    for verdict, message_id in (("right", None), ("other", "m2")):
        with pytest.raises(Refused):
            await desk.say(verdict, message_id)


async def test_a_call_the_router_lost_cannot_be_judged(desk: Desk) -> None:
    await desk.begin(None, talking=False)
    async with desk.house.database.begin() as connection:
        await connection.exec_driver_sql("UPDATE calls SET state = 'flow'")
    await desk.ringing.answered(desk.call, desk.anna)
    with pytest.raises(Refused) as refused:
        await desk.say("none")
    assert refused.value.status == 404


async def test_the_last_call_can_be_judged_for_a_while(desk: Desk) -> None:
    await desk.begin(NAMED)
    await desk.ringing.completed(desk.call, desk.anna)
    await desk.say("right")
    assert [each.verdict.value for each in await desk.kept()] == ["right"]
    desk.house.clock.forward(seconds=LAST_CALL.total_seconds())
    with pytest.raises(Refused) as refused:
        await desk.say("none")
    assert refused.value.status == 404
    async with desk.house.database.read() as connection:
        assert await last_card(connection, desk.anna, desk.house.clock(), "normal") is None
