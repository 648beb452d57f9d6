"""The table of what is shown, row by row."""

from __future__ import annotations

from itertools import product

import pytest

from router.core.assurance import Assurance
from router.core.match import Decision
from router.matching.disclosure import Policy, Shown, visible

L0, L1, L2, L3 = Assurance
SURE, LIKELY, UNCLEAR, NONE = Decision.SURE, Decision.LIKELY, Decision.UNCLEAR, Decision.NONE


@pytest.mark.parametrize(
    ("assurance", "decision", "normal", "strict"),
    [
        (L0, NONE, Shown.CAMPAIGN, Shown.CAMPAIGN),
        (L0, UNCLEAR, Shown.SIDE_BY_SIDE, Shown.CAMPAIGN),
        (L1, LIKELY, Shown.PROBABLY, Shown.CAMPAIGN),
        (L1, SURE, Shown.PROBABLY, Shown.CAMPAIGN),
        (L2, LIKELY, Shown.OPENED, Shown.OPENED),
        (L2, SURE, Shown.OPENED, Shown.OPENED),
        (L3, SURE, Shown.EVERYTHING, Shown.EVERYTHING),
    ],
)
def test_the_agent_sees(assurance: Assurance, decision: Decision, normal: Shown, strict: Shown) -> None:
    assert visible(assurance, decision, "normal").shown == normal
    assert visible(assurance, decision, "strict").shown == strict


def test_what_does_not_fit_together_shows_the_least() -> None:
    assert visible(L3, NONE, "normal").shown == Shown.CAMPAIGN
    assert visible(L3, UNCLEAR, "normal").shown == Shown.SIDE_BY_SIDE
    assert visible(L0, SURE, "normal").shown == Shown.CAMPAIGN


def test_the_caller_hears_the_offer_at_l3_only() -> None:
    policies: tuple[Policy, ...] = ("normal", "strict")
    for assurance, decision, policy in product(Assurance, (SURE, LIKELY), policies):
        assert visible(assurance, decision, policy).say_offer_title == (assurance == L3)


def test_probably_opens_the_message_but_not_what_is_sensitive() -> None:
    seen = visible(L1, LIKELY, "normal")
    assert (seen.candidates, seen.opened, seen.probably, seen.sensitive) == (True, True, True, False)
    seen = visible(L2, SURE, "normal")
    assert (seen.opened, seen.probably, seen.sensitive) == (True, False, False)
    seen = visible(L3, SURE, "normal")
    assert (seen.opened, seen.probably, seen.sensitive) == (True, False, True)
    seen = visible(L0, UNCLEAR, "normal")
    assert (seen.candidates, seen.opened, seen.sensitive) == (True, False, False)


def test_more_assurance_never_shows_less_and_strict_never_more() -> None:
    for decision in Decision:
        for lower, higher in zip(Assurance, list(Assurance)[1:], strict=False):
            assert visible(lower, decision, "normal").shown <= visible(higher, decision, "normal").shown
            assert visible(lower, decision, "strict").shown <= visible(lower, decision, "normal").shown
