"""What providers answer reads in the agent's language, with their code beside it."""

from __future__ import annotations

import pytest

from router.channels.twilio import texts as twilio
from router.messages import mailing
from router.web.pages import failure_name
from router.web.texts import ALL, Texts


def test_every_code_that_has_english_words_has_german_ones() -> None:
    assert {f"failure.twilio.{code}" for code in twilio._WORDS} | {
        f"failure.mail.{code}" for code in mailing._WORDS
    } <= set(ALL)


@pytest.mark.parametrize(
    ("reason", "german", "english"),
    [
        (twilio.in_words(21614), "keine Mobilnummer; 21614", "no mobile number; 21614"),
        (twilio.in_words(12345), "Twilio meldet 12345", "Twilio reports 12345"),
        (twilio.in_words(None, 503), "Twilio meldet 503", "Twilio reports 503"),
        ("mail server 552: the mailbox is full", "das Postfach ist voll; 552", "the mailbox is full; 552"),
        ("mail server 599", "Mailserver meldet 599", "the mail server reports 599"),
        (
            "the mail server cannot be reached: OSError",
            "der Mailserver ist nicht erreichbar",
            "the mail server cannot be reached",
        ),
        ("failed: KeyError", "der Versand ist gescheitert", "sending failed"),
    ],
)
def test_a_reason_has_words_in_both_languages(reason: str, german: str, english: str) -> None:
    assert (failure_name(Texts("de"), reason), failure_name(Texts("en"), reason)) == (german, english)
