"""Texts of the administration's page of API keys. Every scope has words here: ``scope.NAME``."""

from __future__ import annotations

from typing import Final

TEXTS: Final[dict[str, tuple[str, str]]] = {
    "admin.keys": ("API-Schlüssel", "API keys"),
    "scope.messages:write": (
        "Nachrichten erfassen und ihren Stand melden",
        "Register messages and report their status",
    ),
    "scope.messages:read": (
        "Nachrichten mit Codes und Kundendaten lesen",
        "Read messages with codes and customer data",
    ),
    "scope.match": ("Fragen, wen man erkennen würde", "Ask whom we would recognise"),
    "scope.calls:read": ("Anrufe und Kennzahlen lesen", "Read calls and figures"),
    "scope.payments:write": ("Melden, was aus Zahlungen wurde", "Report what became of payments"),
    "scope.testphone": ("Testanrufe führen", "Place test calls"),
    "keys.explain": (
        "Mit einem Schlüssel arbeiten andere Programme mit. Jeder darf nur, was hier steht.",
        "Other programs work with keys. Each may do only what is written here.",
    ),
    "keys.name": ("Wofür", "What for"),
    "keys.name.hint": ("Ein Name, an dem Sie ihn wiedererkennen: crm", "A name to know it by: crm"),
    "keys.id": ("Beginnt mit", "Begins with"),
    "keys.scopes": ("Darf", "May"),
    "keys.created": ("Gemacht", "Made"),
    "keys.used": ("Zuletzt benutzt", "Last used"),
    "keys.unused": ("noch nie", "never yet"),
    "keys.actions": ("Was zu tun ist", "Actions"),
    "keys.none": ("Es gibt noch keinen Schlüssel.", "There is no key yet."),
    "keys.new": ("Neuer Schlüssel", "New key"),
    "keys.new.submit": ("Schlüssel machen", "Make the key"),
    "keys.made": ("Schlüssel für {name}", "Key for {name}"),
    "keys.made.hint": (
        "Er steht nur jetzt hier. Tragen Sie ihn gleich dort ein, wo er gebraucht wird.",
        "It is shown only now. Put it right where it is needed.",
    ),
    "keys.revoke": ("Zurückziehen …", "Revoke …"),
    "keys.revoke.sure": ("Ja, ab sofort wertlos", "Yes, worthless from now on"),
    "keys.revoke.of": ("Schlüssel für {name} zurückziehen", "Revoke the key for {name}"),
    "keys.revoked": ("zurückgezogen", "revoked"),
    "keys.revoked.done": ("Der Schlüssel ist zurückgezogen.", "The key is revoked."),
    "keys.wrong.name": ("Sagen Sie kurz, wofür er ist.", "Say in a few words what it is for."),
    "keys.wrong.scope": ("Wählen Sie mindestens eines.", "Choose at least one."),
}
