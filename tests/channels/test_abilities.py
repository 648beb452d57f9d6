"""What channels can do as they are set up, and that flows are held to it."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from router.channels.abilities import ABILITIES, abilities_of
from router.channels.surroundings import surroundings_of
from router.core.abilities import Ability
from router.flow.files import check
from router.flow.problems import FlowRefused
from router.settings import Settings

FLOW = """
version: 1
name: abilities
languages: [de]
start: ask
steps:
  ask: {type: collect, text: {de: Nummer?}, into: number, by: [speech], next: connect}
  connect: {type: transfer, queue: sales, priority: 3, skills: [gas], whisper: {de: Hallo.}}
"""


@pytest.mark.parametrize(
    ("queues", "whispers"),
    [
        ({}, False),
        ({"sales": "queue:Sales"}, False),
        ({"sales": "+493055501"}, True),
        ({"vip": "sip:a@b.example"}, True),
    ],
)
def test_twilio_whispers_to_whom_it_dials(queues: dict[str, str], whispers: bool) -> None:
    assert (Ability.WHISPER in abilities_of("twilio", Settings(twilio_queues=queues))) is whispers


def test_the_others_are_as_the_table_says() -> None:
    assert {name: abilities_of(name, Settings()) for name in ("asterisk", "testphone")} == {
        name: ABILITIES[name] for name in ("asterisk", "testphone")
    }


def refused(settings: Settings) -> list[str]:
    """The lines of the flow that the channels in use cannot do, each with what stands there."""
    try:
        check(FLOW, "abilities.yaml", surroundings_of(settings))
    except FlowRefused as refused:
        wrong = [problem for problem in refused.problems if problem.code == "cannot-render"]
        return [FLOW.splitlines()[each.line - 1][each.column - 1 :].split(",")[0].strip(" }") for each in wrong]
    return []


def test_a_flow_is_held_to_the_channels_in_use() -> None:
    assert refused(Settings(ami_secret=SecretStr("s"))) == ["[speech]"]
    assert refused(Settings(twilio_auth_token=SecretStr("t"))) == ["3", "[gas]", "{de: Hallo."]
    dials = Settings(twilio_auth_token=SecretStr("t"), twilio_queues={"sales": "+493055501"})
    assert refused(dials) == ["3", "[gas]"]
