"""The second part of the composition root: what agents need, wired to the calls of a `router.app.House`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from router.agents.afterwards import Afterwards
from router.agents.ami import AmiSettings
from router.agents.asterisk import Asterisk, Asterisks
from router.agents.asterisk_queues import AsteriskQueues
from router.agents.handing_over import EndsTalks, HandingOver, OnAsterisk, StoredTalks, Unmarks
from router.agents.line import Line
from router.agents.missed import Missed
from router.agents.page_watch import PageWatch
from router.agents.phones import asks_for_key, asterisk_phones, check_phones, may_ring
from router.agents.presence import Presence
from router.agents.ringing import Ringing
from router.agents.switchboard import CHANNEL as ASTERISK
from router.agents.switchboard import Switchboard
from router.agents.work_news import WorkNews
from router.agents.wrap_up import WrapUps
from router.app import House, crm_events, reach_of
from router.channels.simulator.queues import SimulatedQueues
from router.channels.twilio.activities import Activities
from router.channels.twilio.agents import AgentPhones
from router.channels.twilio.handing_over import OnTwilio
from router.channels.twilio.parse import CHANNEL as TWILIO
from router.channels.twilio.rest import CallsApi
from router.channels.twilio.taskrouter import TaskRouter
from router.core.commands import Leg
from router.core.events import TEST_PHONE
from router.settings import SettingsRefused
from router.speech.prompts import PromptStore
from router.store.database import new_id


@dataclass(frozen=True, slots=True)
class Agents:
    """The parts that agents need."""

    ringing: Ringing
    presence: Presence
    wrap_ups: WrapUps
    page_watch: PageWatch
    asterisks: Asterisks
    work_news: WorkNews
    handing_over: HandingOver


def agents_of(house: House) -> Agents:
    """Make the parts that agents need, wired to the calls."""
    settings, database, bus = house.settings, house.database, house.bus
    work_news = WorkNews(bus)
    house.calls.work.on_change = work_news.changed
    describe = house.queue_book.get
    ringing = Ringing(database, bus, house.clock, work=house.calls.work, describe=describe, crm=crm_events(settings))

    async def call_ended(uniqueid: str) -> None:
        await house.calls.hung_up(ASTERISK, uniqueid)

    async def end_lost(still_there: frozenset[str], untouched_since: datetime, only: str = "") -> list[str]:
        return await house.calls.end_lost(ASTERISK, still_there, untouched_since, only)

    asterisks = Asterisks(_asterisks(house))
    shared, holder = not database.is_sqlite, new_id()

    def line_to(asterisk: Asterisk) -> Line:
        phones, book = settings.phones, house.queue_book
        parts = (database, bus, house.clock, asterisk.ami, phones, book)
        several = len(asterisks.each) > 1
        return Line(*parts, shared=shared, held=lambda: asterisk.held, holder=holder, among_several=several)

    lines = [line_to(asterisk) for asterisk in asterisks.each]
    presence = Presence(database, bus, house.clock, None, settings, house.queue_book, lines)
    ringing.rests = presence.rests
    if len(lines) > 1:
        ringing.on_change = Afterwards(presence.keep_free).do
    wrap_ups = WrapUps(database, bus, house.clock, presence, describe)
    page_watch = PageWatch(database, house.clock, presence, timedelta(seconds=settings.page_gone_after))
    for asterisk, line in zip(asterisks.each, lines, strict=True):
        parts = (database, ringing, presence, house.clock, call_ended, end_lost, line)
        switchboard = Switchboard(*parts, among_several=len(lines) > 1)
        missed = Missed(switchboard, house.calls.watch)
        missed.asks, asterisk.listener = asterisk.ami, missed
        asterisk.line, asterisk.switchboard = line, switchboard
    ends: dict[str, EndsTalks] = {TEST_PHONE: house.test_phone.hand_back}
    marks: dict[str, Unmarks] = {}
    if asterisks.each:
        ends[ASTERISK] = marks[ASTERISK] = OnAsterisk(asterisks.manager, StoredTalks(database))
    if settings.twilio_account_sid and settings.twilio_auth_token:
        ends[TWILIO] = OnTwilio(database, CallsApi(settings))
    return Agents(ringing, presence, wrap_ups, page_watch, asterisks, work_news, HandingOver(ends, marks))


def _asterisks(house: House) -> Iterator[Asterisk]:
    """A connection to each Asterisk of the settings; none without a password."""
    settings = house.settings
    if settings.ami_secret is None:
        return
    for host, port in settings.ami_addresses:
        secret = settings.ami_secret.get_secret_value()
        access = AmiSettings(username=settings.ami_username, secret=secret, host=host, port=port)
        yield Asterisk(access, house.duties, house.bus, shared=not house.database.is_sqlite)


def browser_queues(house: House, agents: Agents) -> SimulatedQueues:
    """Queues for test calls: they ring on the pages of those who are ready and have no telephone."""

    async def ready_in_browser(leg: Leg) -> list[str]:
        ready = await agents.presence.who_is_ready(leg.queue, leg.skills)
        return [row.id for row in ready if row.phone is None and leg.person in (None, row.id)]

    done = house.test_phone.transfer_ended
    queues = SimulatedQueues(house.database, house.bus, house.clock, agents.ringing, ready_in_browser, done)
    queues.hang_up = house.test_phone.hang_up
    return queues


def twilio_agents(house: House, agents: Agents) -> AgentPhones:
    """What rings agents' phones through Twilio. Raises `SettingsRefused` for one that it must not dial."""
    reach = reach_of(house.settings)
    check_phones(house.settings, reach)

    def may(phone: str) -> bool:
        return may_ring(phone, reach)

    def asks(phone: str) -> bool:
        return asks_for_key(phone, house.settings)

    return AgentPhones(house.database, house.calls, agents.ringing, house.clock, house.queue_book.get, may, asks)


def worker_activities(house: House) -> Activities | None:
    """What keeps TaskRouter's workers in line with people's presence; None where the settings do not ask for it."""
    settings = house.settings
    ready, away = settings.twilio_activity_ready, settings.twilio_activity_away
    if not (ready and away):
        return None
    try:
        return Activities(house.database, TaskRouter(settings), ready, away)
    except ValueError as error:
        raise SettingsRefused(f"THREADLINE_TWILIO_ACTIVITY_READY (twilio_activity_ready): {error}") from None


def asterisk_queues(house: House, asterisks: Asterisks, prompts: PromptStore) -> AsteriskQueues:
    """What brings the description of queues to Asterisk."""
    settings = house.settings

    async def speak(text: str, language: str, recording: str | None) -> Path:
        return (await prompts.ensure(text, language, recording)).path

    file, sounds = settings.asterisk_queues_file, settings.asterisk_sounds
    return AsteriskQueues(
        house.queue_book, asterisk_phones(settings), file, sounds, speak, asterisks if asterisks.each else None
    )
