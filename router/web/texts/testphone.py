"""Texts of the test phone."""

from __future__ import annotations

from typing import Final

TEXTS: Final[dict[str, tuple[str, str]]] = {
    "phone.title": ("Testtelefon", "Test phone"),
    "phone.explain": (
        "Ruft die Servicenummer an wie ein Kunde: durch denselben Ablauf, dieselbe Zuordnung, denselben Arbeitsplatz.",
        "Calls the service number as a customer would: the same flow, the same matching, the same desk.",
    ),
    "phone.from": ("Rufnummer des Anrufers", "Caller's number"),
    "phone.from.hint": ("In jeder Schreibweise, zum Beispiel 030/1234567.", "In any spelling, such as 030/1234567."),
    "phone.withheld": ("Rufnummer unterdrücken", "Withhold the number"),
    "phone.to": ("Servicenummer", "Service number"),
    "phone.at": ("Zeitpunkt des Anrufs", "Time of the call"),
    "phone.at.hint": (
        "Leer heißt jetzt. Außerhalb üblicher Bürozeiten steht hier der nächste Werktag, damit jemand abnimmt.",
        "Empty means now. Outside usual office hours it is the next working day, so that somebody answers.",
    ),
    "phone.dial": ("Anrufen", "Dial"),
    "phone.hang_up": ("Auflegen", "Hang up"),
    "phone.keypad": ("Tastenfeld", "Keypad"),
    "phone.keypad.hint": (
        "Ziffern, * und # auch über die Tastatur; Eingabetaste schickt die Ziffern ab.",
        "Digits, * and # on your keyboard too; Enter sends the digits.",
    ),
    "phone.digits": ("Eingegeben", "Keyed in"),
    "phone.no_input": ("Nichts drücken", "Press nothing"),
    "phone.say": ("Was der Anrufer sagt", "What the caller says"),
    "phone.say.send": ("Sagen", "Say"),
    "phone.speak": ("Ansagen vorlesen", "Read prompts aloud"),
    "phone.heard": ("Was der Anrufer hört", "What the caller hears"),
    "phone.trace": ("Was der Ablauf getan hat", "What the flow did"),
    "phone.trace.empty": ("Noch nichts.", "Nothing yet."),
    "phone.step": ("Schritt", "Step"),
    "phone.js.state.idle": ("Aufgelegt", "On hook"),
    "phone.js.state.dialling": ("Wählt …", "Dialling …"),
    "phone.js.state.flow": ("Verbunden", "Connected"),
    "phone.js.state.queue": ("In der Warteschlange", "Waiting in the queue"),
    "phone.js.state.talking": ("Im Gespräch mit einem Agenten", "Talking to an agent"),
    "phone.js.state.ended": ("Gespräch beendet", "Call ended"),
    "phone.js.wants.key": ("Erwartet eine Taste", "Expects one key"),
    "phone.js.wants.digits": ("Erwartet bis zu {n} Ziffern", "Expects up to {n} digits"),
    "phone.js.wants.recording": (
        "Nimmt eine Nachricht auf: tippen Sie, was der Anrufer sagt",
        "Records a message: type what the caller says",
    ),
    "phone.js.wants.queue": ("Wartet auf einen Agenten in „{queue}“", "Waits for an agent in “{queue}”"),
    "phone.js.wants.nothing": ("Kein Gespräch", "No call"),
    "phone.js.caller": ("Anrufer", "Caller"),
    "phone.js.whisper": ("Nur der Agent hört: {text}", "Only the agent hears: {text}"),
    "phone.js.said": ("sagt: {text}", "says: {text}"),
    "phone.js.pressed": ("drückt {digits}", "presses {digits}"),
    "phone.js.silent": ("drückt nichts", "presses nothing"),
    "phone.js.text_message": ("Textnachricht, die niemand bekommt:", "Text message, sent to nobody:"),
    "phone.js.hung_up": ("Der Anrufer hat aufgelegt.", "The caller hung up."),
    "phone.js.system_hung_up": ("Das Gespräch wurde von uns beendet.", "We ended the call."),
    "phone.js.wrong.from": (
        "Das ist keine Telefonnummer. Schreiben Sie sie vollständig, zum Beispiel 030 23125 011 oder +49 30 23125 011.",
        "This is not a telephone number. Write it in full, such as 030 23125 011 or +49 30 23125 011.",
    ),
    "phone.js.wrong.at": (
        "Der Zeitpunkt liegt mehr als ein Jahr entfernt. Wählen Sie einen näheren.",
        "The time is more than a year away. Choose a nearer one.",
    ),
    "phone.js.wrong.draft": (
        "Im Entwurf ist noch ein Problem: So kann ihn niemand anrufen.",
        "The draft still has a problem: nobody can call it like this.",
    ),
    "phone.js.failed": (
        "Das Testtelefon erreicht den Router nicht. Versuchen Sie es noch einmal.",
        "The test phone cannot reach the router. Try again.",
    ),
}
