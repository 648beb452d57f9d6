"""The web application: every room's routes under one roof, and one way to say no."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import FastAPI
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from router.admin.auditing import routes as audit_routes
from router.admin.callbacks import routes as callback_routes
from router.admin.editing import routes as editing_routes
from router.admin.flows import routes as flow_routes
from router.admin.keys import routes as key_routes
from router.admin.people import routes as people_routes
from router.admin.quality import routes as quality_routes
from router.admin.replaying import routes as replaying_routes
from router.admin.routes import routes as admin_routes
from router.admin.trying import routes as trying_routes
from router.admin.turns import Turns as TurnsEach
from router.agents.supervising import Supervising
from router.api import description, imports, problems, schemas
from router.api.governor import Governor, Work
from router.api.keys import LONGEST_NAME, SCOPES, ApiKeys, create_key, revoke_key
from router.api.limits import IMPORT, BodyLimits, PlainAddresses
from router.api.metrics import Metrics
from router.api.pulse import Pulse
from router.api.requests import Requests
from router.api.routes import BODIES
from router.api.routes import routes as api_routes
from router.api.shedding import Addresses, Shedding
from router.api.turns import Turns
from router.app import House, key_for, sign_in_of, table_of
from router.app_agents import Agents, twilio_agents
from router.app_callbacks import include_work
from router.app_operation import Running, operation_routes
from router.channels.agi.server import AgiServer
from router.channels.simulator.opening import opening_routes
from router.channels.simulator.routes import routes as simulator_routes
from router.channels.twilio.inbound_texts import inbound_routes
from router.channels.twilio.routes import routes as twilio_routes
from router.channels.twilio.task_news import task_routes
from router.channels.twilio.texts import Reported, text_routes
from router.core.rates import Rates
from router.desk.card_routes import card_routes
from router.desk.cards import cards_for
from router.desk.checking import Checking
from router.desk.crm_link import CrmPage
from router.desk.routes import routes as desk_routes
from router.desk.searching import Searching
from router.desk.stream import DeskStream
from router.desk.work.making import desk_of
from router.desk.work.routes import routes as work_routes
from router.messages.inbound import Inbox
from router.messages.texting import reported
from router.releases.step_names import StepNames
from router.speech.audiosocket.server import AudioSocketServer
from router.speech.prompts import PromptStore
from router.speech.serving import prompt_routes
from router.store.database import new_id
from router.supervisor.board import Boards
from router.supervisor.routes import routes as supervisor_routes
from router.supervisor.stream import SupervisorStream
from router.web import assets as asset_files
from router.web.account import routes as account_routes
from router.web.ending import Ending
from router.web.guard import Guard
from router.web.oidc.chosen import oidc_of
from router.web.oidc.routes import OidcSignIn
from router.web.oidc.routes import routes as oidc_routes
from router.web.pages import Pages
from router.web.reads import Reads
from router.web.routes import Ways
from router.web.routes import install as pages_support
from router.web.routes import routes as web_routes
from router.web.shares import Shares
from router.web.sign_in import SignIn
from router.web.streams import OpenPages

_LEASED_OFFERED = 20
"""Numbers of pools that the test phone names; any other can be typed in."""


@dataclass(frozen=True, slots=True)
class _Entrance:
    """Who may come in: people by cookie, programs by key, and few of those at one time."""

    sign_in: SignIn
    guard: Guard
    turns: Turns
    keys: ApiKeys
    ending: Ending
    reads: Reads
    oidc: OidcSignIn | None


def web_app(
    house: House,
    agents: Agents,
    prompts: PromptStore,
    stopping: asyncio.Event,
    agi: AgiServer | None = None,
    audiosocket: AudioSocketServer | None = None,
    pulse: Pulse | None = None,
    shares: Shares | None = None,
) -> FastAPI:
    """The application with all routes. ``stopping`` ends the endless event streams; ``agi`` and ``audiosocket`` are the
    servers that `/readyz` and `/metrics` tell about, ``pulse`` is what they tell of the event loop, and ``shares`` of
    connections over HTTP.

    Raises `SettingsRefused` for settings that a channel cannot work with, and `AssetsNotBuilt`.
    """
    assets = asset_files.load()
    pages = Pages(assets, house.queue_book.labels, StepNames(house.flows).labels)
    entrance = _entrance(house, agents)
    desk = DeskStream(
        house.database,
        house.bus,
        house.clock,
        stopping=stopping,
        away=house.calls.watch.gone,
        still_there=entrance.sign_in.still,
        watch=agents.page_watch,
    )
    metrics = Metrics()
    app = FastAPI(title="Threadline", docs_url=None, redoc_url=None, redirect_slashes=False)
    app.add_middleware(BodyLimits, special={imports.PATH: IMPORT})
    app.add_middleware(PlainAddresses)
    governor = Governor(lambda: house.calls.under_way.number)
    _guard_the_door(app, house, governor, problems.answering(pages))
    problems.install(app, pages)
    pages_support(app, assets)
    app.add_middleware(Requests, told=metrics.request)  # the outermost: it is told of every answer
    description.describe(app, BODIES, entrance.guard.cookie)
    _include_channels(app, house, agents, entrance, prompts, metrics)  # first, as callers wait for them
    _include_api(app, house, entrance, governor)
    _include_pages(app, house, agents, entrance, pages, desk)
    boards = _include_supervision(app, house, agents, entrance, pages, stopping)
    running = Running(agi, audiosocket, prompts, desk.pages, boards, stopping, pulse or Pulse(), governor, shares)
    allowed = entrance.keys.allowed("calls:read", entrance.guard)
    app.include_router(operation_routes(house, agents, metrics, running, allowed))
    return app


def _guard_the_door(app: FastAPI, house: House, governor: Governor, answer: problems.Answer) -> None:
    """What is decided before a request is looked at: whether there is room, whether it is too often, and who asks."""
    settings = house.settings
    app.add_middleware(Shedding, governor=governor, answer=answer)
    most = settings.requests_a_minute
    app.add_middleware(Addresses, rates=Rates(most, max(1, most // 10)), answer=answer)
    if settings.trusted_proxies:
        app.add_middleware(ProxyHeadersMiddleware, trusted_hosts=list(settings.trusted_proxies))


def _entrance(house: House, agents: Agents) -> _Entrance:
    sign_in, turns = sign_in_of(house), Turns()
    guard = Guard(sign_in, house.settings.public_url)
    return _Entrance(
        sign_in,
        guard,
        turns,
        ApiKeys(
            house.database, turns, house.clock, Rates(most := house.settings.key_requests_a_minute, max(1, most // 10))
        ),
        Ending(sign_in, guard, house.bus, agents.presence.left),
        Reads(house.database, house.clock),
        oidc_of(house.settings, house.clock, key_for(house.settings, b"threadline sign-in with a provider")),
    )


def _include_api(app: FastAPI, house: House, entrance: _Entrance, governor: Governor) -> None:
    app.include_router(schemas.routes(), include_in_schema=False)
    app.include_router(
        api_routes(
            database=house.database,
            bus=house.bus,
            registrar=house.registrar,
            codes=house.keys,
            weights=house.weights,
            flows=house.flows,
            clock=house.clock,
            keys=entrance.keys,
            guard=entrance.guard,
            turns=entrance.turns,
            reads=entrance.reads,
            policy=house.settings.disclosure,
            pause=partial(governor.pause, Work.BULK),
        )
    )


def _include_channels(
    app: FastAPI, house: House, agents: Agents, entrance: _Entrance, prompts: PromptStore, metrics: Metrics
) -> None:
    describe = house.queue_book.get
    app.include_router(
        twilio_routes(
            house.calls,
            house.settings,
            agents=twilio_agents(house, agents),
            describe=describe,
            callbacks=house.calling,
            on_given_up=metrics.given_up,
        )
    )
    tester = entrance.keys.allowed("testphone", entrance.guard, entrance.guard.supervisor)
    app.include_router(
        simulator_routes(house.test_phone, house.calls, house.bus, house.clock, tester, entrance.guard.admin, house.ear)
    )
    app.include_router(opening_routes(house.flows, house.clock, house.settings.region, tester))
    app.include_router(text_routes(house.settings, _reported(house)))
    app.include_router(task_routes(house.settings, house.database, agents.ringing, house.clock))
    inbox = Inbox(house.database, house.bus, house.keys, house.clock)
    app.include_router(inbound_routes(house.settings, inbox.take))
    app.include_router(prompt_routes(prompts), include_in_schema=False)


def _reported(house: House) -> Reported:
    async def told(text_id: str, ref: str, *, delivered: bool, reason: str | None = None) -> bool:
        return await reported(
            house.database, text_id, ref, house.clock(), delivered=delivered, reason=reason, bus=house.bus
        )

    return told


def _service_numbers(house: House) -> list[str]:
    """What the test phone offers to dial: the number printed in messages first, then some that are leased."""
    settings, pools = house.settings, house.registrar.rules.pools.numbers
    leased = [number for numbers in pools.values() for number in numbers][:_LEASED_OFFERED]
    return list(dict.fromkeys([*filter(None, [settings.service_number]), *settings.service_numbers, *leased]))


def _include_pages(
    app: FastAPI, house: House, agents: Agents, entrance: _Entrance, pages: Pages, desk: DeskStream
) -> None:
    _include_people(app, house, agents, entrance, pages)
    app.include_router(
        web_routes(
            database=house.database,
            sign_in=entrance.sign_in,
            guard=entrance.guard,
            pages=pages,
            ending=entrance.ending,
            ways=Ways(house.settings.password_sign_in, entrance.oidc.name if entrance.oidc else None),
            service_numbers=_service_numbers(house),
            listens=house.ear is not None,
            queues=house.queue_book.names,
        )
    )
    work = desk_of(
        settings=house.settings,
        keys=house.keys,
        database=house.database,
        bus=house.bus,
        clock=house.clock,
        flows=house.flows,
        calls=house.calls,
        cards_for=cards_for,
        webhooks=house.webhooks,
        wrap_ups=agents.wrap_ups,
        handing_over=agents.handing_over,
    )
    app.include_router(
        desk_routes(
            database=house.database,
            clock=house.clock,
            guard=entrance.guard,
            pages=pages,
            stream=desk,
            presence=agents.presence,
            browser_phone=house.test_phone,
            cards_for=cards_for,
            policy=house.settings.disclosure,
            checks=house.settings.identity_checks,
            work_on=work.views,
            crm=CrmPage(house.settings.crm_card_url, house.settings.crm_card_opens),
        )
    )
    app.include_router(work_routes(work, entrance.guard, pages))
    include_work(app, house, agents, entrance.guard, pages)
    _include_cards(app, house, entrance)
    app.include_router(
        admin_routes(
            database=house.database,
            guard=entrance.guard,
            pages=pages,
            messages=house.registrar,
            recordings=house.kept_speech,
            reads=entrance.reads,
        )
    )
    _include_flows(app, house, entrance, pages)
    app.include_router(callback_routes(database=house.database, clock=house.clock, guard=entrance.guard, pages=pages))
    app.include_router(
        quality_routes(
            database=house.database,
            clock=house.clock,
            guard=entrance.guard,
            pages=pages,
            policy=house.settings.disclosure,
            table=table_of(house.settings),
        )
    )


def _include_supervision(
    app: FastAPI, house: House, agents: Agents, entrance: _Entrance, pages: Pages, stopping: asyncio.Event
) -> OpenPages:
    """The supervisors' pages; answers which are open."""
    database, clock, queues = house.database, house.clock, house.queue_book.names
    zone = ZoneInfo(house.settings.timezone)
    boards = Boards(database, clock, house.queue_book, agents.presence, queues, zone)
    stream = SupervisorStream(database, boards, clock, stopping=stopping, still_there=entrance.sign_in.still)
    app.include_router(
        supervisor_routes(
            database=database,
            clock=clock,
            guard=entrance.guard,
            pages=pages,
            boards=boards,
            stream=stream,
            acting=Supervising(database, clock, agents.presence, queues),
            known_queues=queues,
        )
    )
    return stream.pages


