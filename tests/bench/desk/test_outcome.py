"""The bench of desks counts as missed and as wrong what is."""

from __future__ import annotations

from bench.desk.company import Agent
from bench.desk.outcome import Rang, lines, outcome
from bench.desk.pages import Shown

ANNA, BERT = Agent("anna", "PJSIP/1001", "a"), Agent("bert", "PJSIP/1002", "b")


def test_each_ring_needs_a_card_of_its_own_after_it() -> None:
    rang = [Rang("PJSIP/1001", "Kunde 1", 10.0), Rang("PJSIP/1001", "Kunde 1", 20.0)]
    found = outcome(rang, [Shown(ANNA, "Kunde 1", 10.1, 10.25)])
    assert (found.rang, found.missed, found.wrong) == (2, 1, 0)
    assert [round(seconds, 3) for seconds in (*found.told, *found.there)] == [0.1, 0.25]


def test_a_card_at_an_agent_whose_phone_did_not_ring_is_wrong() -> None:
    rang = [Rang("PJSIP/1001", "Kunde 1", 10.0)]
    shown = [Shown(ANNA, "Kunde 1", 10.1, 10.2), Shown(BERT, "Kunde 1", 10.1, 10.2), Shown(ANNA, "Kunde 2", 10.1, 10.2)]
    found = outcome(rang, shown)
    assert (found.missed, found.wrong) == (0, 2)
    assert "2 cards at another agent" in "\n".join(lines(found))
