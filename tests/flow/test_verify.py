"""``verify``: the code goes to the number on file, and whoever reads it out is proved."""

from __future__ import annotations

import pytest

from router.core.assurance import Assurance
from router.core.commands import AskDigits, CheckCode, SendCode, Transfer
from router.core.events import (
    CodeChecked,
    CodeSent,
    DigitsEntered,
    Event,
    InputTimedOut,
    SpeechHeard,
    Unsent,
)
from router.core.match import NO_MATCH, Match
from router.flow.problems import FlowRefused
from tests.talk import FOUND, PROVED, Talk

FLOW = """
version: 1
name: proving
languages: [de]
start: find
steps:
  find: {type: match, sure: prove, likely: prove, unclear: prove, none: prove}
  prove:
    type: verify
    text: {de: Der Code bitte.}
    message: {de: "Ihr Code ist {{ code }}."}
    invalid: {de: Das war er nicht.}
    digits: 6
    minutes: 5
    verified: proved
    failed: failed
    unavailable: unavailable
  proved: {type: transfer, queue: proved}
  failed: {type: transfer, queue: failed}
  unavailable: {type: transfer, queue: unavailable}
"""


def proving(match: Match = FOUND, **over: str) -> Talk:
    flow = FLOW
    for old, new in over.items():
        flow = flow.replace(old, new)
    return Talk(flow, match=match)


def asked(talk: Talk) -> bool:
    return isinstance(talk.last, AskDigits)


def test_the_right_code_proves_the_caller() -> None:
    talk = proving()
    assert talk.last == SendCode("Ihr Code ist {code}.", 6, 300)
    talk.tell(CodeSent())
    assert talk.heard == ["Der Code bitte."] and talk.then(AskDigits).max_digits == 6
    assert talk.tell(DigitsEntered("483920")) == CheckCode("483920")
    talk.tell(CodeChecked(right=True))
    assert talk.step == "proved"
    assert talk.session.match is not None and talk.session.match.assurance is Assurance.L3
    assert "483920" not in str(talk.notes), "a code is never in the trace"


def test_a_code_may_be_spoken() -> None:
    talk = proving()
    talk.tell(CodeSent())
    assert talk.tell(SpeechHeard("vier acht drei, 9 20")) == CheckCode("483920")


def test_wrong_codes_are_asked_for_again_until_the_tries_are_used_up() -> None:
    talk = proving()
    talk.tell(CodeSent())
    for _ in range(2):
        talk.tell(DigitsEntered("111111"))
        talk.tell(CodeChecked(right=False))
        assert talk.heard == ["Das war er nicht.", "Der Code bitte."]
    talk.tell(DigitsEntered("111111"))
    talk.tell(CodeChecked(right=False))
    assert talk.step == "failed"
    assert talk.session.match is not None and talk.session.match.assurance is Assurance.L1


@pytest.mark.parametrize("event", [InputTimedOut(), DigitsEntered(""), DigitsEntered("123"), SpeechHeard("hm")])
def test_silence_and_half_a_code_are_asked_for_again_and_end_somewhere(event: Event) -> None:
    talk = proving()
    talk.tell(CodeSent())
    talk.tell(event)
    assert asked(talk) and talk.heard[-1] == "Der Code bitte."
    talk.tell(event)
    assert asked(talk)
    talk.tell(event)
    assert talk.step == "failed"


def test_a_key_has_another_code_sent_and_not_without_end() -> None:
    talk = proving()
    talk.tell(CodeSent())
    assert isinstance(talk.tell(DigitsEntered("*")), SendCode)
    talk.tell(CodeSent(Unsent.TOO_MANY))
    assert asked(talk), "the first code still counts"
    talk.tell(DigitsEntered("*"))
    talk.then(SendCode)
    talk.tell(CodeSent())
    talk.tell(DigitsEntered("*"))
    assert talk.step == "failed"


@pytest.mark.parametrize("reason", list(Unsent))
def test_where_no_code_can_be_sent_the_flow_says_what_then(reason: Unsent) -> None:
    talk = proving()
    talk.tell(CodeSent(reason))
    assert talk.step == "unavailable" and f"no code sent: {reason.value}" in talk.notes


def test_a_match_that_names_nobody_gets_no_code() -> None:
    assert proving(NO_MATCH).step == "unavailable"


def test_whoever_is_proved_already_is_not_asked() -> None:
    assert proving(PROVED).step == "proved"


def test_ways_left_out_lead_to_a_person() -> None:
    talk = Talk(
        """
version: 1
name: short
languages: [de]
start: find
steps:
  find: {type: match, sure: prove, likely: prove, unclear: prove, none: prove}
  prove: {type: verify, text: {de: Code?}, message: {de: "{{code}}"}}
""",
        match=FOUND,
    )
    talk.tell(CodeSent(Unsent.NO_PROVIDER))
    assert talk.step == "human" and talk.last == Transfer("default", 600)


@pytest.mark.parametrize(("prompt", "problems"), [("Ihr Code kommt.", 1), ("Ihr Code: {{ code }}", 0)])
def test_a_message_under_a_prompts_name_has_a_place_for_the_code(prompt: str, problems: int) -> None:
    flow = FLOW.replace('{de: "Ihr Code ist {{ code }}."}', "sent") + f'prompts: {{sent: {{de: "{prompt}"}}}}\n'
    if problems:
        with pytest.raises(FlowRefused, match="the prompt 'sent' has no {{ code }}"):
            Talk(flow)
    else:
        assert Talk(flow, match=FOUND).then(SendCode).text == "Ihr Code: {code}"


def test_every_language_of_the_message_has_a_place_for_the_code() -> None:
    with pytest.raises(FlowRefused) as refused:
        Talk(FLOW.replace("{{ code }}", "unterwegs"))
    assert "has no {{ code }}" in str(refused.value.problems[0])


def test_a_code_that_guessers_would_find_is_refused() -> None:
    with pytest.raises(FlowRefused, match="at least 6 is expected here"):
        Talk(FLOW.replace("digits: 6", "digits: 5"), match=FOUND)
