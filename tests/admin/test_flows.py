"""The pages about flows, as an admin's browser asks for them: lists, checks, drafts, releases, scenarios."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from router.admin import editing, flows, replaying, trying
from router.admin.samples import SAMPLES
from router.admin.turns import Turns
from router.errors import Refused
from router.flow.files import FileKind
from router.flow.source import MOST_CHARACTERS
from router.releases.releases import Releases
from tests.releases.house import FILES, flow, releases_on

if TYPE_CHECKING:
    from tests.web.conftest import House

EDIT = "/admin/flows"
SCENARIO = """\
flow: hotline
at: "2026-11-23T10:00:00+01:00"
from: "+493023125011"
call:
  - start: true
    hears: [Hello.]
    then: queue default
"""
WITH_SCENARIOS = {
    **FILES,
    "scenarios/answered.yaml": SCENARIO,
    "scenarios/other.yaml": SCENARIO.replace("[Hello.]", "[Goodbye.]"),
}


@asynccontextmanager
async def admin_of(
    house: House, files: dict[str, str] | None = None, role: str = "admin"
) -> AsyncIterator[tuple[httpx.AsyncClient, Releases]]:
    """An admin's browser, and the releases behind the pages; ``files`` are in use."""
    releases = releases_on(house.database)
    await releases.take_over(FILES if files is None else files)
    common: dict[str, Any] = {"guard": house.guard, "releases": releases}
    names: dict[str, Any] = {"queues": ["sales"], "webhooks": ["crm"]}
    house.app.include_router(flows.routes(database=house.database, pages=house.pages, **names, **common))
    house.app.include_router(editing.routes(database=house.database, turns=Turns(), **common))
    house.app.include_router(trying.routes(turns=Turns(), **common))
    house.app.include_router(replaying.routes(database=house.database, clock=house.clock, turns=Turns(), **common))
    async with house.signed_in("robin", role, "en") as browser:
        yield browser, releases


async def draft_of(browser: httpx.AsyncClient, text: str, path: str = "hotline.yaml", **more: Any) -> dict[str, Any]:
    answer = await browser.post(f"{EDIT}/save/{path}", json={"text": text, "based_on": None, **more})
    assert answer.status_code == 200, answer.text
    saved: dict[str, Any] = answer.json()
    return saved


def lines_of(answer: httpx.Response) -> list[dict[str, Any]]:
    assert answer.status_code == 200, answer.text
    return [json.loads(line) for line in answer.text.splitlines()]


READ = ("", "/edit/hotline.yaml", "/schema/flow", "/state/hotline.yaml", "/history/hotline.yaml", "/text/hotline.yaml")
WRITE = (
    "/new",
    "/remove",
    "/check/x.yaml",
    "/save/x.yaml",
    "/throw-away/x.yaml",
    "/publish/x.yaml",
    "/roll-back/x.yaml",
)


@pytest.mark.sqlite_only
async def test_agents_stay_outside(house: House) -> None:
    async with admin_of(house, role="agent") as (browser, _):
        for path in READ:
            assert (await browser.get(f"{EDIT}{path}")).status_code == 403, path
        for path in (*WRITE, "/scenarios/x.yaml", "/replay/x.yaml"):
            assert (await browser.post(f"{EDIT}{path}", json={})).status_code == 403, path


@pytest.mark.sqlite_only
async def test_no_other_site_changes_anything(house: House) -> None:
    async with admin_of(house) as (browser, releases):
        for path in (*WRITE, "/scenarios/hotline.yaml", "/replay/hotline.yaml"):
            answer = await browser.post(f"{EDIT}{path}", json={}, headers={"Origin": "https://elsewhere.example"})
            assert answer.status_code == 403, path
        assert (await releases.newest()).id == 1


@pytest.mark.sqlite_only
@pytest.mark.parametrize("path", ["../secret.yaml", "x.txt", "other/x.yaml", "shared/", "a" * 200 + ".yaml", ".yaml"])
async def test_what_is_called_like_no_flow_file_is_not_there(house: House, path: str) -> None:
    async with admin_of(house) as (browser, _):
        quoted = path.replace("..", "%2e%2e")
        assert (await browser.get(f"{EDIT}/edit/{quoted}")).status_code == 404
        assert (await browser.post(f"{EDIT}/save/{quoted}", json={"text": "x"})).status_code == 404
        assert (await browser.post(f"{EDIT}/remove", data={"path": path})).status_code == 404


