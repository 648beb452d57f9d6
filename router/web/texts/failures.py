"""Why a text message or an e-mail was not delivered, by the provider's code or by what is stored."""

from __future__ import annotations

import re
from typing import Final

TEXTS: Final[dict[str, tuple[str, str]]] = {
    "failure.twilio": ("Twilio meldet {code}", "Twilio reports {code}"),
    "failure.mail": ("Mailserver meldet {code}", "the mail server reports {code}"),
    "failure.twilio.20003": ("Konto oder Zugangsschlüssel stimmt nicht", "account or auth token is wrong"),
    "failure.twilio.21211": ("keine gültige Nummer", "no valid number"),
    "failure.twilio.21265": ("keine gültige Nummer", "no valid number"),
    "failure.twilio.21408": ("das Konto darf in dieses Land nichts senden", "the account may not send to that country"),
    "failure.twilio.21606": ("der Absender kann dorthin nichts senden", "the sender cannot send text messages there"),
    "failure.twilio.21610": ("der Empfänger will keine Nachrichten", "the receiver wants none"),
    "failure.twilio.21612": ("von diesem Absender nicht erreichbar", "cannot be reached from this sender"),
    "failure.twilio.21614": ("keine Mobilnummer", "no mobile number"),
    "failure.twilio.21617": ("zu lang", "too long"),
    "failure.twilio.21659": ("der Absender gehört nicht zum Konto", "the sender is not the account's"),
    "failure.twilio.30003": ("das Telefon ist aus oder nicht erreichbar", "telephone is off or out of reach"),
    "failure.twilio.30004": ("der Empfänger nimmt nichts von uns an", "blocked by the receiver"),
    "failure.twilio.30005": ("die Nummer ist nicht vergeben", "number is not in use"),
    "failure.twilio.30006": (
        "Festnetz, oder das Netz ist nicht erreichbar",
        "landline, or the network cannot be reached",
    ),
    "failure.twilio.30007": ("das Netz hält es für unerwünscht", "held back by the network as unwanted"),
    "failure.twilio.30008": ("im Netz gescheitert", "failed in the network"),
    "failure.twilio.30032": (
        "der Absender ist für dieses Land nicht registriert",
        "the sender is not registered for that country",
    ),
    "failure.twilio.30034": ("der Absender ist nicht registriert", "the sender is not registered"),
    "failure.mail.421": ("der Mailserver nimmt gerade nichts an", "the mail server does not take any now"),
    "failure.mail.450": ("das Postfach ist gerade belegt", "the mailbox is busy"),
    "failure.mail.451": ("der Mailserver konnte es gerade nicht", "the mail server could not do it now"),
    "failure.mail.452": ("der Mailserver hat keinen Platz", "the mail server has no room now"),
    "failure.mail.530": ("der Mailserver verlangt eine Anmeldung", "the mail server wants somebody to sign in"),
    "failure.mail.535": (
        "die Anmeldung am Mailserver stimmt nicht",
        "user name or password for the mail server is wrong",
    ),
    "failure.mail.550": (
        "dieses Postfach gibt es nicht, oder es nimmt von uns nichts an",
        "there is no such mailbox, or it takes no mail from us",
    ),
    "failure.mail.551": ("das Postfach ist anderswo", "the mailbox is elsewhere"),
    "failure.mail.552": ("das Postfach ist voll", "the mailbox is full"),
    "failure.mail.553": ("diese Adresse ist nicht zugelassen", "the address is not allowed"),
    "failure.mail.554": ("die E-Mail wurde abgelehnt", "the e-mail was refused"),
    "failure.said.nothing to send": ("es gibt nichts mehr zu senden", "nothing to send"),
    "failure.said.not sent in time": ("konnte nicht rechtzeitig gesendet werden", "not sent in time"),
    "failure.said.tried too often": ("zu oft vergeblich versucht", "tried too often"),
    "failure.said.nobody is set up to send e-mails": (
        "für E-Mails ist kein Versand eingerichtet",
        "nobody is set up to send e-mails",
    ),
    "failure.said.nobody is set up to send text messages": (
        "für Textnachrichten ist kein Versand eingerichtet",
        "nobody is set up to send text messages",
    ),
    "failure.said.the address or the subject cannot stand in an e-mail": (
        "Adresse oder Betreff passt in keine E-Mail",
        "the address or the subject cannot stand in an e-mail",
    ),
    "failure.said.the mail server cannot be reached": (
        "der Mailserver ist nicht erreichbar",
        "the mail server cannot be reached",
    ),
    "failure.said.Twilio cannot be reached": ("Twilio ist nicht erreichbar", "Twilio cannot be reached"),
    "failure.said.no answer of Twilio": ("Twilio antwortet nicht", "Twilio does not answer"),
    "failure.said.Twilio's answer is not understood": (
        "die Antwort von Twilio ist nicht zu verstehen",
        "Twilio's answer is not understood",
    ),
    "failure.said.Twilio gives no reason": ("Twilio nennt keinen Grund", "Twilio gives no reason"),
    "failure.other": ("der Versand ist gescheitert", "sending failed"),
}

_PROVIDER: Final = re.compile(r"(Twilio|mail server|Twilio answers) ([0-9]{1,6})(: .*)?")
_PROVIDERS: Final = {"Twilio": "twilio", "Twilio answers": "twilio", "mail server": "mail"}


def failure_key(reason: str) -> tuple[str, str | None]:
    """The key of the text for a stored reason (`router.messages.texting.Rejected`), and the provider's code, to be
    shown beside it or in it."""
    if found := _PROVIDER.fullmatch(reason):
        provider, code = _PROVIDERS[found[1]], found[2]
        known = f"failure.{provider}.{code}"
        return (known if known in TEXTS else f"failure.{provider}"), code
    known = f"failure.said.{reason.partition(': ')[0]}"
    return (known if known in TEXTS else "failure.other"), None