def _include_cards(app: FastAPI, house: House, entrance: _Entrance) -> None:
    settings, calls = house.settings, house.calls
    app.include_router(
        card_routes(
            database=house.database,
            bus=house.bus,
            clock=house.clock,
            guard=entrance.guard,
            searching=Searching(calls.guesses, house.keys, region=settings.region, a_minute=settings.searches_a_minute),
            checking=Checking(calls.texting, new_id, settings.identity_checks),
            policy=settings.disclosure,
        )
    )


def _include_people(app: FastAPI, house: House, agents: Agents, entrance: _Entrance, pages: Pages) -> None:
    """Who may sign in and what they may do, programs as well, and what they did."""
    parts: dict[str, Any] = {"database": house.database, "clock": house.clock, "guard": entrance.guard, "pages": pages}
    sign_in = entrance.sign_in
    own: dict[str, Any] = {"sign_in": sign_in, "passwords": sign_in.passwords, "ending": entrance.ending}
    if entrance.oidc is not None:
        own_session = {key: own[key] for key in ("sign_in", "ending")}
        app.include_router(oidc_routes(entrance.oidc, **parts, **own_session))
    app.include_router(account_routes(**parts, **own))
    presence, settings = agents.presence, house.settings
    app.include_router(
        people_routes(**parts, **own, presence=presence, queues=house.queue_book.names, public_url=settings.public_url)
    )
    app.include_router(
        key_routes(**parts, scopes=SCOPES, longest_name=LONGEST_NAME, make_key=create_key, revoke_key=revoke_key)
    )
    app.include_router(audit_routes(**parts))


def _include_flows(app: FastAPI, house: House, entrance: _Entrance, pages: Pages) -> None:
    database, guard, releases = house.database, entrance.guard, house.releases
    numbers = _service_numbers(house)
    app.include_router(
        flow_routes(
            database=database,
            guard=guard,
            pages=pages,
            releases=releases,
            service_numbers=numbers,
            listens=house.ear is not None,
            queues=house.settings.queues,
            known_queues=house.queue_book.names,
            webhooks=house.settings.webhooks,
        )
    )
    # Two lines: who waits for a long trial is still told of mistakes while writing.
    app.include_router(editing_routes(database=database, guard=guard, releases=releases, turns=TurnsEach()))
    trials = TurnsEach()
    app.include_router(trying_routes(guard=guard, releases=releases, turns=trials))
    app.include_router(
        replaying_routes(database=database, clock=house.clock, guard=guard, releases=releases, turns=trials)
    )
