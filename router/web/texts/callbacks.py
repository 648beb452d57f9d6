"""Texts of the administration's page of callbacks."""

from __future__ import annotations

from typing import Final

TEXTS: Final[dict[str, tuple[str, str]]] = {
    "admin.callbacks": ("Rückrufe", "Callbacks"),
    "callbacks.explain": (
        "Wer zurückgerufen werden möchte, in der Reihenfolge der Plätze. Höherer Vorrang kommt zuerst.",
        "Who is to be called back, in the order of their places. Higher priority comes first.",
    ),
    "callbacks.none": ("Niemand wartet auf einen Rückruf.", "Nobody waits to be called back."),
    "callbacks.more": ("Gezeigt werden die ersten {n}.", "The first {n} are shown."),
    "callbacks.missed": (
        "Daran hat inzwischen jemand anderes etwas geändert. So ist der Stand jetzt.",
        "Somebody else has changed that meanwhile. This is how it stands now.",
    ),
    "callbacks.place": ("Platz seit", "Place since"),
    "callbacks.number": ("Rufnummer", "Number"),
    "callbacks.wish": ("Gewünschte Zeit", "Time wished for"),
    "callbacks.message": ("Nachricht", "Message"),
    "callbacks.queue": ("Warteschlange", "Queue"),
    "callbacks.priority": ("Vorrang", "Priority"),
    "callbacks.state": ("Stand", "State"),
    "callbacks.actions": ("Was zu tun ist", "Actions"),
    "callbacks.soon": ("so bald wie möglich", "as soon as possible"),
    "callbacks.past": ("vorbei", "past"),
    "callbacks.test": ("Testanruf", "test call"),
    "callbacks.settled": ("Zuletzt abgeschlossen", "Settled lately"),
    "callbacks.state.done": ("erledigt", "done"),
    "callbacks.state.dropped": ("verworfen", "dropped"),
    "callbacks.done": ("Erledigt", "Done"),
    "callbacks.done.of": ("Erledigt: {number}", "Done: {number}"),
    "callbacks.dropped": ("Verwerfen", "Drop"),
    "callbacks.dropped.of": ("Verwerfen: {number}", "Drop: {number}"),
    "callbacks.open": ("Zurücknehmen", "Take back"),
    "callbacks.open.of": ("Zurücknehmen: {number}", "Take back: {number}"),
}
