"""Ending a talk so that the caller goes on: the mark first, and off again where the agent goes on talking."""

from __future__ import annotations

import pytest

from router.agents.ami import AmiDown, AmiError
from router.agents.handing_over import MARK, HandingOver, OnAsterisk
from router.agents.ringing import Place

CALLER, AGENT = "PJSIP/trunk-00000001", "PJSIP/101-00000002"


class Asterisk:
    """Notes what it is told; ``error`` is raised instead where the agent's leg is to be ended, or everywhere."""

    def __init__(self) -> None:
        self.variables: dict[tuple[str, str], str] = {}
        self.ended: list[str] = []
        self.cannot_end: AmiError | None = None
        self.away: AmiError | None = None

    async def set_variable(self, channel: str, name: str, value: str) -> None:
        if self.away:
            raise self.away
        self.variables[channel, name] = value

    async def hang_up(self, channel: str) -> None:
        if self.cannot_end:
            raise self.cannot_end
        self.ended.append(channel)


class Talks:
    async def __call__(self, call_id: str, person_id: str) -> Place | None:
        return Place("pbx1", CALLER, AGENT) if (call_id, person_id) == ("call", "anna") else None


@pytest.fixture
def asterisk() -> Asterisk:
    return Asterisk()


@pytest.fixture
def handing_over(asterisk: Asterisk) -> HandingOver:
    on_asterisk = OnAsterisk({"pbx1": asterisk}.get, Talks())
    return HandingOver({"asterisk": on_asterisk}, {"asterisk": on_asterisk})


async def test_the_caller_is_marked_and_the_talk_ended(asterisk: Asterisk, handing_over: HandingOver) -> None:
    assert await handing_over.let_go("asterisk", "call", "anna")
    assert asterisk.variables == {(CALLER, MARK): "1"}
    assert asterisk.ended == [AGENT]


async def test_a_caller_who_stays_is_not_marked_any_more(asterisk: Asterisk, handing_over: HandingOver) -> None:
    asterisk.cannot_end = AmiDown("Asterisk did not answer")
    assert not await handing_over.let_go("asterisk", "call", "anna")
    assert asterisk.variables == {(CALLER, MARK): "1"}
    await handing_over.keep("asterisk", "call", "anna")
    assert asterisk.variables == {(CALLER, MARK): ""}


@pytest.mark.parametrize(("channel", "person"), [("twilio", "anna"), ("asterisk", "bert")])
async def test_nobody_elses_talk_is_touched(
    asterisk: Asterisk, handing_over: HandingOver, channel: str, person: str
) -> None:
    assert not await handing_over.let_go(channel, "call", person)
    await handing_over.keep(channel, "call", person)
    assert asterisk.variables == {} and asterisk.ended == []


async def test_where_asterisk_is_away_the_agent_goes_on(asterisk: Asterisk, handing_over: HandingOver) -> None:
    asterisk.away = AmiDown("Asterisk is not connected")
    assert not await handing_over.let_go("asterisk", "call", "anna")
    await handing_over.keep("asterisk", "call", "anna")