async def test_the_list_tells_what_is_in_use_and_what_is_drafted(house: House) -> None:
    async with admin_of(house) as (browser, _):
        await draft_of(browser, flow("New."), "new.yaml")
        page = (await browser.get(EDIT)).text
        assert 'href="/admin/flows/edit/hotline.yaml"' in page and "shared/hours.yaml" in page
        assert "from the folder" in page
        assert "not in use yet" in page and "by Robin Muster" in page


async def test_what_was_published_in_a_terminal_is_not_said_to_come_from_the_folder(house: House) -> None:
    async with admin_of(house) as (browser, releases):
        await releases.put({path: f"{text}# Anew.\n" for path, text in FILES.items()}, person_id=None, comment="")
        page = (await browser.get(EDIT)).text
        assert "in the terminal" in page and "from the folder" not in page


@pytest.mark.sqlite_only
async def test_a_new_file_begins_with_something_right(house: House) -> None:
    async with admin_of(house) as (browser, _):
        answer = await browser.post(f"{EDIT}/new", data={"kind": "flow", "name": "Winter-Aktion.yaml"})
        assert answer.headers["location"] == "/admin/flows/edit/winter-aktion.yaml"
        page = (await browser.get(answer.headers["location"])).text
        assert "name: winter_aktion" in page
        for kind, path in (("flow", "neu.yaml"), ("shared", "shared/neu.yaml"), ("scenario", "scenarios/neu.yaml")):
            text = SAMPLES[FileKind(kind)].replace("NAME", "neu")
            checked = (await browser.post(f"{EDIT}/check/{path}", json={"text": text})).json()
            assert checked["right"], checked
        wrong = await browser.post(f"{EDIT}/new", data={"kind": "flow", "name": "über uns"})
        assert wrong.status_code == 422 and "Please use small letters" in wrong.text


@pytest.mark.sqlite_only
async def test_a_check_tells_every_problem_with_its_place(house: House) -> None:
    async with admin_of(house) as (browser, _):
        right = (await browser.post(f"{EDIT}/check/hotline.yaml", json={"text": flow()})).json()
        assert right["right"] and right["problems"] == []
        assert 'data-step="greet"' in right["graph"]
        assert [step["name"] for step in right["names"]["steps"]] == ["greet", "office", "bye", "human"]
        assert right["names"]["hours"] == ["office"]
        text = flow().replace("next: office", "next: ofice").replace("during: office", "during: offic")
        wrong = (await browser.post(f"{EDIT}/check/hotline.yaml", json={"text": text})).json()
        assert not wrong["right"] and wrong["graph"] is None
        found = {problem["code"]: problem for problem in wrong["problems"]}
        assert {"missing-step", "missing-hours"} <= set(found)
        problem = found["missing-step"]
        line = text.splitlines()[problem["line"] - 1]
        assert line[problem["column"] - 1 : problem["end"] - 1] == "ofice"
        assert (await browser.get(f"{EDIT}/history/hotline.yaml")).json()["drafts"] == [], "a check keeps nothing"


@pytest.mark.sqlite_only
async def test_a_scenario_is_checked_as_well(house: House) -> None:
    async with admin_of(house, WITH_SCENARIOS) as (browser, _):
        wrong = SCENARIO.replace("flow: hotline", "flow: hotlin")
        checked = (await browser.post(f"{EDIT}/check/scenarios/answered.yaml", json={"text": wrong})).json()
        assert not checked["right"]
        (problem,) = checked["problems"]
        assert (problem["line"], problem["column"], problem["code"]) == (1, 7, "missing-flow")
        assert "did you mean 'hotline'?" in problem["message"]


@pytest.mark.sqlite_only
async def test_a_text_that_is_no_text_is_refused(house: House) -> None:
    async with admin_of(house) as (browser, _):

        async def status(**body: Any) -> int:
            return (await browser.post(f"{EDIT}/check/hotline.yaml", json=body)).status_code

        assert await status(text="x" * (MOST_CHARACTERS + 1)) == 413
        assert await status(text="ü" * 4 * MOST_CHARACTERS) == 413
        assert [await status(), await status(text=7), await status(text="a\0b")] == [400, 400, 400]
        alone = b'{"text": "\\ud800"}'
        answer = await browser.post(f"{EDIT}/check/hotline.yaml", content=alone)
        assert answer.status_code == 400
        for body in (
            {"text": "x", "based_on": "1"},
            {"text": "x", "based_on": True},
            {"text": "x", "comment": "c" * 501},
        ):
            assert (await browser.post(f"{EDIT}/save/hotline.yaml", json=body)).status_code == 400


