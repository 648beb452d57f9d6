"""The number that a caller said, as the agent sees it."""

from __future__ import annotations

import pytest

from router.core.events import WITHHELD
from router.core.hearing import Heard, Part, Reading
from router.desk.card import HeardView
from router.desk.heard import heard_in, session_of
from router.engine.session import Session, session_to_json
from router.flow.nodes.base import Asked
from router.flow.nodes.hearing import Stage, Talk
from router.matching.codes import well_formed

CODE = next(code for code in (f"482139123{digit}" for digit in range(10)) if well_formed(code))


def stored(*asked: Asked) -> str:
    steps = {f"step{place}": each for place, each in enumerate(asked)}
    return session_to_json(Session("c", "f", "r", "asterisk", WITHHELD, None, "de", asked=steps))


def heard(*readings: tuple[str, float], part: Part | None = None) -> Heard:
    return Heard(tuple(Reading(text, weight) for text, weight in readings), "whisper", "de", part)


IN_DOUBT = heard(("63057412", 0.5), ("63057442", 0.4), ("63051412", 0.01))


@pytest.mark.parametrize(
    ("talk", "seen"),
    [
        (Talk(heard=(IN_DOUBT,)), HeardView("63057412", ("63057442",))),
        (Talk(heard=(IN_DOUBT,), refused=("63057412",)), HeardView("63057442")),
        (Talk(heard=(IN_DOUBT, heard(("442", 0.9), part=Part("last", 3)))), HeardView("63057442")),
        (Talk(Stage.SETTLED, (IN_DOUBT,), "63057442", confirmed="63057442"), HeardView("63057442", confirmed=True)),
        (Talk(Stage.SETTLED, (IN_DOUBT,), "63057499"), HeardView("63057412", ("63057442",))),
        (Talk(heard=(heard((CODE, 0.9)),)), HeardView(None)),
        (Talk(heard=(heard((CODE, 0.9)),), confirmed=CODE), HeardView(None, confirmed=True)),
        (Talk(heard=(IN_DOUBT,), refused=("63057412", "63057442", "63051412")), None),
        (Talk(), None),
    ],
)
def test_what_the_caller_said_and_how_sure_that_is(talk: Talk, seen: HeardView | None) -> None:
    assert heard_in(session_of("c", stored(Asked(said=talk))), None) == seen
    assert heard_in(session_of("c", stored(Asked(talk=talk))), None) == seen


def test_nothing_is_seen_of_a_number_that_was_taken_as_a_code() -> None:
    assert heard_in(session_of("c", stored(Asked(said=Talk(heard=(IN_DOUBT,))))), True) == HeardView(None)


def test_nothing_was_said() -> None:
    assert heard_in(session_of("c", stored()), None) is None
    assert heard_in(session_of("c", stored(Asked(questions=2))), None) is None
    assert heard_in(session_of("c", "{}"), None) is None, "a session of another version"


def test_no_number_gets_into_a_log() -> None:
    assert "6305" not in repr(HeardView("63057412", ("63057442",)))
