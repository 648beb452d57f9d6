"""Where speech begins and ends, told by how likely each moment is speech."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.speech.listening.endpoint import MOMENT, Change, Endpoint, Patience

SPEECH, SILENCE = 0.9, 0.02


def sound(*stretches: tuple[float, float]) -> list[float]:
    """Moments of a probability for so many seconds each."""
    return [probability for probability, seconds in stretches for _ in range(round(seconds / MOMENT))]


def changes(endpoint: Endpoint, moments: list[float]) -> list[tuple[Change, float]]:
    found = ((endpoint.feed(moment), (at + 1) * MOMENT) for at, moment in enumerate(moments))
    return [(change, at) for change, at in found if change is not None]


def names(moments: list[float], *, wary: bool = False) -> list[str]:
    endpoint = Endpoint()
    endpoint.wary = wary
    return [change.name for change, _ in changes(endpoint, moments)]


@pytest.mark.parametrize(
    ("moments", "expected"),
    [
        (sound((SILENCE, 5)), []),
        (sound((SILENCE, 1), (SPEECH, 2), (SILENCE, 2)), ["BEGINS", "PAUSES", "ENDS"]),
        # Groups of digits, half a second and more apart.
        (
            sound((SPEECH, 1), (SILENCE, 0.55), (SPEECH, 1), (SILENCE, 0.8), (SPEECH, 1), (SILENCE, 1)),
            ["BEGINS", "PAUSES", "GOES_ON", "PAUSES", "GOES_ON", "PAUSES", "ENDS"],
        ),
        # Between words there is no pause at all.
        (sound((SPEECH, 0.4), (SILENCE, 0.2), (SPEECH, 0.4), (SILENCE, 1)), ["BEGINS", "PAUSES", "ENDS"]),
        # One short word.
        (sound((SILENCE, 0.5), (SPEECH, 0.2), (SILENCE, 1.5)), ["BEGINS", "PAUSES", "ENDS"]),
        # Clicks: too short to begin, or nothing but a few of them.
        (sound((SPEECH, 0.06), (SILENCE, 0.5)) * 5, []),
        (sound((SPEECH, 0.1), (SILENCE, 2)), ["BEGINS", "NOTHING"]),
        # A click in a pause does not make it longer.
        (sound((SPEECH, 1), (SILENCE, 0.5), (SPEECH, 0.032), (SILENCE, 0.45)), ["BEGINS", "PAUSES", "ENDS"]),
        # Unsure moments go on with speech, and do not begin any.
        (sound((0.4, 2)), []),
        (sound((SPEECH, 0.5), (0.4, 1), (SILENCE, 1)), ["BEGINS", "PAUSES", "ENDS"]),
        # Music that never ends.
        (sound((SPEECH, 20)), ["BEGINS", "CUT"]),
    ],
)
def test_speech(moments: list[float], expected: list[str]) -> None:
    assert names(moments) == expected


@pytest.mark.parametrize(
    ("moments", "expected"),
    [
        (sound((SPEECH, 0.16), (SILENCE, 1)), []),  # a cough
        (sound((SPEECH, 0.3)), ["BEGINS"]),
        (sound((SPEECH, 0.13), (SILENCE, 0.06), (SPEECH, 0.16)), []),
        (sound((0.4, 2)), []),
    ],
)
def test_while_a_prompt_plays_only_sure_speech_counts(moments: list[float], expected: list[str]) -> None:
    assert names(moments, wary=True) == expected


def test_the_times() -> None:
    patience = Patience()
    found = dict(changes(Endpoint(), sound((SILENCE, 1), (SPEECH, 2), (SILENCE, 2))))
    ended = round(1 / MOMENT) * MOMENT + round(2 / MOMENT) * MOMENT
    assert found[Change.BEGINS] - 1 < 0.15
    assert found[Change.PAUSES] - ended == pytest.approx(patience.early, abs=MOMENT)
    assert found[Change.ENDS] - ended == pytest.approx(patience.end, abs=MOMENT)
    assert patience.end < 1.0


def test_who_has_said_all_need_not_wait_and_who_has_not_may_think() -> None:
    patience = Patience()
    for enough in (patience.whole, patience.part):
        endpoint = Endpoint()
        changes(endpoint, sound((SPEECH, 1), (SILENCE, 0.35)))
        assert endpoint.paused
        endpoint.enough = enough
        (found,) = changes(endpoint, sound((SILENCE, 3)))
        assert found[0] is Change.ENDS
        assert endpoint.over
        assert 0.35 + found[1] == pytest.approx(enough, abs=3 * MOMENT)


def test_who_goes_on_after_the_end_is_heard_until_somebody_forgets() -> None:
    endpoint = Endpoint()
    changes(endpoint, sound((SPEECH, 1), (SILENCE, 1.5)))
    assert changes(endpoint, sound((SPEECH, 0.1), (SILENCE, 0.5))) == []  # a cough
    assert [change for change, _ in changes(endpoint, sound((SPEECH, 0.2)))] == [Change.GOES_ON]
    assert (endpoint.begun, endpoint.over) == (True, False)
    endpoint.forget()
    assert (endpoint.begun, endpoint.over) == (False, False)


def test_after_a_cut_nothing_more_happens() -> None:
    endpoint = Endpoint()
    changes(endpoint, sound((SPEECH, 20)))
    assert endpoint.over
    assert changes(endpoint, sound((SPEECH, 3), (SILENCE, 3), (SPEECH, 3))) == []


@given(st.lists(st.floats(0, 1), max_size=1500))
def test_whatever_is_heard_comes_to_an_end(moments: list[float]) -> None:
    endpoint, begun, length = Endpoint(), False, 0.0
    for moment in moments:
        change = endpoint.feed(moment)
        length = length + MOMENT if begun else 0.0
        match change:
            case Change.BEGINS:
                assert not begun
                begun = True
            case Change.PAUSES | Change.GOES_ON:
                assert begun
            case Change.ENDS | Change.CUT | Change.NOTHING:
                assert begun
                begun = False
                endpoint.forget()
        assert length <= endpoint.patience.longest
