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
    "callbacks.state.open": ("offen", "open"),
    "callbacks.state.dialling": ("wird angerufen", "being called"),
    "callbacks.state.failed": ("nicht erreicht", "not reached"),
    "callbacks.attempts": ("Anrufe bisher: {n}", "calls so far: {n}"),
    "callbacks.next": ("wieder ab", "again from"),
    "callbacks.result.dialled": ("Kunde angewählt", "customer dialled"),
    "callbacks.result.busy": ("besetzt", "busy"),
    "callbacks.result.no_answer": ("nicht abgehoben", "no answer"),
    "callbacks.result.failed": ("nicht zu erreichen", "could not be reached"),
    "callbacks.result.cancelled": ("Agent hat aufgelegt", "agent hung up"),
    "callbacks.result.nobody": ("kein Agent hat abgehoben", "no agent answered"),
    "callbacks.result.unknown": ("Ausgang unbekannt", "not known how it went"),
    "callbacks.result.not_allowed": ("Nummer nicht erlaubt", "number not allowed"),
    "callbacks.result.too_late": ("gewünschte Zeit vorbei", "time wished for is past"),
    "callbacks.result.called": ("hat selbst angerufen", "called again"),
    "callbacks.state.done": ("erledigt", "done"),
    "callbacks.state.dropped": ("verworfen", "dropped"),
    "callbacks.done": ("Erledigt", "Done"),
    "callbacks.done.of": ("Erledigt: {number}", "Done: {number}"),
    "callbacks.dropped": ("Verwerfen", "Drop"),
    "callbacks.dropped.of": ("Verwerfen: {number}", "Drop: {number}"),
    "card.callback": ("Rückruf.", "Callback."),
    "card.callback.waiting": (
        "Wenn Sie abheben, rufen wir den Kunden an.",
        "When you pick up, we call the customer.",
    ),
    "card.callback.dialled": (
        "Wir rufen den Kunden an; abgehoben hat er noch nicht.",
        "We are calling the customer, who has not picked up yet.",
    ),
    "card.callback.test": (
        "Aus einem Testanruf: Niemand wird angerufen, Sie hören niemanden.",
        "From a test call: nobody is called, and you will hear nobody.",
    ),
    "card.callback.answered": ("Der Kunde hat abgehoben.", "The customer picked up."),
    "card.callback.busy": ("Beim Kunden ist besetzt.", "The customer's line is busy."),
    "card.callback.no_answer": ("Der Kunde hat nicht abgehoben.", "The customer did not pick up."),
    "card.callback.failed": ("Der Kunde war nicht zu erreichen.", "The customer could not be reached."),
    "card.callback.cancelled": (
        "Sie haben aufgelegt, bevor der Kunde abhob.",
        "You hung up before the customer answered.",
    ),
    "card.callback.again": ("Nächster Versuch um", "The next try is at"),
    "desk.js.gone.callback_busy": (
        "Rückruf: Beim Kunden ist besetzt. Wir versuchen es später wieder oder machen eine Aufgabe daraus.",
        "Callback: the customer's line is busy. We try again later, or make it work to be done.",
    ),
    "desk.js.gone.callback_no_answer": (
        "Rückruf: Der Kunde hat nicht abgehoben. Wir versuchen es später wieder oder machen eine Aufgabe daraus.",
        "Callback: the customer did not pick up. We try again later, or make it work to be done.",
    ),
    "desk.js.gone.callback_failed": (
        "Rückruf: Der Kunde war nicht zu erreichen. Wir versuchen es später wieder oder machen eine Aufgabe daraus.",
        "Callback: the customer could not be reached. We try again later, or make it work to be done.",
    ),
    "callbacks.open": ("Zurücknehmen", "Take back"),
    "callbacks.open.of": ("Zurücknehmen: {number}", "Take back: {number}"),
}
