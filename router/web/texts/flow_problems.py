"""What is wrong with a flow, in German: checking says it in English, in sentences with names in them. What is not here
is shown in English."""

from __future__ import annotations

import re
from typing import Final

_SENTENCES: Final = (
    (r"anchors and aliases \(& and \*\) are not used in flows; write it out",
     r"Anker und Verweise (& und *) gibt es in Abläufen nicht; schreiben Sie es aus"),
    (r"tags \(!\) are not used in flows; take it out, or put the text in quotes",
     r"Tags (!) gibt es in Abläufen nicht; nehmen Sie es heraus, oder setzen Sie den Text in Anführungszeichen"),
    (r"no step '(.*)'", r"es gibt keinen Schritt '\1'"),
    (r"no field '(.*)'", r"es gibt kein Feld '\1'"),
    (r"no prompt '(.*)'", r"es gibt keine Ansage '\1'"),
    (r"no hours '(.*)'", r"es gibt keine Zeiten '\1'"),
    (r"no shared hours '(.*)'", r"es gibt keine gemeinsamen Zeiten '\1'"),
    (r"no flow '(.*)'", r"es gibt keinen Ablauf '\1'"),
    (r"no variable '(.*)'", r"es gibt keine Variable '\1'"),
    (r"no variable '(.*)'; if it is a text, put it in quotes: '(.*)'",
     r"es gibt keine Variable '\1'; ist es ein Text, setzen Sie ihn in Anführungszeichen: '\2'"),
    (r"no format '(.*)'", r"es gibt kein Format '\1'"),
    (r"no function '(.*)'", r"es gibt keine Funktion '\1'"),
    (r"no step type '(.*)'", r"es gibt keine Art von Schritt '\1'"),
    (r"no queue '(.*)' in THREADLINE_QUEUES or shared/",
     r"es gibt keine Warteschlange '\1' in THREADLINE_QUEUES oder shared/"),
    (r"no webhook '(.*)' in THREADLINE_WEBHOOKS", r"es gibt keinen Webhook '\1' in THREADLINE_WEBHOOKS"),
    (r"no step collects '(.*)'", r"kein Schritt fragt '\1' ab"),
    (r"no step notes '(.*)'", r"kein Schritt hält '\1' fest"),
    (r"no key chooses (?:the topic )?'(.*)'", r"keine Taste wählt '\1'"),
    (r"'(.*)' has no field '(.*)'", r"'\1' hat kein Feld '\2'"),
    (r"'(.*)' is missing", r"'\1' fehlt"),
    (r"'type' is missing: what kind of step is this\?", r"'type' fehlt: Was für ein Schritt ist das?"),
    (r"the flow has no language '(.*)'", r"der Ablauf hat keine Sprache '\1'"),
    (r"pages are not there in '(.*)'", r"die Seiten gibt es nicht in '\1'"),
    (r"no text in '(.*)', which the flow speaks", r"es fehlt der Text in '\1', das der Ablauf spricht"),
    (r"the shared prompt '(.*)' has no text in '(.*)'", r"die gemeinsame Ansage '\1' hat keinen Text in '\2'"),
    (r"no label in '(.*)': who reads pages in it sees another language, or the bare name",
     r"es fehlt die Bezeichnung in '\1': Wer die Seiten so liest, sieht eine andere Sprache oder den bloßen Namen"),
    (r"a name is expected here: small letters, digits and _, beginning with a letter",
     r"hier steht ein Name: kleine Buchstaben, Ziffern und _, am Anfang ein Buchstabe"),
    (r"'(.*)' may be read as another number; write its digits alone, without 0 in front",
     r"'\1' könnte als andere Zahl gelesen werden; schreiben Sie nur die Ziffern, ohne 0 davor"),
    (r"at most (\S+) is expected here", r"hier steht höchstens \1"),
    (r"at least (\S+) is expected here", r"hier steht mindestens \1"),
    (r"at least (\S+) must stand here", r"hier müssen mindestens \1 stehen"),
    (r"(?:nothing stands here; )?a whole number is expected here", r"hier steht eine ganze Zahl"),
    (r"a number is expected here", r"hier steht eine Zahl"),
    (r"true or false is expected here", r"hier steht true oder false"),
    (r"(?:nothing stands here; )?text is expected here", r"hier steht ein Text"),
    (r"(?:nothing stands here; )?fields are expected here, each as 'name: value'",
     r"hier stehen Felder, jedes als 'Name: Wert'"),
    (r"(?:nothing stands here; )?words in each language, such as \{de: Guten Tag\.\}, or the name of a prompt are "
     r"expected here",
     r"hier stehen Worte in jeder Sprache, etwa {de: Guten Tag.}, oder der Name einer Ansage"),
    (r"one key is expected here: 0-9 or \*", r"hier steht eine Taste: 0-9 oder *"),
    (r"this should be (.*)", r"hier passt nur \1"),
    (r"'(.*)' is not a span such as 08:00-18:00", r"'\1' ist keine Zeitspanne wie 08:00-18:00"),
    (r"'(.*)' is not a day or days such as mon or mon-fri", r"'\1' sind keine Tage wie mon oder mon-fri"),
    (r"'(.*)' is not a date such as 2026-12-24, or 2026-12-24\.\.2027-01-01",
     r"'\1' ist kein Datum wie 2026-12-24 oder 2026-12-24..2027-01-01"),
    (r"'(.*)' is not a time zone such as Europe/Berlin", r"'\1' ist keine Zeitzone wie Europe/Berlin"),
    (r"'(.*)' is not a country or region with known holidays, such as DE-BY",
     r"'\1' ist kein Land und keine Region mit bekannten Feiertagen, wie DE-BY"),
    (r"(.*) and (.*) overlap", r"\1 und \2 überschneiden sich"),
    (r"no way leads to step '(.*)'; lead one to it, or take it out",
     r"kein Weg führt zum Schritt '\1'; führen Sie einen hin, oder nehmen Sie ihn heraus"),
    (r"'(.*)' is personal and could be said to anybody here; say it after 'verified' of a verify step or a branch on "
     r"match\.assurance >= 3, or leave it out",
     r"'\1' ist persönlich und könnte hier jedem gesagt werden; sagen Sie es nach 'verified' eines Schritts verify "
     r"oder nach einer Verzweigung auf match.assurance >= 3, oder lassen Sie es weg"),
    (r"never waits for the caller: (.*); put a question, or a branch on (\S+), into it",
     r"wartet nie auf den Anrufer: \1; setzen Sie eine Frage hinein, oder eine Verzweigung auf \2"),
    (r"the caller has hung up before step '(.*)': nobody hears it",
     r"vor dem Schritt '\1' hat der Anrufer aufgelegt: Niemand hört ihn"),
    (r"from here no way leads to a person, and whatever goes wrong in a call ends here; add a transfer",
     r"von hier führt kein Weg zu einem Menschen, und hier endet, was in einem Anruf schiefgeht; fügen Sie einen "
     r"transfer an"),
    (r"no flow uses (?:this prompt|this queue|these hours) \('(.*)'\)", r"kein Ablauf benutzt '\1'"),
    (r"no file (\S+) in the folder of recordings; the text is spoken instead",
     r"es gibt keine Datei \1 im Ordner der Aufnahmen; statt dessen wird der Text gesprochen"),
    (r"nothing is said where '(.*)' is not known; give it a default: \?\? '(.*)'",
     r"ist '\1' nicht bekannt, wird nichts gesagt; geben Sie einen Ersatz an: ?? '\2'"),
    (r"nobody is set up to send text messages, so the step goes its way for that; see (\S+)",
     r"es ist kein Versand von Textnachrichten eingerichtet, also geht der Schritt den Weg dafür; siehe \1"),
    (r"nobody hears callers speak, so they use keys; see (\S+)",
     r"niemand hört Anrufern zu, also nehmen sie die Tasten; siehe \1"),
    (r"'(.*)' is an answer already; take another key, such as '(.*)'",
     r"'\1' ist schon eine Antwort; nehmen Sie eine andere Taste, etwa '\2'"),
    (r"'(.*)' is not in the skill_set of '(.*)': it does not count",
     r"'\1' ist nicht im skill_set von '\2': Es zählt nicht"),
    (r"leads from '(.*)' to '(.*)'; name another queue",
     r"führt von '\1' nach '\2'; nennen Sie eine andere Warteschlange"),
    (r"'(.*)' stands here a second time \(first in line (\d+)\)",
     r"'\1' steht hier zum zweiten Mal (zuerst in Zeile \2)"),
    (r"'(.*)' stands here already", r"'\1' steht hier schon"),
    (r"'(.*)' stands in another shared file, too", r"'\1' steht auch in einer anderen gemeinsamen Datei"),
    (r"'(.*)' is a flow '(.*)' already", r"'\1' ist schon ein Ablauf '\2'"),
    (r"'(.*)' compares values of different kinds: .*",
     r"'\1' vergleicht Werte verschiedener Art; int(…) macht aus einem Text eine Zahl, string(…) aus einer Zahl einen "
     r"Text"),
    (r"gives .*, and true or false is needed: .*",
     r"ergibt keine Bedingung; vergleichen Sie es mit etwas, etwa match.assurance >= 2"),
    (r"ends too early: something is missing behind it", r"endet zu früh: Dahinter fehlt etwas"),
    (r"a tab stands here; indent with spaces", r"hier steht ein Tabulator; rücken Sie mit Leerzeichen ein"),
    (r"the '(.*)' that is opened here is not closed: a '(.*)' or a '(.*)' is missing before line (\d+)",
     r"das '\1', das hier beginnt, ist nicht geschlossen: Vor Zeile \4 fehlt '\2' oder '\3'"),
    (r"a ':' too many, or lines not indented alike; text with ': ' in it needs quotes",
     r"ein ':' zu viel, oder ungleich eingerückte Zeilen; Text mit ': ' darin braucht Anführungszeichen"),
    (r"text cannot begin with '(.*)'; put it in quotes",
     r"ein Text kann nicht mit '\1' beginnen; setzen Sie ihn in Anführungszeichen"),
    (r"the quote that is opened here is not closed", r"das Anführungszeichen, das hier beginnt, ist nicht geschlossen"),
    (r"a character stands here that cannot be seen \((.*)\); delete it",
     r"hier steht ein unsichtbares Zeichen (\1); löschen Sie es"),
    (r"the file is empty", r"die Datei ist leer"),
    (r"is not UTF-8 text; save it as UTF-8", r"ist kein Text in UTF-8; speichern Sie ihn als UTF-8"),
)  # fmt: skip
_GERMAN: Final = tuple((re.compile(sentence, re.DOTALL), german) for sentence, german in _SENTENCES)
_HINTS: Final = (
    (re.compile(r"; did you mean '(.*)'\?"), r"; meinten Sie '\1'?"),
    (re.compile(r"; there is no skill_set"), r"; es gibt kein skill_set"),
    (re.compile(r"; there is: (.*)", re.DOTALL), r"; es gibt: \1"),
    (re.compile(r" \(given: (.*)\); put it in quotes", re.DOTALL),
     r" (da steht: \1); setzen Sie es in Anführungszeichen"),
    (re.compile(r" \(given: (.*)\)", re.DOTALL), r" (da steht: \1)"),
)  # fmt: skip
"""What may follow a sentence."""


def problem_in(language: str, message: str) -> tuple[str, str]:
    """A problem's text and the language it is in: the one asked for where there are words for it, else English."""
    german = _in_german(message) if language == "de" else None
    return (german, "de") if german is not None else (message, "en")


def _in_german(message: str) -> str | None:
    for sentence, german in _GERMAN:
        if found := sentence.fullmatch(message):
            return found.expand(german)
    for hint, german in _HINTS:
        begin = hint.search(message)
        if begin and begin.end() == len(message) and (said := _in_german(message[: begin.start()])) is not None:
            return said + begin.expand(german)
    return None