async def test_a_draft_is_published_and_taken_back(house: House) -> None:
    async with admin_of(house) as (browser, releases):
        draft = await draft_of(browser, flow("Good day."))
        assert (await releases.files_of((await releases.newest()).id))["hotline.yaml"] == flow(), (
            "drafts change nothing"
        )
        body = {"draft": draft["id"], "comment": "Friendlier"}
        published = (await browser.post(f"{EDIT}/publish/hotline.yaml", json=body)).json()
        assert (published["id"], published["who"], published["comment"]) == (2, "Robin Muster", "Friendlier")
        state = (await browser.get(f"{EDIT}/state/hotline.yaml")).json()
        assert (state["newest"], state["release"]["id"], state["draft"]) == (2, 2, None)
        back = (await browser.post(f"{EDIT}/roll-back/hotline.yaml", json={"release": 1})).json()
        assert (back["id"], back["origin"]) == (3, "rollback")
        assert (await browser.get(f"{EDIT}/text/hotline.yaml")).json()["text"] == flow()
        again = (await browser.post(f"{EDIT}/roll-back/hotline.yaml", json={"release": 2})).json()
        assert again["id"] == 4
        assert (await browser.get(f"{EDIT}/text/hotline.yaml?release=4")).json()["text"] == flow("Good day.")
        history = (await browser.get(f"{EDIT}/history/hotline.yaml")).json()
        assert [release["id"] for release in history["releases"]] == [4, 3, 2, 1]
        assert [draft["open"] for draft in history["drafts"]] == [False]


async def test_two_admins_never_overwrite_each_other(house: House) -> None:
    async with admin_of(house) as (robin, _):
        await house.add("kim", "admin", "en")
        async with house.client() as kim:
            await kim.post("/sign-in", data={"login": "kim", "password": "correct horse battery"})
            theirs = await draft_of(kim, flow("Kim's."))
            answer = await robin.post(f"{EDIT}/save/hotline.yaml", json={"text": flow("Robin's."), "based_on": None})
            assert answer.status_code == 409
            history = (await robin.get(f"{EDIT}/history/hotline.yaml")).json()
            assert [draft["who"] for draft in history["drafts"]] == ["Kim Muster"]
            mine = await draft_of(robin, flow("Robin's."), based_on=theirs["id"])
            late = await kim.post(f"{EDIT}/publish/hotline.yaml", json={"draft": theirs["id"]})
            assert late.status_code == 409, "what is published is what the newest author has seen"
            assert (await kim.get(f"{EDIT}/text/hotline.yaml?draft={theirs['id']}")).json()["text"] == flow("Kim's.")
            assert (await kim.post(f"{EDIT}/throw-away/hotline.yaml", json={"draft": theirs["id"]})).status_code == 409
            gone = await robin.post(f"{EDIT}/throw-away/hotline.yaml", json={"draft": mine["id"]})
            assert gone.json()["draft"] is None


async def test_nothing_broken_is_published(house: House) -> None:
    async with admin_of(house) as (browser, releases):
        draft = await draft_of(browser, flow().replace("next: office", "next: nowhere"))
        answer = await browser.post(f"{EDIT}/publish/hotline.yaml", json={"draft": draft["id"]})
        assert answer.status_code == 422
        needed = await browser.post(f"{EDIT}/remove", data={"path": "shared/hours.yaml"})
        assert needed.status_code == 422 and "still needed" in needed.text
        assert (await releases.newest()).id == 1


async def test_a_file_is_removed_and_brought_back(house: House) -> None:
    async with admin_of(house, {**FILES, "other.yaml": flow(name="other")}) as (browser, releases):
        answer = await browser.post(f"{EDIT}/remove", data={"path": "other.yaml", "comment": "not needed"})
        assert answer.headers["location"] == EDIT
        assert "other.yaml" not in await releases.files_of(2)
        assert (await browser.get(f"{EDIT}/text/other.yaml")).json()["text"] is None
        page = (await browser.get(EDIT)).text
        assert "removed" in page and "not needed" in page and 'href="/admin/flows/edit/other.yaml"' in page
        assert "name: other" in (await browser.get(f"{EDIT}/edit/other.yaml")).text, "as it last was"
        back = await browser.post(f"{EDIT}/roll-back/other.yaml", json={"release": 1})
        assert back.status_code == 200 and "other.yaml" in await releases.files_of(3)


