"""Everything that can stand on a card has words, in both languages, and what has none breaks nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from router.core.assurance import Assurance
from router.desk.card import (
    Before,
    Card,
    CardState,
    Did,
    Entry,
    FactView,
    Found,
    FoundOne,
    Identity,
    Label,
    Matter,
    OfferView,
    OtherMessage,
    Proving,
    Said,
    Timeline,
)
from router.matching.outcomes import Verdict
from tests.desk.test_routes import Desk, card, desk

if TYPE_CHECKING:
    from tests.web.conftest import House

__all__ = ["card", "desk"]

pytestmark = pytest.mark.sqlite_only

STATES = {
    "text": ("queued", "sending", "sent", "delivered", "failed", "shown"),
    "payment": ("asked", "open", "paid", "failed", "expired"),
    "callback": ("open", "dialling", "done", "failed", "dropped"),
    "work": ("open", "taken", "done", "dropped"),
    "call": ("hung_up", "left_queue", "finished", None),
    **dict.fromkeys(("talk", "voicemail", "note", "inbound", "handover", "came_of"), (None,)),
}


@pytest.mark.parametrize("desk", ["de", "en"], indirect=True)
@pytest.mark.parametrize("by", [None, "Ben Beispiel"])
async def test_every_kind_of_entry_has_words(
    desk: Desk, card: Callable[..., Card], house: House, by: str | None
) -> None:
    now = house.clock()
    entries = tuple(
        Entry(
            kind, now, channel="sms", state=state, by=by, words="<b>said</b>", title="desk", seconds=95, amount="49.90"
        )
        for kind, states in STATES.items()
        for state in (*states, "unheard_of")
    )
    matters = (
        Matter("m1", entries, here=True),
        Matter("m2", (Entry("call", now, parts=entries),), "Title", "fax", now, "delivered"),
        Matter(None, entries),
    )
    page = await desk.shown(card(state=CardState.TALKING, timeline=Timeline(matters, True, True)))
    assert "&lt;b&gt;said&lt;/b&gt;" in page and "<b>said" not in page
    assert "unheard_of" in page and "1:35 min" in page
    assert ("49,90" in page) == ("Anruf" in page)
    assert "/desk/cards/k1/more" in page


@pytest.mark.parametrize("desk", ["de", "en"], indirect=True)
async def test_what_the_agent_can_do_while_talking(desk: Desk, card: Callable[..., Card], house: House) -> None:
    now = house.clock()
    shown: dict[str, Any] = {
        "state": CardState.TALKING,
        "timeline": Timeline((), False, True),
        "looked_up": True,
        "proving": Proving(code_sent=True, failed=True),
        "offer": OfferView("Öko", facts=(FactView("IBAN", None, can_open=True),), script=("Es kostet <nichts>.",)),
        "did": (Did(now, "menu", {"pressed": "2", "step": "main"}), Did(now, "language", {"language": "fr"})),
        "before": (
            Before("handover", now, None, "bitte prüfen"),
            Before("note", now, "Ben", "will Bonus"),
            Before("voicemail", now, words="hallo", seconds=3),
        ),
        "more": (OtherMessage("m5", "fax", now, "", now - timedelta(days=1), True),),
        "found": Found(
            (FoundOne("m6", "c", None, "K-1", "sms", now, "T", None), FoundOne(None, "c", "N", None)), False
        ),
    }
    page = await desk.shown(card(**shown))
    for expected in (
        'name="fact" value="IBAN"',
        "Es kostet &lt;nichts&gt;.",
        "bitte prüfen",
        'name="message" value="m5"',
        'name="message" value="m6"',
        'name="customer" value="c"',
        'name="code"',
        'value="passed"',
    ):
        assert expected in page
    wrapped_up = await desk.shown(card(**shown | {"state": CardState.WRAP_UP, "proving": None, "found": None}))
    assert 'type="search"' not in wrapped_up and 'name="code"' not in wrapped_up


async def test_how_the_caller_was_proved_stands_on_the_card(
    desk: Desk, card: Callable[..., Card], house: House
) -> None:
    own = Identity("own", "Ben", house.clock(), ("address", "shoe_size"))
    page = await desk.shown(card(state=CardState.TALKING, identity=own))
    assert "Confirmed: Address, shoe_size" in page and 'value="undo"' in page
    page = await desk.shown(card(state=CardState.WRAP_UP, identity=Identity("code", None, house.clock())))
    assert "Confirmed with a one-time code" in page and 'value="undo"' not in page


@pytest.mark.parametrize(
    ("state", "level", "why"),
    [
        (CardState.TALKING, Assurance.L1, "Closed until it is beyond doubt who is calling"),
        (CardState.RINGING, Assurance.L1, "Closed until it is beyond doubt who is calling"),
        (CardState.RINGING, Assurance.L3, "Closed until you talk to the customer"),
        (CardState.WRAP_UP, Assurance.L1, "Closed, as the talk is over"),
        (CardState.WRAP_UP, Assurance.L3, "Closed, as the talk is over"),
    ],
)
async def test_a_closed_fact_says_what_it_is_closed_for(
    desk: Desk, card: Callable[..., Card], state: CardState, level: Assurance, why: str
) -> None:
    page = await desk.shown(card(state=state, assurance=level, offer=OfferView("Öko", facts=(FactView("IBAN", None),))))
    assert why in page and page.count("Closed") == 1


async def test_what_is_none_of_the_candidates_is_not_called_unknown_to_us(
    desk: Desk, card: Callable[..., Card], house: House
) -> None:
    nobody = {
        "state": CardState.TALKING,
        "label": Label.UNKNOWN,
        "message": None,
        "offer": None,
        "who": None,
        "why": (),
    }
    page = await desk.shown(card(**nobody))
    assert "No message is on file for the caller number" in page
    page = await desk.shown(card(**nobody, said=Said(Verdict.OTHER)))
    assert "No message is on file" not in page
    assert "None of the messages that it could be about" in page


@pytest.mark.parametrize(
    ("desk", "queue", "result"), [("de", "Vertrieb", "Abschluss"), ("en", "Sales", "Sold")], indirect=["desk"]
)
async def test_queues_and_results_are_called_by_their_labels(
    desk: Desk, card: Callable[..., Card], house: House, queue: str, result: str
) -> None:
    house.labels |= {
        ("sales", None): {"de": "Vertrieb", "en": "Sales"},
        ("sales", "sold"): {"de": "Abschluss", "en": "Sold"},
    }
    now = house.clock()
    entries = (
        Entry("came_of", now, channel="sales", title="sold"),
        Entry("came_of", now, channel="sales", title="no_more_listed"),
        Entry("call", now, channel="in", title="closed_last_year"),
    )
    timeline = Timeline((Matter(None, entries),), False, False)
    page = await desk.shown(card(state=CardState.TALKING, queue="sales", timeline=timeline))
    assert f"<dd>{queue}</dd>" in page and f": {result}" in page
    assert ": no_more_listed" in page and "closed_last_year" in page
