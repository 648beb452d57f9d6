"""What the sample messages say; `router.messages.sample` registers them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

POOL = "letters"
"""The pool of service numbers that letters come from, where the settings have it."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A message relative to the time it is registered: sent ``ago``, its offer open for ``holds`` after sending.

    ``body`` may name the end of the offer as ``{end_de}`` or ``{end_en}``.
    """

    id: str
    channel: str
    ago: timedelta
    holds: timedelta
    to: dict[str, str]
    customer: dict[str, Any]
    offer: dict[str, Any]
    body: str
    call_from: str
    shows: str
    reference: str | None = None
    campaign: str | None = None
    call_to_action: bool | None = None
    pool: str | None = None
    """The pool its number comes from, where there is such a pool."""


def _customer(key: str, name: str, language: str, *phones: str) -> dict[str, Any]:
    return {"external_id": f"sample-{key}", "name": name, "language": language, "phones": list(phones)}


def _hidden(value: str) -> dict[str, Any]:
    return {"value": value, "sensitive": True}


_ANNA = _customer("anna", "Anna Lindner", "de", "0171 39200 11", "030 23125 011")
_JONAS = _customer("jonas", "Jonas Lindner", "de", "0171 39200 12", "030 23125 011")
_EMMA = _customer("emma", "Emma Clarke", "en", "0171 39200 21")
_MERYEM = _customer("meryem", "Meryem Aydın", "de", "030 23125 031")
_OLIVER = _customer("oliver", "Oliver Grant", "en", "030 23125 041", "0171 39200 41")
_PETRA = _customer("petra", "Petra Sommer", "de", "0171 39200 51")
_LENA = _customer("lena", "Lena Vogt", "de", "0171 39200 71")
_THOMAS = _customer("thomas", "Thomas Krüger", "de", "0171 39200 61", "030 23125 061")

DRAFTS = (
    Draft(
        id="sample-anna-power",
        channel="sms",
        ago=timedelta(hours=3),
        holds=timedelta(days=5),
        to={"phone": "0171 39200 11"},
        customer=_ANNA,
        offer={
            "title": "Ökostrom Fix 24",
            "summary": "Zwei Jahre fester Preis, 60 € Bonus bei Abschluss bis zum Ende der Frist.",
            "queue": "sales",
            "skills": ["power"],
            "topic": "power",
            "url": "https://energie.example/fix24",
            "script": [
                "Der Preis bleibt zwei Jahre lang fest, auch wenn der Markt steigt.",
                "Die 60 € Bonus gibt es bei Abschluss bis zum Ende der Frist.",
                "Den Wechsel kann ich gleich für Sie veranlassen; er kostet nichts.",
            ],
            "facts": {
                "Arbeitspreis": "28,4 ct/kWh",
                "Grundpreis": "11,90 € im Monat",
                "Bonus": "60 €",
                "Verbrauch im Vorjahr": "2.840 kWh",
                "Zählernummer": _hidden("1 EBZ 0100 2041"),
            },
        },
        body=(
            "Guten Tag Frau Lindner, sichern Sie sich bis {end_de} Ökostrom zum Festpreis von 28,4 ct/kWh mit 60 € "
            "Bonus. Rufen Sie uns an: 030 23125 000."
        ),
        call_from="+491713920011",
        shows="the number the text went to: probably Anna, her offer opened",
        reference="ST-2041-11",
        campaign="Frühjahr Strom",
        call_to_action=True,
    ),
    Draft(
        id="sample-jonas-gas",
        channel="email",
        ago=timedelta(minutes=60),
        holds=timedelta(days=10),
        to={"email": "jonas.lindner@post.example"},
        customer=_JONAS,
        offer={
            "title": "Erdgas Komfort 12",
            "summary": "Wechsel vom Grundtarif, zwölf Monate Preisgarantie.",
            "queue": "sales",
            "skills": ["gas"],
            "topic": "gas",
            "url": "https://energie.example/gas12",
            "facts": {
                "Arbeitspreis": "9,8 ct/kWh",
                "Ersparnis im Jahr": "etwa 140 €",
                "Kundenkonto": _hidden("DE00 0000 0000 2041 12"),
            },
        },
        body=(
            "Guten Tag Herr Lindner,\n\nSie heizen noch im Grundtarif. Mit Erdgas Komfort 12 sparen Sie etwa 140 € im "
            "Jahr. Das Angebot gilt bis {end_de}.\n\nIhre Beispiel-Energie"
        ),
        call_from="+493023125011",
        shows="the landline Anna and Jonas share: both side by side, none opened",
        reference="GA-2041-12",
        campaign="Gaswechsel",
    ),
    Draft(
        id="sample-emma-power",
        channel="sms",
        ago=timedelta(minutes=40),
        holds=timedelta(days=3),
        to={"phone": "0171 39200 21"},
        customer=_EMMA,
        offer={
            "title": "Green Electricity 24",
            "summary": "Two years at a fixed price, no connection fee.",
            "queue": "sales",
            "skills": ["power", "english"],
            "topic": "power",
            "url": "https://energie.example/green24",
            "facts": {"Unit price": "28.4 ct/kWh", "Standing charge": "€11.90 a month", "Meter": _hidden("2041 0021")},
        },
        body=(
            "Dear Ms Clarke, fix your green electricity at 28.4 ct/kWh for two years. "
            "Until {end_en}, call 030 23125 000."
        ),
        call_from="+491713920021",
        shows="withhold the number and key in the code: from then on Emma is answered in English",
        reference="ST-2041-21",
        campaign="Frühjahr Strom",
        call_to_action=True,
    ),
    Draft(
        id="sample-meryem-instalment",
        channel="letter",
        ago=timedelta(days=4),
        holds=timedelta(days=24),
        to={},
        customer=_MERYEM,
        offer={
            "title": "Abschlag anpassen",
            "summary": "Der Verbrauch ist gesunken; der Abschlag kann von 92 € auf 74 € sinken.",
            "queue": "service",
            "skills": ["billing"],
            "facts": {
                "Abschlag bisher": "92 €",
                "Abschlag neu": "74 €",
                "IBAN": _hidden("DE00 5000 0000 0000 2041 31"),
            },
        },
        body=(
            "Sehr geehrte Frau Aydın,\n\nSie haben im letzten Jahr weniger Strom verbraucht. Wir schlagen Ihnen einen "
            "Abschlag von 74 € statt 92 € vor. Antworten Sie bis {end_de}, auch telefonisch.\n\nIhre Beispiel-Energie"
        ),
        call_from="+493023125031",
        shows="a letter of some days ago: a known number says too little then, so the flow asks; key in the code",
        reference="AB-2041-31",
        campaign="Abschläge",
        pool=POOL,
    ),
    Draft(
        id="sample-oliver-boiler",
        channel="email",
        ago=timedelta(hours=2),
        holds=timedelta(days=14),
        to={"email": "oliver.grant@mail.example"},
        customer=_OLIVER,
        offer={
            "title": "Boiler service visit",
            "summary": "The yearly service is due; three dates to choose from.",
            "queue": "service",
            "skills": ["technician", "english"],
            "facts": {"Boiler": "gas condensing, 2017", "Price": "€129", "Door code": _hidden("2041#")},
        },
        body=(
            "Dear Mr Grant,\n\nyour boiler is due for its yearly service (€129). Please call us by {end_en} to choose "
            "a date.\n\nBeispiel-Energie"
        ),
        call_from="+493023125041",
        shows="an e-mail answered from a landline that no message went to, but which is on file",
        reference="TS-2041-41",
        call_to_action=True,
    ),
    Draft(
        id="sample-petra-expired",
        channel="sms",
        ago=timedelta(hours=4),
        holds=timedelta(hours=3),
        to={"phone": "0171 39200 51"},
        customer=_PETRA,
        offer={
            "title": "Erdgas für Schnelle",
            "summary": "75 € Bonus für drei Stunden. Abgelaufen; das Folgeangebot ist Erdgas Komfort 12.",
            "queue": "sales",
            "skills": ["gas"],
            "topic": "gas",
            "facts": {"Arbeitspreis": "9,5 ct/kWh", "Bonus": "75 €"},
        },
        body="Guten Tag Frau Sommer, nur drei Stunden lang: Erdgas für 9,5 ct/kWh und 75 € Bonus. Tel. 030 23125 000.",
        call_from="+491713920051",
        shows="an offer that ended an hour ago, and the card says so; its code is taken for some time yet",
        reference="GA-2041-51",
        campaign="Gaswechsel",
        call_to_action=True,
    ),
    Draft(
        id="sample-lena-power",
        channel="sms",
        ago=timedelta(hours=5),
        holds=timedelta(days=4),
        to={"phone": "0171 39200 71"},
        customer=_LENA,
        offer={
            "title": "Ökostrom Fix 24",
            "summary": "Zwei Jahre fester Preis, 40 € Bonus.",
            "queue": "sales",
            "skills": ["power"],
            "topic": "power",
            "facts": {"Arbeitspreis": "28,4 ct/kWh", "Bonus": "40 €"},
        },
        body=(
            "Guten Tag Frau Vogt, bis {end_de}: Ökostrom für 28,4 ct/kWh, zwei Jahre fest. Angebot ST-2041-71, "
            "Tel. 030 23125 000."
        ),
        call_from="+491713920071",
        shows="power or gas? The flow asks; the last digits of the references (71, 72) tell them apart, too",
        reference="ST-2041-71",
        campaign="Frühjahr Strom",
    ),
    Draft(
        id="sample-lena-gas",
        channel="sms",
        ago=timedelta(hours=4),
        holds=timedelta(days=10),
        to={"phone": "0171 39200 71"},
        customer=_LENA,
        offer={
            "title": "Erdgas Komfort 12",
            "summary": "Zwölf Monate Preisgarantie.",
            "queue": "service",
            "skills": ["gas"],
            "topic": "gas",
            "facts": {"Arbeitspreis": "9,8 ct/kWh"},
        },
        body=(
            "Guten Tag Frau Vogt, mit Erdgas Komfort 12 steht Ihr Gaspreis zwölf Monate fest. Angebot GA-2041-72, gilt "
            "bis {end_de}. Tel. 030 23125 000."
        ),
        call_from="+491713920071",
        shows="the text about gas to the same customer",
        reference="GA-2041-72",
        campaign="Gaswechsel",
    ),
    Draft(
        id="sample-thomas-power",
        channel="letter",
        ago=timedelta(days=4),
        holds=timedelta(days=12),
        to={},
        customer=_THOMAS,
        offer={
            "title": "Ökostrom Fix 24",
            "summary": "Zwei Jahre fester Preis.",
            "queue": "sales",
            "skills": ["power"],
            "topic": "power",
            "facts": {"Arbeitspreis": "28,4 ct/kWh", "Grundpreis": "11,90 € im Monat"},
        },
        body=(
            "Sehr geehrter Herr Krüger,\n\nIhr Vertrag endet bald. Bis {end_de} sichern Sie sich Ökostrom zum "
            "Festpreis von 28,4 ct/kWh.\n\nIhre Beispiel-Energie"
        ),
        call_from="+493023125061",
        shows="a customer with two messages: the later one leads, the letter stands beside it",
        reference="ST-2041-61",
        campaign="Frühjahr Strom",
    ),
    Draft(
        id="sample-thomas-reminder",
        channel="call",
        ago=timedelta(hours=14),
        holds=timedelta(days=3),
        to={"phone": "030 23125 061"},
        customer=_THOMAS,
        offer={
            "title": "Ökostrom Fix 24, Erinnerung",
            "summary": "Wie im Brief, dazu jetzt 40 € Bonus.",
            "queue": "sales",
            "skills": ["power"],
            "topic": "power",
            "facts": {"Arbeitspreis": "28,4 ct/kWh", "Bonus": "40 €"},
        },
        body="Ansage auf dem Anrufbeantworter: Das Angebot aus dem Brief gilt noch bis {end_de}, jetzt mit 40 € Bonus.",
        call_from="+493023125061",
        shows="the recorded call that followed the letter",
        reference="ST-2041-62",
        campaign="Frühjahr Strom",
        call_to_action=True,
    ),
)