@pytest.mark.sqlite_only
async def test_what_is_not_there_is_said(house: House) -> None:
    async with admin_of(house) as (browser, _):
        draft = await draft_of(browser, flow("x"))
        assert (await browser.get(f"{EDIT}/text/hotline.yaml?draft=99")).status_code == 404
        assert (await browser.get(f"{EDIT}/text/hotline.yaml?release=99")).status_code == 404
        assert (await browser.get(f"{EDIT}/text/other.yaml?draft={draft['id']}")).status_code == 404
        assert (await browser.post(f"{EDIT}/publish/hotline.yaml", json={"draft": 99})).status_code == 404
        assert (await browser.post(f"{EDIT}/publish/hotline.yaml", json={})).status_code == 400
        for deed in ("publish", "throw-away"):
            assert (await browser.post(f"{EDIT}/{deed}/other.yaml", json={"draft": draft["id"]})).status_code == 404
        assert (await browser.post(f"{EDIT}/roll-back/hotline.yaml", json={"release": 99})).status_code == 404


@pytest.mark.sqlite_only
async def test_scenarios_run_with_the_text_as_it_stands(house: House) -> None:
    async with admin_of(house, WITH_SCENARIOS) as (browser, _):
        first, *ran, covered = lines_of(
            await browser.post(f"{EDIT}/scenarios/hotline.yaml", json={"text": flow("Goodbye.")})
        )
        assert first == {"scenarios": 2}
        assert [(each["ran"]["file"], each["ran"]["passed"]) for each in ran] == [
            ("scenarios/answered.yaml", False),
            ("scenarios/other.yaml", True),
        ]
        assert ran[0]["ran"]["misses"][0]["line"] == 6
        assert ran[1]["ran"]["way"] == ["greet", "office", "human"]
        assert covered["coverage"]["missing_steps"] == ["bye"]
        one = lines_of(
            await browser.post(
                f"{EDIT}/scenarios/hotline.yaml", json={"text": flow(), "only": "scenarios/answered.yaml"}
            )
        )
        assert [each["ran"]["passed"] for each in one if "ran" in each] == [True]
        itself = lines_of(await browser.post(f"{EDIT}/scenarios/scenarios/answered.yaml", json={"text": SCENARIO}))
        assert [each["ran"]["file"] for each in itself if "ran" in each] == ["scenarios/answered.yaml"]
        broken = await browser.post(f"{EDIT}/scenarios/hotline.yaml", json={"text": "nonsense"})
        assert broken.status_code == 422


@pytest.mark.sqlite_only
async def test_calls_are_replayed_on_a_draft(house: House) -> None:
    async with admin_of(house) as (browser, _):
        draft = await draft_of(browser, flow("Good day."))
        replayed = f"{EDIT}/replay/hotline.yaml"
        (told,) = lines_of(await browser.post(replayed, json={"draft": draft["id"], "days": 3}))
        assert (told["report"]["all"], told["report"]["changes"]) == (0, [])
        assert (await browser.post(replayed, json={"draft": draft["id"], "days": 99})).status_code == 400
        assert (await browser.post(replayed, json={"draft": draft["id"]})).status_code == 400
        assert (await browser.post(replayed, json={"draft": 99, "days": 1})).status_code == 404
        broken = await draft_of(browser, "nonsense", based_on=draft["id"])
        assert (await browser.post(replayed, json={"draft": broken["id"], "days": 1})).status_code == 422


@pytest.mark.sqlite_only
async def test_completion_knows_fields_variables_and_the_settings(house: House) -> None:
    async with admin_of(house) as (browser, _):
        for kind in ("flow", "shared", "scenario"):
            assert (await browser.get(f"{EDIT}/schema/{kind}")).json()["schema"]["properties"], kind
        known = (await browser.get(f"{EDIT}/schema/flow")).json()
        assert "offer.title" in [each["path"] for each in known["variables"]]
        assert (known["queues"], known["webhooks"]) == (["sales"], ["crm"])
        assert (await browser.get(f"{EDIT}/schema/other")).json()["schema"] is None


async def test_one_person_works_on_one_thing_at_a_time() -> None:
    turns = Turns(at_once=2, each=2, longest_wait=5)
    release, both = asyncio.Event(), asyncio.Event()
    begun: list[str] = []

    async def work(person: str) -> None:
        async with turns.of(person):
            begun.append(person)
            if len(begun) == 2:
                both.set()
            await release.wait()

    tasks = [asyncio.create_task(work(person)) for person in ("robin", "robin", "kim")]
    await both.wait()
    assert sorted(begun) == ["kim", "robin"]
    with pytest.raises(Refused) as refused:
        await work("robin")
    assert refused.value.status == 429
    release.set()
    await asyncio.gather(*tasks)
    await work("robin")
    assert begun.count("robin") == 3


async def test_who_waits_too_long_is_told() -> None:
    turns = Turns(at_once=1, each=2, longest_wait=0)
    async with turns.of("robin"):
        with pytest.raises(Refused):
            async with turns.of("kim"):
                pass
