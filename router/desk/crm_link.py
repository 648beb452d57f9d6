"""Where a card leads in the company's own CRM: the setting `crm_card_url`, filled in for one card. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final
from urllib.parse import quote

from router.desk.card import Card

_VARIABLE: Final = re.compile(r"\{\{\s*([a-z._]+)\s*\}\}")


def filled(template: str | None, value_of: Callable[[str], str | None]) -> str | None:
    """The address with each value percent-encoded; None without a template, or where a value is missing or cannot be
    part of an address. Nothing in a value ends up anywhere but where its variable stands."""
    if template is None:
        return None
    missing = False

    def put(found: re.Match[str]) -> str:
        nonlocal missing
        value = value_of(found[1]) or ""
        # Browsers take these for a step up the path, however they are encoded (WHATWG, URL standard: path state).
        missing = missing or not value.strip() or value in (".", "..")
        return quote(value, safe="")

    address = _VARIABLE.sub(put, template)
    return None if missing else address


def link_of(template: str | None, card: Card, login: str) -> str | None:
    """The address for a card; only what the card shows the agent may be in it."""
    return filled(template, partial(_value, card, login))


def _value(card: Card, login: str, name: str) -> str | None:
    match name:
        case "customer.external_id":
            return card.who.external_id if card.who else None
        case "message.external_id":
            return card.message.external_id if card.message else None
        case "message.reference":
            return card.message.reference if card.message else None
        case "call.id":
            return card.call_id
        case "queue":
            return card.queue
        case "agent.login":
            return login
        case _:
            return None


@dataclass(frozen=True, slots=True)
class CrmPage:
    """The CRM's page for each card, where there is one: ``template`` is the setting; with ``opens`` it opens by itself
    when the talk begins."""

    template: str | None = None
    opens: bool = False

    def of(self, login: str) -> Callable[[Card], str | None]:
        """What gives the address for each card of the agent with this login."""
        return lambda card: link_of(self.template, card, login)


NO_CRM: Final = CrmPage()
