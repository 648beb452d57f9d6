"""A draft is tried on the test phone before any caller meets it."""

from __future__ import annotations

from typing import Any

from router.store import call_events
from tests.api.service import FLOWS, MOBILE, Service

HOTLINE = (FLOWS / "hotline.yaml").read_text()
SAYS = 'steps:\n  hello: {type: say, text: {de: "Der Entwurf.", en: "The draft."}, next: bye}\n  bye: {type: hangup}\n'
FLOW = f"version: 1\nname: other\nlanguages: [de, en]\nstart: hello\n{SAYS}"


def heard(answer: dict[str, Any]) -> list[str]:
    return [prompt["text"] for command in answer["commands"] for prompt in command.get("prompts", ())]


async def test_a_draft_answers_where_an_admin_asks_for_it(service: Service) -> None:
    draft = await service.house.releases.save("other.yaml", FLOW, based_on=None, person_id=None)
    async with service.signed_in("admin") as admin:
        answer = await admin.post("/testphone/calls", json={"withheld": True, "draft": draft.id})
        released = await admin.post("/testphone/calls", json={"withheld": True})
    assert answer.status_code == 201
    assert heard(answer.json()) == ["Der Entwurf."]
    assert heard(released.json())
    assert heard(released.json()) != ["Der Entwurf."]
    async with service.house.database.read() as connection:
        kept = await call_events.of_calls(connection, [answer.json()["call"], released.json()["call"]])
    assert {row.call_id for row in kept} == {released.json()["call"]}, "a trial is no call to be run again"


async def test_a_call_stays_on_the_draft_it_began_with(service: Service) -> None:
    releases = service.house.releases
    asked = HOTLINE.replace("Rückrufcode", "Geheimcode")
    first = await releases.save("hotline.yaml", asked, based_on=None, person_id=None)
    async with service.signed_in("admin") as admin:
        call = (await admin.post("/testphone/calls", json={"from": MOBILE, "draft": first.id})).json()
        await releases.save("hotline.yaml", "version: 1", based_on=first.id, person_id=None)
        assert call["state"] == "flow"
        keys = {"sequence": call["sequence"], "kind": "digits_entered", "digits": "12"}
        again = await admin.post(f"/testphone/calls/{call['call']}/events", json=keys)
    assert any("Geheimcode" in text for text in heard(again.json()))


async def test_what_cannot_run_is_told_with_its_place(service: Service) -> None:
    wrong = FLOW.replace("next: bye", "next: by")
    draft = await service.house.releases.save("other.yaml", wrong, based_on=None, person_id=None)
    async with service.signed_in("admin") as admin:
        answer = await admin.post("/testphone/calls", json={"withheld": True, "draft": draft.id})
        unknown = await admin.post("/testphone/calls", json={"withheld": True, "draft": 99})
    assert (answer.status_code, unknown.status_code) == (422, 422)
    assert "other.yaml:6:" in answer.json()["errors"][0]["message"]
    assert unknown.json()["detail"] == "Diesen Entwurf gibt es nicht mehr."


async def test_drafts_are_for_admins(service: Service) -> None:
    draft = await service.house.releases.save("other.yaml", FLOW, based_on=None, person_id=None)
    async with service.signed_in("supervisor") as lead, service.allowed("testphone") as program:
        for client in (lead, program):
            assert (await client.post("/testphone/calls", json={"withheld": True})).status_code == 201
            assert (
                await client.post("/testphone/calls", json={"withheld": True, "draft": draft.id})
            ).status_code == 403
