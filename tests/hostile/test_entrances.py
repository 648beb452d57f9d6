"""Nothing that is sent to any page or address, by people who are signed in as by anybody, is answered with an error of
ours: texts that break what trusts them, in every field that there is, in forms and JSON, and in addresses."""

from __future__ import annotations

import json
import random
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from sqlalchemy import select

from router.app_agents import agents_of
from router.core.events import Caller
from router.store import people
from router.store.tables import cards
from tests.api.service import LANDLINE, MOBILE, Service
from tests.api.test_entrances import EXPECTED
from tests.hostile.strings import ALL, OWN

ROUTER = Path(__file__).parents[2] / "router"
SEED = 20261127
ROUNDS = 3
"""Requests to each address in each form."""
LEFT_OUT = {"POST /sign-out", "GET /v1/desk/events", "GET /v1/supervisor/events"}
"""Ends what we are signed in to; and streams that do not end."""
NUMBERS: tuple[Any, ...] = (
    0,
    -1,
    2**31,
    2**63,
    -(2**63) - 1,
    10**400,
    1.5,
    True,
    None,
    [],
    {},
    [[["x"]]],
    {"a": {"b": 1}},
)


def names() -> list[str]:
    """Every name of a field that pages send or that the code asks for."""
    found = set()
    for path in ROUTER.rglob("*.html"):
        found |= set(re.findall(r'name="([a-z_]+)"', path.read_text()))
    for path in ROUTER.rglob("*.py"):
        found |= set(re.findall(r'(?:form|body|fields|asked|query)(?:\.get\(|\[)"([a-z_]+)"', path.read_text()))
        found |= set(
            re.findall(
                r'(?:text|number|needed|moment|choice)_?\w*\((?:body|form|fields), "([a-z_]+)"', path.read_text()
            )
        )
    return sorted(
        found | {"release", "draft", "based_on", "comment", "digits", "type", "external_id", "cursor", "limit"}
    )


class Attack:
    """Makes requests, the same ones for the same seed."""

    def __init__(self, ids: list[str]) -> None:
        self._random = random.Random(SEED)
        self._ids = ids
        self._names = names()

    def text(self) -> str:
        return self._random.choice(OWN if self._random.random() < 0.6 else ALL)

    def path(self, pattern: str) -> str:
        def put(found: re.Match[str]) -> str:
            if found[0] == "{path:path}":
                return self._random.choice(
                    ["hotline.yaml", "shared/texts.yaml", "scenarios/x.yaml", quoted(self.text())]
                )
            return self._random.choice(self._ids) if self._random.random() < 0.8 else quoted(self.text())

        return re.sub(r"\{[a-z_:]+\}", put, pattern)

    def fields(self) -> dict[str, str]:
        chosen = self._random.sample(self._names, self._random.randint(8, len(self._names)))
        return {name: self.text() if self._random.random() < 0.7 else self._random.choice(self._ids) for name in chosen}

    def json(self) -> dict[str, Any]:
        values = {
            **self.fields(),
            **{name: self._random.choice(NUMBERS) for name in self._random.sample(self._names, 6)},
        }
        return {name: values[name] for name in self._random.sample(sorted(values), len(values))}


def quoted(text: str) -> str:
    return quote(text.encode("utf-8", "surrogatepass"), safe="")[:300] or "%20"


def encoded(fields: dict[str, str]) -> bytes:
    pairs = (f"{name}={quote(text.encode('utf-8', 'surrogatepass'), safe='')}" for name, text in fields.items())
    return "&".join(pairs).encode()


@pytest.fixture
async def browsers(service: Service) -> AsyncIterator[dict[str, httpx.AsyncClient]]:
    async with AsyncExitStack() as stack:
        yield {
            role: await stack.enter_async_context(service.signed_in(role)) for role in ("agent", "supervisor", "admin")
        }


async def a_talk(service: Service, browsers: dict[str, httpx.AsyncClient]) -> list[str]:
    """An agent who talks to somebody whom we know; the ids of all that is there."""
    async with service.allowed() as client:
        message = await service.register(client)
    call = await service.call(Caller(LANDLINE), "hostile-1")
    async with service.house.database.read() as connection:
        row = await people.by_login(connection, "agent")
    assert row is not None
    agents = agents_of(service.house)
    await agents.ringing.called(call, call, row.id, "default")
    await agents.ringing.answered(call, row.id)
    async with service.house.database.read() as connection:
        card = str((await connection.execute(select(cards.c.id))).scalar_one())
    assert (await browsers["agent"].get(f"/desk/cards/{card}")).status_code == 200
    return [message["id"], call, card, row.id, "0" * 32, message["callback_code"], MOBILE]


