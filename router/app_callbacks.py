"""The parts that call back, put together."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import FastAPI

from router.agents.ami import AmiSettings
from router.agents.ami.originate import Originator
from router.agents.asterisk import Asterisk
from router.agents.placeholders import Placeholders, Spot
from router.app import House
from router.app_agents import Agents
from router.calls.calling_back import BUSY, NO_ANSWER, UNREACHED
from router.calls.rounds import Rounds, Way
from router.channels.agi.calling_back import CallbackLine
from router.channels.recordings import Recordings
from router.channels.simulator.calling_back import TestCallbacks
from router.channels.simulator.queues import SimulatedQueues
from router.channels.twilio.calling_back import TwilioCallbacks
from router.channels.twilio.destinations import Agents as RungAgents
from router.channels.twilio.destinations import destinations
from router.desk.work_items import routes as work_routes
from router.web.guard import Guard
from router.web.pages import Pages

_TOLD = (BUSY, NO_ANSWER, UNREACHED)


@dataclass(frozen=True, slots=True)
class CallbackParts:
    """``rounds`` is to be run; ``line`` answers Asterisk's dialplan."""

    rounds: Rounds
    line: CallbackLine


def callback_parts(house: House, agents: Agents, queues: SimulatedQueues) -> CallbackParts:
    """What calls back: test calls always, other channels where the settings say so."""
    calling, settings = house.calling, house.settings
    ways: list[Way] = [TestCallbacks(house.test_phone, queues, calling)]
    if settings.callback_ami_secret is not None and agents.asterisks.each:
        secret = settings.callback_ami_secret.get_secret_value()

        def spot(asterisk: Asterisk, host: str, port: int) -> Spot:
            access = AmiSettings(username=settings.callback_ami_username, secret=secret, host=host, port=port)
            return Spot(Originator(access), asterisk.ami, lambda: agents.asterisks.prefix(asterisk))

        each = zip(agents.asterisks.each, settings.ami_addresses, strict=True)
        ways.append(Placeholders([spot(asterisk, *address) for asterisk, address in each], calling))

    if settings.twilio_callbacks:
        taken_to = destinations(settings.twilio_queues, settings.region, lambda name: house.queue_book.get(name).twilio)
        ways.append(TwilioCallbacks(settings, calling, rings=lambda queue: isinstance(taken_to[queue], RungAgents)))

    async def ended(call_id: str, result: str) -> None:
        concluded = await calling.ended(call_id, result)
        if concluded is not None and concluded.result in _TOLD:
            # The agent is there, and the customer is not: the desk says why before the line goes.
            await agents.ringing.over(call_id, f"callback_{concluded.result}")

    line = CallbackLine(calling, ended, agents.ringing.changed)
    return CallbackParts(Rounds(calling, house.calls, ways, settings.callbacks_at_once), line)


def include_work(app: FastAPI, house: House, agents: Agents, guard: Guard, pages: Pages) -> None:
    """The list of what is left to do."""
    app.include_router(
        work_routes(
            database=house.database,
            clock=house.clock,
            guard=guard,
            pages=pages,
            policy=house.settings.disclosure,
            recording=Recordings(house.settings),
            changed=agents.work_news.changed,
        )
    )
