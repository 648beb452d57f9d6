"""What an agent can do on the desk, and what the page says."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from router.agents.presence import Presence
from router.agents.ringing import Ringing
from router.core.assurance import Assurance
from router.core.match import EvidenceKind
from router.desk.card import (
    CandidateView,
    Card,
    CardState,
    CustomerView,
    EvidenceView,
    FactView,
    HeardView,
    Label,
    MessageView,
    OfferView,
    Said,
)
from router.desk.routes import Policy, routes
from router.desk.stream import DeskStream
from router.matching.outcomes import Verdict
from router.settings import Settings
from router.store import calls
from router.store import cards as card_rows
from router.store.database import Connection

pytestmark = pytest.mark.sqlite_only

if TYPE_CHECKING:
    from tests.web.conftest import House

PHONES = ("PJSIP/101", "PJSIP/102")
FOR = (EvidenceView(EvidenceKind.RECIPIENT_NUMBER, 6.0), EvidenceView(EvidenceKind.SERVICE_NUMBER, -1.0))


@dataclass
class Desk:
    """The desk of Anna, with the cards and the test phone in our hands."""

    house: House
    browser: httpx.AsyncClient
    ringing: Ringing
    cards: list[Card] = field(default_factory=list)
    answered: list[tuple[str, str]] = field(default_factory=list)
    finished: list[tuple[str, str]] = field(default_factory=list)
    there: bool = True

    async def answer(self, call_id: str, person_id: str) -> bool:
        self.answered.append((call_id, person_id))
        return self.there

    async def finish(self, call_id: str, person_id: str) -> bool:
        self.finished.append((call_id, person_id))
        return self.there

    async def cards_for(self, connection: Connection, person_id: str, now: datetime, policy: Policy) -> list[Card]:
        assert person_id == "id-anna"
        return self.cards

    async def shown(self, *cards: Card) -> str:
        self.cards = list(cards)
        answer = await self.browser.get("/desk/cards")
        assert answer.status_code == 200
        return answer.text


@pytest.fixture(params=["en"])
async def desk(house: House, request: pytest.FixtureRequest) -> AsyncIterator[Desk]:
    settings = Settings(phones=PHONES)
    async with house.signed_in("anna", language=request.param) as browser:
        made = Desk(house, browser, Ringing(house.database, house.bus, house.clock))
        house.app.include_router(
            routes(
                database=house.database,
                clock=house.clock,
                guard=house.guard,
                pages=house.pages,
                stream=DeskStream(house.database, house.bus, house.clock),
                presence=Presence(house.database, house.bus, house.clock, None, settings),
                browser_phone=made,
                cards_for=made.cards_for,
                policy="normal",
            )
        )
        yield made


@pytest.fixture
def card(house: House) -> Callable[..., Card]:
    now = house.clock()
    plain = Card(
        id="k1",
        call_id="c1",
        state=CardState.RINGING,
        label=Label.VERIFIED,
        queue="sales",
        service_number="+4930123456",
        campaign="Frühling",
        rang_at=now,
        answered_at=None,
        assurance=Assurance.L2,
        check_first=False,
        withheld=False,
        code_accepted=True,
        in_browser=False,
    )
    opened = {
        "who": CustomerView("Jana Muster", "de", "K-17"),
        "message": MessageView("m1", "sms", now - timedelta(days=1), "Ihr Angebot <1>", "A-77"),
        "offer": OfferView(
            "Öko-Strom",
            "Zwölf Monate",
            None,
            now + timedelta(days=2),
            "https://example.com/offer",
            (FactView("Preis", "31 ct"), FactView("IBAN", None)),
        ),
        "why": FOR,
    }

    def make(open: bool = True, **changes: Any) -> Card:
        return replace(plain, **{**(opened if open else {}), **changes})

    return make


def candidate(number: int, now: datetime) -> CandidateView:
    return CandidateView(f"m{number}", 0.4, "email", now, f"Offer {number}", now + timedelta(hours=1), why=FOR)


async def test_the_page_shows_who_is_signed_in_and_where_they_stand(desk: Desk) -> None:
    page = (await desk.browser.get("/desk")).text
    assert "Anna Muster" in page
    assert "Browser (test phone)" in page and "PJSIP/101" in page
    assert 'data-presence="off"' in page


async def test_an_opened_card_shows_the_offer_and_why(desk: Desk, card: Callable[..., Card]) -> None:
    page = await desk.shown(card())
    for text in ("Verified", "Ringing", "Jana Muster", "Öko-Strom", "Ihr Angebot &lt;1&gt;", "31 ct", "A-77", "K-17"):
        assert text in page
    assert "+49 30 123456" in page
    assert "Calls from the number the message went to." in page
    assert "Dialled a number other than the one in the message." in page
    assert "Closed until it is beyond doubt who is calling" in page
    assert 'data-until="2026-04-02T08:00:00+00:00"' in page
    assert "Check who is calling" not in page


async def test_a_possible_caller_is_said_to_be_one(desk: Desk, card: Callable[..., Card]) -> None:
    page = await desk.shown(card(label=Label.POSSIBLE, check_first=True, assurance=Assurance.L1))
    assert "Possible" in page and "Probably" in page
    assert "Check who is calling before you say anything personal." in page


async def test_candidates_stand_side_by_side(desk: Desk, card: Callable[..., Card], house: House) -> None:
    others = tuple(candidate(number, house.clock()) for number in range(3))
    page = await desk.shown(card(open=False, label=Label.POSSIBLE, check_first=True, candidates=others))
    assert "What it could be about – none stands out" in page
    assert all(f"Offer {number}" in page for number in range(3))
    assert "40% likely" in page
    page = await desk.shown(card(candidates=others[:1]))
    assert "It could also be about" in page


async def test_of_several_ringing_calls_one_says_that_the_key_answers_it(desk: Desk, card: Callable[..., Card]) -> None:
    phone, longest, newer = card(id="k1"), card(id="k2", in_browser=True), card(id="k3", in_browser=True)
    page = await desk.shown(phone, longest, newer)
    by_card = dict(zip(("k1", "k2", "k3"), page.split("<article")[1:], strict=True))
    assert 'data-key="a"' in by_card["k2"] and ">A</kbd>" in by_card["k2"]
    assert page.count('data-key="a"') == page.count('aria-keyshortcuts="a"') == page.count(">A</kbd>") == 1
    assert 'data-act="answer"' in by_card["k3"] and "data-act" not in by_card["k1"]
    talking = replace(longest, state=CardState.TALKING)
    page = await desk.shown(talking, newer)
    assert page.count('data-key="e"') == page.count('data-key="a"') == 1


@pytest.mark.parametrize(
    ("withheld", "code_accepted", "said"),
    [
        (True, None, ["The caller number is withheld.", "No callback code was keyed in."]),
        (False, None, ["No message is on file for the caller number.", "No callback code was keyed in."]),
        (True, False, ["The caller number is withheld.", "The callback code that was keyed in is not valid."]),
    ],
)
async def test_an_unknown_caller_is_called_unknown(
    desk: Desk, card: Callable[..., Card], withheld: bool, code_accepted: bool | None, said: list[str]
) -> None:
    page = await desk.shown(
        card(open=False, label=Label.UNKNOWN, withheld=withheld, code_accepted=code_accepted, queue="default")
    )
    assert "Unknown" in page and "default" in page and "We do not know who is calling." in page
    assert all(text in page for text in said)
    assert "Jana" not in page


@pytest.mark.parametrize(
    ("heard", "said", "hidden"),
    [
        (HeardView("63057412", confirmed=True), "63057412</strong> · confirmed by the caller", "perhaps"),
        (HeardView("63057412", ("63057442",)), "· not understood for certain, perhaps 63057442", "confirmed"),
        (HeardView(None), "a number that may be a callback code · not understood", "<strong"),
    ],
)
async def test_what_the_caller_said_stands_on_the_card(
    desk: Desk, card: Callable[..., Card], heard: HeardView, said: str, hidden: str
) -> None:
    for opened in (True, False):
        page = await desk.shown(card(open=opened, label=Label.UNKNOWN, heard=heard))
        line = page[page.index('class="spoken"') : page.index("</header>")]
        assert said in line
        assert hidden not in line
    assert 'class="spoken"' not in await desk.shown(card())


async def test_a_call_the_router_never_saw_says_so(desk: Desk, card: Callable[..., Card]) -> None:
    page = await desk.shown(card(open=False, label=Label.UNAVAILABLE, call_id=None, service_number=None, campaign=None))
    assert "Router unavailable" in page
    assert "Unknown" not in page and "callback code" not in page


async def test_strict_disclosure_shows_the_campaign_only(desk: Desk, card: Callable[..., Card]) -> None:
    page = await desk.shown(card(open=False, label=Label.POSSIBLE, check_first=True))
    assert "Frühling" in page and "The settings allow only the campaign here." in page


async def test_a_link_in_an_offer_is_only_ever_a_web_address(desk: Desk, card: Callable[..., Card]) -> None:
    page = await desk.shown(card(offer=OfferView("x", url="javascript:alert(1)")))
    assert "javascript:" not in page


async def test_without_a_call_the_page_is_calm_and_says_why(desk: Desk) -> None:
    assert "You are not taking calls" in await desk.shown()
    await desk.browser.post("/desk/presence", data={"presence": "ready"})
    assert "As soon as your phone rings" in await desk.shown()
    await desk.browser.post("/desk/presence", data={"presence": "paused", "reason": "lunch"})
    assert "You are on a break" in await desk.shown()


@pytest.mark.parametrize("desk", ["de"], indirect=True)
async def test_the_desk_speaks_german(desk: Desk, card: Callable[..., Card]) -> None:
    heard = HeardView("63057412", ("63057442",))
    page = await desk.shown(card(label=Label.POSSIBLE, check_first=True, heard=heard))
    assert "nicht sicher verstanden, vielleicht 63057442" in page
    for text in ("Möglich", "Wahrscheinlich</span>", "Erst prüfen", "Ruft von der Nummer an", "SMS"):
        assert text in page
    assert 'lang="de"' in (await desk.browser.get("/desk")).text


async def test_choosing_a_phone_and_a_pause(desk: Desk) -> None:
    bar = await desk.browser.post("/desk/phone", data={"phone": "PJSIP/102"})
    assert '<option value="PJSIP/102" selected>' in bar.text
    bar = await desk.browser.post("/desk/presence", data={"presence": "paused", "reason": "lunch"})
    assert "Paused: Lunch" in bar.text
    assert (await desk.browser.get("/desk/bar")).text == bar.text
    bar = await desk.browser.post("/desk/phone", data={"phone": ""})
    assert '<option value="" selected>' in bar.text


async def test_off_duty_the_way_to_calls_stands_out(desk: Desk) -> None:
    primary = re.compile(r'<button class="primary" data-presence="(\w+)"')
    chosen = re.compile(r'<button[^>]* data-presence="(\w+)"[^>]* aria-pressed="true"')
    for presence, stands_out in (("off", ["ready"]), ("ready", []), ("paused", [])):
        bar = (await desk.browser.post("/desk/presence", data={"presence": presence, "reason": "lunch"})).text
        assert (primary.findall(bar), chosen.findall(bar)) == (stands_out, [presence])


@pytest.mark.parametrize(
    ("path", "fields", "status"),
    [
        ("/desk/phone", {"phone": "PJSIP/999"}, 422),
        ("/desk/phone", {}, 400),
        ("/desk/presence", {"presence": "asleep"}, 400),
        ("/desk/presence", {"presence": "paused", "reason": "<b>"}, 400),
        ("/desk/presence", {"presence": "paused"}, 400),
    ],
)
async def test_nonsense_is_refused(desk: Desk, path: str, fields: dict[str, str], status: int) -> None:
    assert (await desk.browser.post(path, data=fields or {"x": "y"})).status_code == status


async def ring(desk: Desk, person_id: str = "id-anna") -> str:
    """A call from the test phone rings at a person's desk; the card's id."""
    now = desk.house.clock()
    known = {
        "id": "c1",
        "channel": "testphone",
        "channel_ref": "r1",
        "withheld": True,
        "state": "queue",
        "sequence": 1,
    }
    async with desk.house.database.begin() as connection:
        await calls.add(connection, {**known, "session": "{}", "reply": "[]", "started_at": now, "updated_at": now})
    await desk.ringing.called("c1", "c1", person_id, "sales")
    async with desk.house.database.read() as connection:
        return str((await card_rows.of_call(connection, "c1"))[0].id)


async def test_answering_and_finishing_in_the_browser(desk: Desk) -> None:
    card_id = await ring(desk)
    assert (await desk.browser.post(f"/desk/cards/{card_id}/finish")).status_code == 404
    assert (await desk.browser.post(f"/desk/cards/{card_id}/answer")).status_code == 204
    assert desk.answered == [("c1", "id-anna")]
    await desk.ringing.answered("c1", "id-anna")
    assert (await desk.browser.post(f"/desk/cards/{card_id}/answer")).status_code == 404
    assert (await desk.browser.post(f"/desk/cards/{card_id}/finish")).status_code == 204
    assert desk.finished == [("c1", "id-anna")]


async def test_what_was_said_of_a_match_stands_on_the_page(desk: Desk, card: Callable[..., Card], house: House) -> None:
    others = (candidate(1, house.clock()), candidate(2, house.clock()))
    talking = card(state=CardState.TALKING, candidates=others)
    page = await desk.shown(card(candidates=others))
    assert "data-verdict" not in page, "not while it only rings"
    page = await desk.shown(talking)
    keys = re.findall(r'data-verdict="(\w+)" data-message="(\w*)"[^>]* data-key="(\w)"', page)
    assert keys == [
        ("right", "", "y"),
        ("other", "", "n"),
        ("none", "", "0"),
        ("other", "m1", "1"),
        ("other", "m2", "2"),
    ]
    assert "Undo" not in page
    page = await desk.shown(replace(talking, said=Said(Verdict.OTHER)))
    assert "If you know: which one is it?" in page and "Undo" in page
    page = await desk.shown(replace(talking, said=Said(Verdict.OTHER, "m2")))
    assert re.findall(r'data-message="(\w*)" aria-pressed="true"', page) == ["m2"]
    page = await desk.shown(talking, replace(talking, id="k2"))
    assert page.count('data-key="y"') == 1, "a key acts on one call only"


async def test_of_an_unknown_caller_only_none_can_be_said(desk: Desk, card: Callable[..., Card]) -> None:
    unknown = card(open=False, label=Label.UNKNOWN, state=CardState.TALKING)
    assert re.findall(r'data-verdict="(\w+)"', await desk.shown(unknown)) == ["none"]
    lost = card(open=False, label=Label.UNAVAILABLE, call_id=None, state=CardState.TALKING)
    assert "data-verdict" not in await desk.shown(lost)


async def test_a_verdict_comes_from_the_page_of_the_one_who_talks(desk: Desk) -> None:
    card_id = await ring(desk)
    await desk.ringing.answered("c1", "id-anna")
    path, fields = f"/desk/cards/{card_id}/outcome", {"verdict": "none", "message": ""}
    foreign = {"Origin": "https://elsewhere.example", "Sec-Fetch-Site": "cross-site"}
    assert (await desk.browser.post(path, data=fields, headers=foreign)).status_code == 403
    async with desk.house.client() as stranger:
        assert (await stranger.post(path, data=fields)).status_code == 401
    async with desk.house.signed_in("ben") as other:
        assert (await other.post(path, data=fields)).status_code == 404
    assert (await desk.browser.post(path, data={"verdict": "right"})).status_code == 400
    assert (await desk.browser.post(path, data=fields)).status_code == 204


async def test_nobody_answers_somebody_elses_call(desk: Desk) -> None:
    await desk.house.add("ben")
    card_id = await ring(desk, "id-ben")
    assert (await desk.browser.post(f"/desk/cards/{card_id}/answer")).status_code == 404
    assert desk.answered == []


async def test_a_call_that_has_gone_meanwhile_is_told(desk: Desk) -> None:
    card_id, desk.there = await ring(desk), False
    assert (await desk.browser.post(f"/desk/cards/{card_id}/answer")).status_code == 409


@pytest.mark.parametrize("path", ["/desk", "/desk/cards", "/desk/bar", "/v1/desk/events"])
async def test_nothing_is_shown_to_strangers(desk: Desk, path: str) -> None:
    async with desk.house.client() as stranger:
        assert (await stranger.get(path)).status_code == 401
    foreign = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": "empty"}
    assert (await desk.browser.get(path, headers=foreign)).status_code == 403
