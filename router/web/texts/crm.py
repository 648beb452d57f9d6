"""Texts of the way from a card to the company's own CRM."""

from __future__ import annotations

from typing import Final

TEXTS: Final[dict[str, tuple[str, str]]] = {
    "card.crm": ("Im CRM öffnen", "Open in the CRM"),
    "keys.crm": ("Im CRM öffnen", "Open in the CRM"),
}
