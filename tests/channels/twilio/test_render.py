"""TwiML documents, to the letter, and against twilio's own builder."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from twilio.twiml.voice_response import Dial, Gather, VoiceResponse  # type: ignore[import-untyped]

from router.channels.twilio.destinations import Destinations, PhoneNumber, SipAddress, TwilioQueue
from router.channels.twilio.render import Line, document, way_out
from router.channels.twilio.twiml import EMPTY
from router.core.commands import AskDigits, ChannelCommand, Hangup, Prompt, RecordMessage, Say, Transfer
from router.core.events import WITHHELD, Caller
from router.core.hearing import Expected, Listening

VOICE = "https://calls.example.net/channels/twilio/voice"
WHISPER = "https://calls.example.net/channels/twilio/whisper"
KNOWN = Caller("+4930231250011")
SERVICE_NUMBER = "+4930231250000"
TAKEN_TO = Destinations(
    {
        "sales": PhoneNumber("+4930555010"),
        "service": SipAddress("sip:service@pbx.example.net;transport=tls?X-Line=1&X-Two=2"),
        "back": TwilioQueue("Back <office>"),
    }
)
HELLO, BYE = Prompt("Guten Tag & <willkommen>", "de"), Prompt("Goodbye.", "en", recording="goodbye")
HEAD = '<?xml version="1.0" encoding="UTF-8"?>'
NUMBER, SPELT = Listening(Expected.DIGITS, 4, 14), Listening(Expected.CHARACTERS, 4, 14)
GERMAN_DIGITS = "null, eins, zwei, zwo, drei, vier, fünf, sechs, sieben, acht, neun, doppel"
ENGLISH_DIGITS = "zero, oh, one, two, three, four, five, six, seven, eight, nine, double"
HEADERS = f"&amp;X-Threadline-Call={'c' * 32}&amp;User-to-User={'c' * 32}%3Bencoding%3Dhex"
SAID = '<Say language="de-DE" voice="Polly.Vicki">Guten Tag &amp; &lt;willkommen&gt;</Say>'


def line(caller: Caller = KNOWN, service_number: str | None = SERVICE_NUMBER, language: str = "de") -> Line:
    return Line(VOICE, WHISPER, "c" * 32, 7, language, caller, service_number)


def action(wait: str) -> str:
    return f"{VOICE}?call={'c' * 32}&amp;seq=7&amp;for={wait}"


@pytest.mark.parametrize(
    ("commands", "expected"),
    [
        ((), "<Response/>"),
        (
            (Say((HELLO, BYE)), Hangup()),
            f'<Response>{SAID}<Say language="en-GB" voice="Polly.Amy">Goodbye.</Say><Hangup/></Response>',
        ),
        (
            (AskDigits((HELLO,), 10, 6, 4.2, speech=True, listening=NUMBER),),
            f'<Response><Gather input="dtmf speech" action="{action("ask")}" method="POST" actionOnEmptyResult="true" '
            f'timeout="6" finishOnKey="#" numDigits="10" language="de-DE" speechTimeout="2" '
            f'speechModel="experimental_conversations" hints="{GERMAN_DIGITS}" profanityFilter="false">{SAID}</Gather>'
            f'<Redirect method="POST">{action("ask")}</Redirect></Response>',
        ),
        (
            (AskDigits((), 1, 4, 6.5),),
            f'<Response><Gather input="dtmf" action="{action("ask")}" method="POST" actionOnEmptyResult="true" '
            f'timeout="7" finishOnKey="#" numDigits="1"/>'
            f'<Redirect method="POST">{action("ask")}</Redirect></Response>',
        ),
        (
            (RecordMessage((HELLO,), 120, 5),),
            f'<Response>{SAID}<Record action="{action("record")}" method="POST" maxLength="120" timeout="5" '
            f'finishOnKey="#" playBeep="true"/><Redirect method="POST">{action("record")}</Redirect></Response>',
        ),
        (
            (Say((HELLO,)), Transfer("unnamed", 600)),
            f'<Response>{SAID}<Enqueue action="{action("transfer")}" method="POST">unnamed</Enqueue></Response>',
        ),
        (
            (Transfer("back", 600),),
            f'<Response><Enqueue action="{action("transfer")}" method="POST">Back &lt;office&gt;</Enqueue></Response>',
        ),
        (
            (Transfer("sales", 3600),),
            f'<Response><Dial action="{action("transfer")}" method="POST" answerOnBridge="true" timeout="600">'
            f"<Number>+4930555010</Number></Dial></Response>",
        ),
        (
            (Transfer("service", 20),),
            f'<Response><Dial action="{action("transfer")}" method="POST" answerOnBridge="true" timeout="20">'
            f"<Sip>sip:service@pbx.example.net;transport=tls?X-Line=1&amp;X-Two=2{HEADERS}</Sip></Dial></Response>",
        ),
        (
            (Transfer("sales", 20, 5, ("gas",), HELLO),),
            f'<Response><Dial action="{action("transfer")}" method="POST" answerOnBridge="true" timeout="20">'
            f'<Number url="{WHISPER}?call={"c" * 32}&amp;seq=7">+4930555010</Number></Dial></Response>',
        ),
        (
            (Transfer("service", 20, whisper=HELLO),),
            f'<Response><Dial action="{action("transfer")}" method="POST" answerOnBridge="true" timeout="20">'
            f'<Sip url="{WHISPER}?call={"c" * 32}&amp;seq=7">'
            f"sip:service@pbx.example.net;transport=tls?X-Line=1&amp;X-Two=2{HEADERS}</Sip></Dial></Response>",
        ),
        (
            (Transfer("back", 600, whisper=HELLO),),  # an agent who takes callers out of Twilio's queue hears nothing
            f'<Response><Enqueue action="{action("transfer")}" method="POST">Back &lt;office&gt;</Enqueue></Response>',
        ),
    ],
)
def test_document(commands: tuple[ChannelCommand, ...], expected: str) -> None:
    assert document(commands, line(), TAKEN_TO) == HEAD + expected


def test_the_same_as_twilios_builder_makes() -> None:
    said = {"language": "de-DE", "voice": "Polly.Vicki"}
    built = VoiceResponse()
    built.say("Guten Tag & <willkommen>", **said)
    dial = Dial(
        action=action("transfer").replace("&amp;", "&"),
        method="POST",
        answer_on_bridge=True,
        timeout=20,
        caller_id=SERVICE_NUMBER,
    )
    headers = f"&X-Threadline-Call={'c' * 32}&User-to-User={'c' * 32}%3Bencoding%3Dhex"
    dial.sip(f"sip:service@pbx.example.net;transport=tls?X-Line=1&X-Two=2{headers}")
    built.append(dial)
    ours = document((Say((HELLO,)), Transfer("service", 20)), line(WITHHELD), TAKEN_TO)
    assert ElementTree.canonicalize(ours) == ElementTree.canonicalize(str(built))

    built = VoiceResponse()
    gather = Gather(
        input="dtmf speech",
        action=action("ask").replace("&amp;", "&"),
        method="POST",
        action_on_empty_result=True,
        timeout=6,
        speech_timeout=1,
        speech_model="experimental_utterances",
        hints='ja, nein, "Ökostrom" & Gas',
        profanity_filter=False,
        finish_on_key="#",
        num_digits=1,
        language="de-DE",
    )
    gather.say("Guten Tag & <willkommen>", **said)
    built.append(gather)
    built.redirect(action("ask").replace("&amp;", "&"), method="POST")
    choice = Listening(words=("ja", "nein", '"Ökostrom" & Gas'))
    ours = document((AskDigits((HELLO,), 1, 6, 4, speech=True, listening=choice),), line(), TAKEN_TO)
    assert ElementTree.canonicalize(ours) == ElementTree.canonicalize(str(built))


ENGLISH = Prompt("Your number, please.", "en")


@pytest.mark.parametrize(
    ("prompts", "listening", "told"),
    [
        ((HELLO,), NUMBER, ("de-DE", "experimental_conversations", "2", GERMAN_DIGITS)),
        ((ENGLISH,), NUMBER, ("en-GB", "experimental_conversations", "2", ENGLISH_DIGITS)),
        ((HELLO,), SPELT, ("de-DE", "experimental_conversations", "2", GERMAN_DIGITS)),
        ((), NUMBER, ("de-DE", "experimental_conversations", "2", GERMAN_DIGITS)),  # the call's language
        ((HELLO, ENGLISH), NUMBER, ("de-DE", "experimental_conversations", "2", GERMAN_DIGITS)),
        ((Prompt("Podaj numer.", "pl"),), NUMBER, (None, None, "2", None)),  # as the account is set up
        ((HELLO,), Listening(), ("de-DE", "experimental_utterances", "1", None)),
        ((HELLO,), Listening(words=("ja", "nein", "ja")), ("de-DE", "experimental_utterances", "1", "ja, nein")),
        # What Twilio would refuse as a hint (its warning 13330) is none.
        (
            (HELLO,),
            Listening(words=("Strom, Gas", "  viel   Platz ", ",", "x" * 101)),
            ("de-DE", "experimental_utterances", "1", "Strom Gas, viel Platz"),
        ),
        (
            (HELLO,),
            Listening(words=tuple(f"wort{n}" for n in range(600))),
            ("de-DE", "experimental_utterances", "1", ", ".join(f"wort{n}" for n in range(500))),
        ),
    ],
)
def test_what_twilio_listens_for(
    prompts: tuple[Prompt, ...], listening: Listening, told: tuple[str | None, str | None, str, str | None]
) -> None:
    made = ElementTree.fromstring(
        document((AskDigits(prompts, 10, 6, 4, speech=True, listening=listening),), line(), TAKEN_TO)
    )
    gather = made[0]
    assert tuple(gather.get(name) for name in ("language", "speechModel", "speechTimeout", "hints")) == told
    assert gather.get("profanityFilter") == "false"


def test_where_only_keys_are_asked_for_nobody_listens() -> None:
    made = ElementTree.fromstring(document((AskDigits((HELLO,), 10, 6, 4, listening=NUMBER),), line(), TAKEN_TO))
    told = made[0].attrib
    assert told["input"] == "dtmf"
    assert not {"language", "speechModel", "speechTimeout", "hints", "profanityFilter"} & set(told)


@pytest.mark.parametrize(
    ("caller", "service_number", "shown"),
    [
        (KNOWN, SERVICE_NUMBER, None),
        (WITHHELD, SERVICE_NUMBER, SERVICE_NUMBER),
        (Caller(), SERVICE_NUMBER, SERVICE_NUMBER),
        (WITHHELD, "sip:hotline@example.net", None),
        (WITHHELD, None, None),
    ],
)
def test_number_shown_to_the_agent(caller: Caller, service_number: str | None, shown: str | None) -> None:
    made = ElementTree.fromstring(document((Transfer("sales", 60),), line(caller, service_number), TAKEN_TO))
    assert made[0].get("callerId") == shown


def test_characters_that_xml_has_not_become_spaces() -> None:
    odd = Prompt("a\x00b\x1b\ud800\uffff \U0001f600\t]]>", "de")
    made = document((Say((odd, Prompt("  ", "de"))), Hangup()), line(), TAKEN_TO)
    (said,) = ElementTree.fromstring(made.encode()).iter("Say")
    assert said.text == "a b    \U0001f600\t]]>"


def test_a_language_without_a_voice_of_ours_is_left_to_the_account() -> None:
    made = document((Say((Prompt("Dzień dobry", "pl"),)), Hangup()), line(), TAKEN_TO)
    assert made == f"{HEAD}<Response><Say>Dzień dobry</Say><Hangup/></Response>"


@pytest.mark.parametrize(
    ("queue", "expected"),
    [
        ("default", "<Enqueue>default</Enqueue>"),
        (
            "sales",
            '<Dial answerOnBridge="true" timeout="600" callerId="+4930231250000"><Number>+4930555010</Number></Dial>',
        ),
    ],
)
def test_the_way_out_leads_to_people_and_never_back_to_us(queue: str, expected: str) -> None:
    assert way_out(TAKEN_TO[queue], WITHHELD, SERVICE_NUMBER) == f"{HEAD}<Response>{expected}</Response>"


def test_empty_is_a_document() -> None:
    assert len(ElementTree.fromstring(EMPTY)) == 0
