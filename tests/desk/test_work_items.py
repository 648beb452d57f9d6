"""The list of work: each sees what concerns them, one sees to it, and what a caller left is heard by whoever may."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import select, update

from router.channels.recordings import Recordings
from router.core.assurance import Assurance
from router.core.match import Candidate, Decision, Match
from router.desk.work_items import routes
from router.settings import Settings
from router.store import work_items
from router.store.tables import audit_log, calls, people, voicemails
from router.store.tables import work_items as table
from tests.stored import a_call, a_customer, a_message

if TYPE_CHECKING:
    from tests.web.conftest import House

HTML = {"Accept": "text/html"}
SOUND = b"RIFF\x24\x00\x00\x00WAVEfmt "
CALL = "c" * 32
NUMBER = "+493023125011"


class Work:
    """The routes in a house, with a voicemail in a folder."""

    def __init__(self, house: House, folder: Path) -> None:
        self.house = house
        self.folder = folder
        self.changed: list[str] = []
        settings = Settings(voicemails=folder)
        house.app.include_router(
            routes(
                database=house.database,
                clock=house.clock,
                guard=house.guard,
                pages=house.pages,
                policy="normal",
                recording=Recordings(settings),
                changed=self.changed.append,
            )
        )

    @asynccontextmanager
    async def agent(self, login: str, *queues: str, role: str = "agent") -> AsyncIterator[httpx.AsyncClient]:
        async with self.house.signed_in(login, role, "en") as browser:
            async with self.house.database.begin() as connection:
                await connection.execute(update(people).where(people.c.login == login).values(queues=list(queues)))
            yield browser

    async def call(self, assurance: Assurance = Assurance.L2) -> None:
        """A call of Karl's about a message, who left a voicemail."""
        match = Match(Decision.SURE, assurance, 0.01, (Candidate("m1", 0.99, ()),))
        async with self.house.database.begin() as connection:
            await a_customer(connection, "Karl")
            await a_message(connection, "m1", customer_id="Karl", body="Ihr Angebot")
            await a_call(connection, NUMBER, "m1", id=CALL, match=asdict(match), queue="sales")
            await connection.execute(
                voicemails.insert().values(
                    id="v1", call_id=CALL, recording=f"{CALL}-4.wav", seconds=4.2, created_at=self.house.clock()
                )
            )

    async def item(self, name: str, **values: Any) -> None:
        defaults = {
            "id": name,
            "source": f"voicemail:{name}",
            "kind": "voicemail",
            "queue": "sales",
            "call_id": CALL,
            "message_id": "m1",
            "due_at": self.house.clock(),
            "created_at": self.house.clock(),
        }
        async with self.house.database.begin() as connection:
            assert await work_items.add(connection, defaults | values)

    async def noted(self) -> list[str]:
        async with self.house.database.read() as connection:
            found = await connection.execute(select(audit_log.c.action).order_by(audit_log.c.id))
            return [str(action) for (action,) in found]


@pytest.fixture
async def work(house: House, tmp_path: Path) -> Work:
    made = Work(house, tmp_path)
    await made.call()
    (tmp_path / f"{CALL}-4.wav").write_bytes(SOUND)
    return made


def offered(text: str) -> list[tuple[str, str]]:
    """What can be done with which item, in order."""
    return re.findall(r'action="/desk/work/(\w+)"><input type="hidden" name="action" value="(\w+)"', text)


async def test_agents_see_what_concerns_them_and_supervisors_everything(work: Work) -> None:
    await work.item("v1")
    await work.item("mine", source="x:1", kind="follow_up", queue="other", for_person_id="anna", note="Call Karl")
    await work.item("other", source="x:2", kind="abandoned", queue="service")
    async with AsyncExitStack() as stack:
        anna = await stack.enter_async_context(work.agent("anna", "sales"))
        async with work.house.database.begin() as connection:
            ((anna_id,),) = await connection.execute(select(people.c.id).where(people.c.login == "anna"))
            await connection.execute(table.update().where(table.c.id == "mine").values(for_person_id=anna_id))
        lead = await stack.enter_async_context(work.agent("lead", role="supervisor"))
        text = (await anna.get("/desk/work", headers=HTML)).text
        assert {name for name, _ in offered(text)} == {"v1", "mine"}
        assert "Strom 12" in text and "Karl" in text and "Call Karl" in text
        assert NUMBER[3:] not in text.replace(" ", "")
        assert (await anna.get("/desk/work/other", headers=HTML)).status_code == 404
        assert (await anna.post("/desk/work/other", data={"action": "take"})).status_code == 404
        assert {name for name, _ in offered((await lead.get("/desk/work", headers=HTML)).text)} == {
            "v1",
            "mine",
            "other",
        }
        assert (await lead.get("/desk/work/other", headers=HTML)).status_code == 200


