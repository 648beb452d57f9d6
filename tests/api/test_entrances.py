"""Who gets in where: every route of the application has an expectation here, and is asked by everybody."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

from router.api.keys import SCOPES
from tests.api.service import ORIGIN, Service

NOBODY, AGENT, SUPERVISOR, ADMIN = "nobody", "agent", "supervisor", "admin"
ASKERS = frozenset({NOBODY, AGENT, SUPERVISOR, ADMIN, *SCOPES})

EVERYBODY = ASKERS
NOT_BY_LOGIN: frozenset[str] = frozenset()
"""A signature in the request decides."""
PEOPLE = frozenset({AGENT, SUPERVISOR, ADMIN})
SUPERVISORS = frozenset({SUPERVISOR, ADMIN})
ADMINS = frozenset({ADMIN})
WRITERS = frozenset({ADMIN, "messages:write"})
READERS = frozenset({ADMIN, "messages:read"})
MATCHERS = frozenset({ADMIN, "match"})
CALL_READERS = frozenset({ADMIN, "calls:read"})
PAYERS = frozenset({"payments:write"})
TESTERS = SUPERVISORS | {"testphone"}
"""Not agents: the test phone shows one-time codes, with which they could verify whoever they call as."""

EXPECTED = {
    "GET /": PEOPLE,
    "GET /sign-in": EVERYBODY,
    "POST /sign-in": EVERYBODY,
    "GET /sign-in/link": EVERYBODY,
    "POST /sign-in/link": EVERYBODY,  # where the one-time token decides
    "POST /sign-out": EVERYBODY,
    "POST /language": PEOPLE,
    "GET /static": EVERYBODY,
    "GET /prompts/{key}.wav": EVERYBODY,
    "GET /healthz": EVERYBODY,
    "GET /readyz": EVERYBODY,
    "GET /openapi.json": EVERYBODY,
    "GET /metrics": CALL_READERS,
    "GET /desk": PEOPLE,
    "GET /desk/cards": PEOPLE,
    "GET /desk/cards/{card_id}": PEOPLE,
    "GET /desk/bar": PEOPLE,
    "GET /desk/work": PEOPLE,
    "GET /desk/work/list": PEOPLE,
    "GET /desk/work/{item_id}": PEOPLE,
    "POST /desk/work/{item_id}": PEOPLE,
    "GET /desk/work/{item_id}/recording": PEOPLE,
    "POST /desk/presence": PEOPLE,
    "POST /desk/phone": PEOPLE,
    "POST /desk/cards/{card_id}/answer": PEOPLE,
    "GET /desk/calls/{call_id}": PEOPLE,
    "POST /desk/cards/{card_id}/search": PEOPLE,
    "POST /desk/cards/{card_id}/pick": PEOPLE,
    "POST /desk/cards/{card_id}/open": PEOPLE,
    "POST /desk/cards/{card_id}/more": PEOPLE,
    "POST /desk/cards/{card_id}/identity": PEOPLE,
    "POST /desk/cards/{card_id}/finish": PEOPLE,
    "POST /desk/cards/{card_id}/outcome": PEOPLE,
    "POST /desk/cards/{card_id}/note": PEOPLE,
    "GET /desk/cards/{card_id}/texts": PEOPLE,
    "POST /desk/cards/{card_id}/send": PEOPLE,
    "POST /desk/cards/{card_id}/payment": PEOPLE,
    "POST /desk/cards/{card_id}/follow-up": PEOPLE,
    "POST /desk/cards/{card_id}/disposition": PEOPLE,
    "POST /desk/cards/{card_id}/next": PEOPLE,
    "POST /desk/cards/{card_id}/more-time": PEOPLE,
    "GET /desk/cards/{card_id}/places": PEOPLE,
    "POST /desk/cards/{card_id}/handover": PEOPLE,
    "GET /v1/desk/events": PEOPLE,
    "GET /supervisor": SUPERVISORS,
    "GET /supervisor/board": SUPERVISORS,
    "GET /supervisor/people/{person_id}": SUPERVISORS,
    "POST /supervisor/people/{person_id}/assign": SUPERVISORS,
    "POST /supervisor/people/{person_id}/pause": SUPERVISORS,
    "POST /supervisor/people/{person_id}/sign-out": SUPERVISORS,
    "GET /v1/supervisor/events": SUPERVISORS,
    "GET /testphone": SUPERVISORS,
    "POST /testphone/calls": TESTERS,
    "POST /testphone/calls/{call_id}/events": TESTERS,
    "POST /testphone/calls/{call_id}/speech": TESTERS,
    "POST /testphone/calls/{call_id}/hangup": TESTERS,
    "GET /testphone/calls/{call_id}": TESTERS,
    "GET /testphone/opening": TESTERS,
    "GET /admin": ADMINS,
    "GET /admin/calls": ADMINS,
    "GET /admin/calls/{call_id}": ADMINS,
    "GET /admin/calls/{call_id}/speech/{recording_id}": ADMINS,
    "GET /admin/match": ADMINS,
    "GET /admin/messages": ADMINS,
    "GET /admin/messages/{message_id}": ADMINS,
    "GET /admin/voicemails": ADMINS,
    "GET /admin/people": ADMINS,
    "GET /admin/people/new": ADMINS,
    "POST /admin/people/new": ADMINS,
    "GET /admin/people/{person_id}": ADMINS,
    "POST /admin/people/{person_id}": ADMINS,
    "POST /admin/people/{person_id}/access": ADMINS,
    "POST /admin/people/{person_id}/phone": ADMINS,
    "POST /admin/people/{person_id}/password": ADMINS,
    "POST /admin/people/{person_id}/link": ADMINS,
    "GET /admin/keys": ADMINS,
    "POST /admin/keys": ADMINS,
    "POST /admin/keys/{key_id}/revoke": ADMINS,
    "GET /admin/audit": ADMINS,
    "GET /admin/audit.csv": ADMINS,
    "GET /account": PEOPLE,
    "POST /account/password": PEOPLE,
    "POST /account/sign-out-others": PEOPLE,
    "GET /admin/callbacks": ADMINS,
    "POST /admin/callbacks/{callback_id}": ADMINS,
    "GET /admin/flows": ADMINS,
    "POST /admin/flows/new": ADMINS,
    "POST /admin/flows/remove": ADMINS,
    "GET /admin/flows/edit/{path:path}": ADMINS,
    "GET /admin/flows/schema/{kind}": ADMINS,
    "POST /admin/flows/check/{path:path}": ADMINS,
    "GET /admin/flows/state/{path:path}": ADMINS,
    "GET /admin/flows/history/{path:path}": ADMINS,
    "GET /admin/flows/text/{path:path}": ADMINS,
    "POST /admin/flows/save/{path:path}": ADMINS,
    "POST /admin/flows/throw-away/{path:path}": ADMINS,
    "POST /admin/flows/publish/{path:path}": ADMINS,
    "POST /admin/flows/roll-back/{path:path}": ADMINS,
    "POST /admin/flows/scenarios/{path:path}": ADMINS,
    "POST /admin/flows/replay/{path:path}": ADMINS,
    "POST /v1/messages": WRITERS,
    "POST /v1/messages/status": WRITERS,
    "POST /v1/messages/{message_id}/status": WRITERS,
    "GET /v1/messages": READERS,
    "GET /v1/messages/{message_id}": READERS,
    "DELETE /v1/messages/{message_id}/code": WRITERS,
    "GET /v1/messages/{message_id}/qr.svg": READERS,
    "POST /v1/messages/import": WRITERS,
    "POST /v1/match": MATCHERS,
    "GET /v1/match/quality": CALL_READERS,
    "POST /v1/payments/{payment_id}": PAYERS,
    "GET /v1/calls": CALL_READERS,
    "GET /v1/calls/{call_id}": CALL_READERS,
    "POST /channels/twilio/voice": NOT_BY_LOGIN,
    "POST /channels/twilio/callback": NOT_BY_LOGIN,
    "POST /channels/twilio/callback-status": NOT_BY_LOGIN,
    "POST /channels/twilio/status": NOT_BY_LOGIN,
    "POST /channels/twilio/text-status": NOT_BY_LOGIN,
    "POST /channels/twilio/whisper": NOT_BY_LOGIN,
    "POST /channels/twilio/assignment": NOT_BY_LOGIN,
    "POST /channels/twilio/events": NOT_BY_LOGIN,
    "POST /channels/twilio/texts/inbound": NOT_BY_LOGIN,
    "POST /channels/twilio/agents/accept": NOT_BY_LOGIN,
    "POST /channels/twilio/agents/ringing": NOT_BY_LOGIN,
    "POST /channels/twilio/agents/worker": NOT_BY_LOGIN,
    "GET /schemas/flow-1.json": EVERYBODY,
    "GET /schemas/shared-1.json": EVERYBODY,
}


def routes_of(app: FastAPI) -> Iterator[str]:
    for found in iter_route_contexts(app.routes):
        methods = (found.methods or {"GET"}) - {"HEAD"}  # what is mounted (files) names none
        yield from (f"{method} {found.path}" for method in methods)


async def status(client: httpx.AsyncClient, name: str, **headers: str) -> int:
    method, path = name.split()
    return (await client.request(method, filled(path), headers=headers)).status_code


def filled(path: str) -> str:
    """An address with a name for each part that is open."""
    return re.sub(r"\{\w+\}", "0" * 32, path.replace("{path:path}", "hotline.yaml"))


def is_let_in(answered: int) -> bool:
    """What comes after the entrance (nothing there, wrong fields) is not looked at."""
    assert answered != 500
    return answered not in (401, 403)


@pytest.fixture
async def askers(service: Service) -> AsyncIterator[dict[str, httpx.AsyncClient]]:
    service.stopping.set()  # else a stream of events never ends
    async with AsyncExitStack() as stack:
        people = {role: await stack.enter_async_context(service.signed_in(role)) for role in (AGENT, SUPERVISOR, ADMIN)}
        keys = {scope: await stack.enter_async_context(service.allowed(scope)) for scope in SCOPES}
        nobody = await stack.enter_async_context(service.client(Origin=ORIGIN))
        for client in keys.values():
            client.headers["Origin"] = ORIGIN
        yield {NOBODY: nobody, **people, **keys}


def test_every_route_has_an_expectation(service: Service) -> None:
    assert sorted(routes_of(service.app)) == sorted(EXPECTED)


async def test_each_route_lets_in_whom_it_should(askers: dict[str, httpx.AsyncClient]) -> None:
    wrong = {}
    for name, expected in sorted(EXPECTED.items(), key=_signing_out_last):
        let_in = {who for who, client in askers.items() if is_let_in(await status(client, name))}
        if let_in != expected:
            wrong[name] = (sorted(let_in), sorted(expected))
    assert not wrong


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
async def test_pages_of_other_sites_get_in_nowhere(askers: dict[str, httpx.AsyncClient], site: str) -> None:
    """A browser sends our cookie along with what another site's page asks for; neither may it read nor write."""
    let_in = set()
    for name, expected in sorted(EXPECTED.items(), key=_signing_out_last):
        reads_what_is_open = name.startswith("GET") and NOBODY in expected
        headers = {"Sec-Fetch-Site": site, "Sec-Fetch-Dest": "empty", "Origin": "https://elsewhere.example"}
        if not reads_what_is_open and is_let_in(await status(askers[ADMIN], name, **headers)):
            let_in.add(name)
    assert not let_in


@pytest.mark.parametrize("sent", [{"Origin": "https://elsewhere.example"}, {"Origin": "null"}, {"Origin": ""}])
async def test_writing_needs_our_own_origin_where_a_browser_does_not_say_the_site(
    askers: dict[str, httpx.AsyncClient], sent: dict[str, str]
) -> None:
    writing = [name for name in sorted(EXPECTED, key=lambda name: name == "POST /sign-out") if "POST" in name]
    assert {name for name in writing if is_let_in(await status(askers[ADMIN], name, **sent))} == set()


def _signing_out_last(item: tuple[str, frozenset[str]]) -> bool:
    return item[0] == "POST /sign-out"