async def test_whatever_is_sent_is_answered_without_an_error_of_ours(
    service: Service, browsers: dict[str, httpx.AsyncClient]
) -> None:
    attack = Attack(await a_talk(service, browsers))
    wrong: list[tuple[str, str, Any]] = []
    asked = 0
    for name in sorted(set(EXPECTED) - LEFT_OUT):
        method, pattern = name.split()
        role = (
            "admin" if "admin" in pattern or "/v1/" in pattern else "supervisor" if "supervisor" in pattern else "agent"
        )
        for _ in range(ROUNDS):
            fields, content = attack.fields(), attack.json()
            for kind, body in (
                ("application/x-www-form-urlencoded", encoded(fields)),
                ("application/json", json.dumps(content).encode()),
            ):
                address = attack.path(pattern) + ("?" + encoded(fields).decode()[:8000] if method == "GET" else "")
                answer = await browsers[role].request(method, address, content=body, headers={"Content-Type": kind})
                asked += 1
                if answer.status_code == 429:
                    service.clock.move(minutes=2)
                if answer.status_code >= 500 and answer.headers.get("retry-after") is None:
                    wrong.append((name, kind, answer.status_code))
    print(f"seed {SEED}: {asked} requests")
    assert asked > 500
    assert not wrong, sorted(set(wrong))


async def test_texts_of_people_are_kept_or_refused(service: Service, browsers: dict[str, httpx.AsyncClient]) -> None:
    """Where the other fields are right, so that the text comes as far as the database."""
    ids = await a_talk(service, browsers)
    admin, agent, card, answered = browsers["admin"], browsers["agent"], ids[2], set()
    for number, text in enumerate(random.Random(SEED).sample(OWN, 30)):
        state = (await admin.get("/admin/flows/state/hotline.yaml")).json()
        draft, release = state["draft"], state["release"]
        known = {"based_on": draft["id"] if draft else None, "release": release["id"]}
        person = {"name": text, "role": "agent", "language": "de", "queues": "default", "skills": text, "email": text}
        for answer in (
            await admin.get(f"/admin/flows/text/hotline.yaml?draft={2**31 + number}"),
            await post_json(admin, "/admin/flows/save/hotline.yaml", {"text": text, "comment": text, **known}),
            await post_json(admin, "/admin/flows/save/hotline.yaml", {"text": f"a: {text}", "comment": "", **known}),
            await post_json(admin, "/admin/flows/check/hotline.yaml", {"text": f"name: {text}"}),
            await post_form(admin, "/admin/keys", {"name": text, "scope": "match"}),
            await post_form(admin, "/admin/people/new", {"login": f"p{number}", **person}),
            await post_form(admin, "/admin/people/new", {"login": text, "name": "x", **person}),
            await admin.get(
                "/admin/audit?" + encoded({"who": text, "action": text, "phone": text, "id": text}).decode()
            ),
            await admin.get("/admin/messages?" + encoded({"q": text}).decode()),
            await post_form(agent, f"/desk/cards/{card}/note", {"text": text, "call": ids[1]}),
            await post_form(agent, f"/desk/cards/{card}/search", {"term": text}),
            await post_form(agent, f"/desk/cards/{card}/outcome", {"verdict": "right", "note": text, "reason": text}),
            await post_form(agent, "/sign-in", {"login": text, "password": text}),
            await post_form(agent, "/language", {"language": text, "back": text}),
            await post_json(admin, "/v1/match", {"reference": text, "spoken": text, "code": text, "from": text}),
        ):
            answered.add((str(answer.request.url.path).split("/")[-1], answer.status_code))
            assert answer.status_code < 500, (answer.request.url, text[:80], answer.text[:300])
        service.clock.move(minutes=1)
    print(sorted(answered))


async def post_form(browser: httpx.AsyncClient, address: str, fields: dict[str, str]) -> httpx.Response:
    return await browser.post(
        address, content=encoded(fields), headers={"Content-Type": "application/x-www-form-urlencoded"}
    )


async def post_json(browser: httpx.AsyncClient, address: str, content: dict[str, Any]) -> httpx.Response:
    return await browser.post(address, content=json.dumps(content), headers={"Content-Type": "application/json"})
