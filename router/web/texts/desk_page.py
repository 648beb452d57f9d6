"""Texts of what the desk's page does by itself: keys, sound, notifications."""

from __future__ import annotations

from typing import Final

TEXTS: Final[dict[str, tuple[str, str]]] = {
    "desk.choices": ("Einstellungen dieser Seite", "Settings of this page"),
    "desk.help": ("Tasten", "Keys"),
    "desk.sound": ("Klingelton", "Ring sound"),
    "desk.sound.trial": ("Anhören", "Listen"),
    "desk.sound.silent": (
        "Noch stumm: Klicken Sie einmal auf die Seite.",
        "Silent so far: click on the page once.",
    ),
    "desk.volume": ("Lautstärke", "Volume"),
    "desk.notices": ("Benachrichtigungen", "Notifications"),
    "desk.notices.ask": ("Benachrichtigungen einschalten …", "Turn on notifications …"),
    "desk.notices.refused": (
        "Benachrichtigungen sind im Browser ausgeschaltet.",
        "Notifications are turned off in the browser.",
    ),
    "keys.close": ("Schließen", "Close"),
    "keys.hint": (
        "Einzelne Buchstaben und Ziffern wirken nicht, während Sie schreiben, und lassen sich unten auf der Seite"
        " ausschalten.",
        "Single letters and digits do nothing while you type, and can be turned off at the foot of the page.",
    ),
    "keys.state": ("Mein Zustand", "My state"),
    "keys.ready": ("Bereit", "Ready"),
    "keys.pause": ("Pause mit dem gewählten Grund", "Pause for the chosen reason"),
    "keys.off": ("Feierabend", "Off duty"),
    "keys.call": ("Anrufe", "Calls"),
    "keys.answer": (
        "Den Anruf annehmen, der am längsten klingelt (Testtelefon)",
        "Answer the call that has rung longest (test phone)",
    ),
    "keys.finish": ("Gespräch beenden (Testtelefon)", "End the call (test phone)"),
    "keys.next_call": ("Nachbearbeitung beenden, nächster Anruf", "End the wrap-up, next call"),
    "keys.next": ("Zum nächsten Anruf", "To the next call"),
    "keys.calls": ("Von Anruf zu Anruf", "From call to call"),
    "keys.match": ("Zuordnung", "Match"),
    "keys.right": ("Die Nachricht stimmt", "It is the right message"),
    "keys.other": ("Nicht diese Nachricht", "Not this message"),
    "keys.this": ("Diese andere Nachricht ist es", "It is this other message"),
    "keys.none": ("Keine davon", "None of these"),
    "keys.undo": ("Zurücknehmen", "Undo"),
    "keys.alternatives": ("Von einer anderen Nachricht zur nächsten", "From one of the other messages to the next"),
    "keys.page": ("Seite", "Page"),
    "keys.help": ("Diese Liste", "This list"),
    "keys.tab": ("Zum nächsten Feld oder Knopf", "To the next field or button"),
    "keys.escape": ("Diese Liste schließen", "Close this list"),
}
