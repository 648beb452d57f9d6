"""Calls of the sample's customers, as the desk may show them: what pictures and checks of whole pages are made from."""

from __future__ import annotations

from router.calls.turns import Turn
from router.core.events import DigitsEntered, Event, InputTimedOut
from router.messages.sample import Sample, register_samples
from tests.desk.site import Site

ANNA, FAMILY, THOMAS, UNKNOWN = "+491713920011", "+493023125011", "+493023125061", "+493023125099"
_TALKS = """
    service_level: {percent: 80, seconds: 20}
    wrap_up: 90
    dispositions:
      - code: sold
        label: {de: Abschluss, en: Sold}
        fields:
          - {name: contract, label: {de: Vertragsnummer, en: Contract number}, required: true}
      - {code: thinks, label: {de: Überlegt noch, en: Thinks it over}, follow_up: true}
      - {code: no_interest, label: {de: Kein Interesse, en: Not interested}}
"""
QUEUES = f"""version: 1
queues:
  default:
    label: {{de: Zentrale, en: Front desk}}{_TALKS}
  sales:
    label: {{de: Vertrieb, en: Sales}}{_TALKS}
  service:
    label: {{de: Kundendienst, en: Service}}{_TALKS}
texts:
  summary:
    label: {{de: Angebot noch einmal, en: The offer once more}}
    text:
      de: "Ihr Angebot {{{{ offer.title ?? '' }}}}: {{{{ offer.summary ?? '' }}}}"
      en: "Your offer {{{{ offer.title ?? '' }}}}: {{{{ offer.summary ?? '' }}}}"
"""
"""Queues after whose calls there is time to wrap up, and something to say of them; and a text to send."""


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
