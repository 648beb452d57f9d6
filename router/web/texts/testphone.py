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
        "Leer heißt jetzt.",
        "Empty means now.",
    ),
    "phone.js.opening.pretended": (
        "Es ist {now}, und es ist geschlossen. Für diesen Anruf gelten die Öffnungszeiten, als wäre es {time}; alles "
        "andere geschieht jetzt.",
        "It is {now}, and the office is closed. For this call the opening hours go as if it were {time}; all else "
        "happens now.",
    ),
    "phone.js.opening.closed": (
        "Es ist {now}, und es ist geschlossen. Dieser Anruf geht den Weg der Anrufe außerhalb der Öffnungszeiten.",
        "It is {now}, and the office is closed. This call goes the way of calls outside opening hours.",
    ),
    "phone.js.opening.real": ("Wirkliche Zeit nehmen", "Use the real time"),
    "phone.js.opening.pretend": ("So tun, als wäre es {time}", "Pretend it is {time}"),
    "phone.js.wrong.hours_at": (
        "Diese Öffnungszeiten liegen mehr als ein Jahr entfernt. Nehmen Sie die wirkliche Zeit.",
        "These opening hours are more than a year away. Use the real time.",
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
    "phone.talk": ("Sprechen", "Speak"),
    "phone.talk.level": ("Lautstärke am Mikrofon", "Level of the microphone"),
    "phone.talk.none": (
        "Zum Sprechen ist keine Spracherkennung eingerichtet. Tippen Sie, was der Anrufer sagt.",
        "No speech recogniser is set up, so nobody would listen. Type what the caller says.",
    ),
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
    "phone.js.wants.speech": (", auch gesprochen", ", spoken too"),
    "phone.js.wants.recording": (
        "Nimmt eine Nachricht auf: tippen Sie, was der Anrufer sagt",
        "Records a message: type what the caller says",
    ),
    "phone.js.wants.queue": ("Wartet auf einen Agenten in „{queue}“", "Waits for an agent in “{queue}”"),
    "phone.js.wants.nothing": ("Kein Gespräch", "No call"),
    "phone.js.caller": ("Anrufer", "Caller"),
    "phone.js.whisper": ("Nur der Agent hört: {text}", "Only the agent hears: {text}"),
    "phone.js.said": ("sagt: {text}", "says: {text}"),
    "phone.js.talk.start": ("Sprechen", "Speak"),
    "phone.js.talk.stop": ("Fertig", "Done"),
    "phone.js.talk.asking": (
        "Der Browser fragt, ob er das Mikrofon benutzen darf. Bitte erlauben Sie es.",
        "Your browser asks whether it may use the microphone. Please allow it.",
    ),
    "phone.js.talk.recording": (
        "Sprechen Sie jetzt. Eine Pause beendet die Antwort.",
        "Speak now. A pause ends the answer.",
    ),
    "phone.js.talk.working": ("Die Spracherkennung arbeitet …", "The recogniser is at work …"),
    "phone.js.talk.refused": (
        "Der Browser darf das Mikrofon nicht benutzen. Erlauben Sie es in seinen Einstellungen für diese Seite.",
        "Your browser may not use the microphone. Allow it in its settings for this page.",
    ),
    "phone.js.talk.missing": (
        "Es ist kein Mikrofon da. Schließen Sie eines an, oder tippen Sie.",
        "There is no microphone. Connect one, or type.",
    ),
    "phone.js.talk.insecure": (
        "Browser lassen das Mikrofon nur auf Seiten zu, die über https oder auf demselben Rechner laufen.",
        "Browsers allow the microphone only on pages that come by https or from the same machine.",
    ),
    "phone.js.talk.broken": (
        "Das Mikrofon liefert keinen Ton. Versuchen Sie es noch einmal, oder tippen Sie.",
        "The microphone gives no sound. Try again, or type.",
    ),
    "phone.js.talk.silence": ("Es war nichts zu hören.", "Nothing was heard."),
    "phone.js.talk.unheard": ("sagt nichts, was zu verstehen ist", "says nothing that is understood"),
    "phone.js.talk.lost": (
        "spricht, aber die Spracherkennung antwortet nicht: weiter mit Tasten",
        "speaks, but the recogniser does not answer: on with keys",
    ),
    "phone.js.talk.heard_by": ("Verstanden von {recogniser}:", "Understood by {recogniser}:"),
    "phone.js.percent": ("{n} %", "{n}%"),
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
    "phone.js.wrong.sound": (
        "Diese Aufnahme ist zu kurz, um etwas zu verstehen. Versuchen Sie es noch einmal.",
        "This recording is too short to understand anything. Try again.",
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
