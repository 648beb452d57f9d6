"""Calls of the sample's customers, as the desk may show them: what pictures and checks of whole pages are made from."""

from __future__ import annotations

from router.calls.turns import Turn
from router.core.events import DigitsEntered, Event, InputTimedOut
from router.messages.sample import Sample, register_samples
from tests.desk.site import Site

ANNA, FAMILY, THOMAS, UNKNOWN = "+491713920011", "+493023125011", "+493023125061", "+493023125099"
QUEUES = """version: 1
queues:
  default: {wrap_up: 90}
  sales: {wrap_up: 90}
  service: {wrap_up: 90}
"""
"""Queues after whose calls there is time to wrap up."""


async def samples(site: Site) -> dict[str, Sample]:
    """The sample messages, by their external id."""
    registered = await register_samples(site.house.registrar, site.house.clock())
    return {str(sample.registration.external_id): sample for sample in registered}


async def call(site: Site, number: str, keys: str = "", *, withheld: bool = False) -> str:
    """A call that is in the queue; `keys` are what the caller presses when asked for several digits. Its id."""
    phone = site.house.test_phone
    turn: Turn = await phone.dial(number, withheld=withheld, service_number="+493023125000")
    for _ in range(20):
        command = turn.commands[-1]
        if command.kind == "transfer":
            return turn.call_id
        assert command.kind == "ask_digits", command
        event: Event = DigitsEntered(keys) if keys and command.max_digits > 4 else InputTimedOut()
        turn = await phone.send(turn.call_id, event)
    raise AssertionError("the flow leads to no queue")


async def of_no_router(site: Site, person: str, name: str) -> str:
    """A call rings that never reached the router."""
    await site.agents.ringing.called(name, None, person, "default")
    return name