async def test_one_is_taken_seen_to_and_taken_back(work: Work) -> None:
    await work.item("v1")
    async with work.agent("anna", "sales") as anna, work.agent("bert", "sales") as bert:
        untaken = (await anna.get("/desk/work/v1", headers=HTML)).text
        assert "Ihr Angebot" in untaken and "Take this to see the number" in untaken
        answer = await anna.post("/desk/work/v1", data={"action": "take", "back": "one"})
        assert (answer.status_code, answer.headers["location"]) == (303, "/desk/work/v1")
        assert "+49 30 23125011" in (await anna.get("/desk/work/v1", headers=HTML)).text
        assert "+49 30 23125011" not in (await bert.get("/desk/work/v1", headers=HTML)).text
        for action in ("take", "done", "give_back"):
            answer = await bert.post("/desk/work/v1", data={"action": action})
            assert answer.headers["location"] == "/desk/work?missed=1", action
        assert "Somebody else" in (await bert.get("/desk/work?missed=1", headers=HTML)).text
        await anna.post("/desk/work/v1", data={"action": "done"})
        assert offered((await anna.get("/desk/work/list")).text) == [("v1", "open")]
        await anna.post("/desk/work/v1", data={"action": "open"})
        assert ("v1", "take") in offered((await bert.get("/desk/work/list")).text)
        assert (await anna.post("/desk/work/v1", data={"action": "burn"})).status_code == 400
    assert work.changed == ["sales"] * 3
    noted = await work.noted()
    assert [each for each in noted if each.startswith("work.")] == ["work.take", "work.done", "work.open"]
    assert noted.count("number.seen") == 1 and "message.seen" in noted


async def test_a_message_that_the_level_does_not_open_is_not_shown(work: Work) -> None:
    match = asdict(Match(Decision.UNCLEAR, Assurance.L0, 0.5, (Candidate("m1", 0.5, ()),)))
    async with work.house.database.begin() as connection:
        await connection.execute(update(calls).where(calls.c.id == CALL).values(match=match))
    await work.item("v1")
    async with work.agent("anna", "sales") as anna:
        for page in ("/desk/work", "/desk/work/v1"):
            text = (await anna.get(page, headers=HTML)).text
            assert "Strom 12" not in text and "Ihr Angebot" not in text and "Karl" not in text, page


async def test_a_voicemail_is_played_to_whom_it_concerns_and_that_is_noted(work: Work) -> None:
    await work.item("v1")
    await work.item("call", source="abandoned:1", kind="abandoned")
    async with work.agent("anna", "sales") as anna, work.agent("bert", "service") as bert:
        assert '<audio controls preload="none" src="/desk/work/v1/recording"' in (await anna.get("/desk/work/v1")).text
        part = await anna.get("/desk/work/v1/recording", headers={"Range": "bytes=4-"})
        assert (part.status_code, part.content) == (206, SOUND[4:])
        assert (await work.noted()).count("voicemail.heard") == 1
        answer = await anna.get("/desk/work/v1/recording")
        assert (answer.status_code, answer.content, answer.headers["cache-control"]) == (200, SOUND, "no-store")
        assert (await bert.get("/desk/work/v1/recording")).status_code == 404
        assert (await anna.get("/desk/work/call/recording")).status_code == 404
        (work.folder / f"{CALL}-4.wav").unlink()
        assert (await anna.get("/desk/work/v1/recording")).status_code == 404
    assert (await work.noted()).count("voicemail.heard") == 1


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "/etc/passwd", "x.wav", f"{CALL}-4.wav\n", "https://example.net/x"]
)
async def test_nothing_but_our_recordings_is_opened(tmp_path: Path, name: str) -> None:
    assert await Recordings(Settings(voicemails=tmp_path))(name) is None


async def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"secret")
    (tmp_path / f"{CALL}-1.wav").symlink_to(tmp_path / "secret")
    assert await Recordings(Settings(voicemails=tmp_path))(f"{CALL}-1.wav") is None


async def test_a_recording_of_twilio_is_fetched_from_the_account_alone() -> None:
    account, asked = "AC" + "1" * 32, []
    settings = Settings(twilio_account_sid=account, twilio_auth_token=SecretStr("t" * 32))

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return httpx.Response(200, content=SOUND)

    recordings = Recordings(settings, httpx.MockTransport(answer))
    ours = f"https://api.twilio.com/2010-04-01/Accounts/{account}/Recordings/RE{'2' * 32}"
    for other in (
        ours.replace("1" * 32, "3" * 32),
        ours.replace("api.twilio.com", "api.twilio.com.evil.example"),
        ours + "/x",
    ):
        assert await recordings(other) is None
    found = await recordings(ours)
    assert found is not None and found.body == SOUND
    assert asked == [ours + ".wav"]
