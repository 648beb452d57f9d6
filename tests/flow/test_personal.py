"""Nothing personal below L3: found before a call, and held in it whatever was found."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from router.core.assurance import Assurance
from router.core.commands import AskDigits, CheckCode, FindMatches, Prompt, Say, SendCode
from router.core.events import Caller, CallStarted, CodeChecked, CodeSent, DigitsEntered, Event, MatchesFound
from router.core.match import About, Candidate, Decision, Match
from router.engine.session import Session
from router.engine.step import start, step
from router.flow.files import check, check_files, kept_files
from router.flow.personal import proved_steps
from router.flow.problems import FlowRefused

NOW = datetime(2026, 6, 20, 10, tzinfo=UTC)
SURE = Match(Decision.SURE, Assurance.L2, 0.01, (Candidate("m1", 0.99, ()),))
ABOUT = About(
    {"title": "Sommer-Angebot", "valid_until": "2026-06-30T23:59:59+02:00", "facts": {"price": 9.5}},
    {"name": "Erika Muster"},
)

HEAD = """
version: 1
name: small
languages: [de]
start: find
hours: {office: {timezone: Europe/Berlin, weekly: {mon-fri: ["08:00-18:00"]}}}
prompts:
  offer: {de: "Guten Tag {{ customer.name ?? 'zusammen' }}. Es geht um {{ offer.title }} bis {{ offer.valid_until }}."}
steps:
  find: {type: match, sure: SURE, likely: bye, unclear: bye, none: bye}
  bye: {type: hangup}
"""


def flow_of(steps: str, sure: str = "split") -> str:
    return HEAD.replace("SURE", sure) + steps


SPLIT = """
  split:
    type: branch
    cases: [{if: "CONDITION", next: tell}]
    otherwise: bye
  tell: {type: say, text: offer, next: bye}
"""
VERIFIED = """
  split:
    type: verify
    text: {de: Ihr Code?}
    message: {de: "Ihr Code: {{ code }} für {{ offer.title ?? 'uns' }}"}
    verified: tell
    failed: bye
    unavailable: bye
  tell: {type: say, text: offer, next: bye}
"""


def problems(source: str) -> list[tuple[int, str]]:
    try:
        check(source, "small.yaml")
    except FlowRefused as refused:
        return [(each.line, each.code) for each in refused.problems if not each.warning]
    return []


@pytest.mark.parametrize("steps", [SPLIT.replace("CONDITION", "match.assurance >= 3 && offer.known"), VERIFIED])
def test_behind_a_proof_personal_things_may_be_said(steps: str) -> None:
    assert problems(flow_of(steps)) == []


@pytest.mark.parametrize(
    "steps",
    [
        SPLIT.replace("CONDITION", "match.assurance >= 2"),
        SPLIT.replace("otherwise: bye", "otherwise: tell").replace("CONDITION", "match.assurance >= 3"),
        VERIFIED.replace("failed: bye", "failed: tell"),
        VERIFIED.replace("unavailable: bye", "unavailable: tell"),
    ],
)
def test_a_way_without_a_proof_is_found(steps: str) -> None:
    line = next(number for number, line in enumerate(flow_of(steps).splitlines(), 1) if "  tell:" in line)
    assert set(problems(flow_of(steps))) == {(line, "personal-data")}


def test_a_match_begins_again_from_nothing() -> None:
    again = VERIFIED.replace("verified: tell", "verified: again")
    again += "  again: {type: match, sure: tell, likely: bye, unclear: bye, none: bye}\n"
    assert [code for _, code in problems(flow_of(again))] == ["personal-data"] * 3


def test_where_the_caller_is_proved_is_worked_out_over_loops() -> None:
    looped = VERIFIED.replace("text: offer, next: bye", "text: {de: Ja.}, next: again")
    looped += '  again: {type: menu, text: {de: Noch einmal?}, options: {"1": {next: tell}}, otherwise: again}\n'
    flow = check(flow_of(looped), "small.yaml")
    assert proved_steps(flow) == {"tell", "again"}


NOTED = """
  split: {type: set, values: {greeting: "'Hallo ' + customer.name", copy: vars.greeting, day: time.date}, next: tell}
  tell: {type: say, text: {de: "Guten Tag. TEXT"}, next: bye}
"""


@pytest.mark.parametrize(("said", "wrong"), [("vars.greeting", True), ("vars.copy", True), ("vars.day", False)])
def test_what_is_noted_of_something_personal_is_personal(said: str, wrong: bool) -> None:
    found = problems(flow_of(NOTED.replace("TEXT", f"{{{{ {said} }}}}.")))
    assert [code for _, code in found] == ["personal-data"] * wrong


def test_what_another_flow_notes_counts_too() -> None:
    first = flow_of("  split: {type: set, values: {who: customer.name}, next: on}\n  on: {type: go_to, flow: second}\n")
    second = (
        "version: 1\nname: second\nlanguages: [de]\nstart: tell\n"
        'steps:\n  tell: {type: say, text: {de: "Hallo. {{ vars.who }}."}, next: bye}\n  bye: {type: hangup}\n'
    )
    with pytest.raises(FlowRefused) as refused:
        check_files({"first.yaml": first, "second.yaml": second})
    assert [(each.file, each.line, each.column, each.code) for each in refused.value.problems] == [
        ("second.yaml", 6, 40, "personal-data")
    ]


# -- in a call ----------------------------------------------------------------------------------------------------


def call(source: str, match: Match, *answers: Event) -> tuple[Session, list[Prompt]]:
    flow = kept_files({"small.yaml": source}).flows["small"]
    began = CallStarted("test", Caller("+493023125011"), None)
    session, commands = step(flow, start("c", flow, began), began, NOW)
    heard: list[Prompt] = []
    for answer in (MatchesFound(match, ABOUT), *answers):
        assert not session.ended
        session, commands = step(flow, session, answer, NOW)
        heard += [prompt for each in commands if isinstance(each, Say | AskDigits) for prompt in each.prompts]
    return session, heard


def test_a_caller_who_is_not_proved_hears_nothing_personal_whatever_was_checked() -> None:
    _, heard = call(flow_of("  split: {type: say, text: offer, next: bye}\n"), SURE)
    assert [prompt.text for prompt in heard] == ["Guten Tag zusammen."]


def test_a_proved_caller_hears_the_offer() -> None:
    _, heard = call(flow_of("  split: {type: say, text: offer, next: bye}\n"), replace(SURE, assurance=Assurance.L3))
    said = "Guten Tag Erika Muster. Es geht um Sommer-Angebot bis dreißigsten Juni 2026."
    assert heard == [Prompt(said, "de", once=True)]


def test_what_was_noted_is_held_back_as_well() -> None:
    source = flow_of(NOTED.replace("TEXT", "{{ vars.copy ?? 'Wie geht es?' }} {{ vars.day }}."))
    _, heard = call(source, SURE)
    assert [prompt.text for prompt in heard] == ["Guten Tag. Wie geht es? zwanzigsten Juni 2026."]


def test_the_right_code_lets_the_offer_be_said() -> None:
    session, heard = call(flow_of(VERIFIED), SURE, CodeSent(), DigitsEntered("123456"), CodeChecked(True))
    assert "Sommer-Angebot" in heard[-1].text
    assert session.about is None
    assert session.values == {}


def test_a_message_to_the_number_on_file_may_be_personal() -> None:
    flow = check(flow_of(VERIFIED), "small.yaml")
    began = CallStarted("test", Caller("+493023125011"), None)
    session, commands = step(flow, start("c", flow, began), began, NOW)
    assert isinstance(commands[0], FindMatches)
    assert commands[0].details, "what the message says is asked for"
    _, commands = step(flow, session, MatchesFound(SURE, ABOUT), NOW)
    assert isinstance(commands[0], SendCode)
    assert commands[0].text == "Ihr Code: {code} für Sommer-Angebot"
    assert isinstance(CheckCode("1"), CheckCode)


def test_a_prompt_of_which_nothing_is_known_is_left_out() -> None:
    source = flow_of('  split: {type: menu, text: {de: "{{ customer.name }}!"}, options: {"1": {next: bye}}}\n')
    session, heard = call(source, SURE)
    assert heard == []
    assert session.waiting is not None, "the caller is asked all the same"


@pytest.mark.parametrize(
    ("steps", "details"),
    [
        ("  split: {type: say, text: {de: Der offer.title}, next: bye}\n", False),
        ("  split: {type: say, text: offer, next: bye}\n", True),
        ("  split: {type: branch, cases: [{if: offer.known, next: bye}]}\n", True),
        ("  split: {type: branch, cases: [{if: match.queue == 'offer.x', next: bye}]}\n", False),
    ],
)
def test_a_match_brings_the_offer_only_where_the_flow_speaks_of_it(steps: str, details: bool) -> None:
    assert kept_files({"small.yaml": flow_of(steps)}).flows["small"].details is details


def test_what_goes_to_a_caller_who_has_hung_up_is_not_behind_a_proof() -> None:
    sends = "  tell: {type: send_message, text: {de: \"Zu {{ offer.title ?? 'uns' }}\"}, next: bye}\n"
    steps = VERIFIED.replace("  tell: {type: say, text: offer, next: bye}\n", sends)
    assert problems(flow_of(steps)) == []
    left = flow_of(steps).replace("start: find", "start: find\nhung_up: tell")
    assert [code for _, code in problems(left)] == ["personal-data"]
    on_file = left.replace("type: send_message,", "type: send_message, to: customer,")
    assert problems(on_file) == []


def test_what_was_noted_of_one_customer_is_not_told_to_another_who_is_proved() -> None:
    note = """
  note: {type: set, values: {what: offer.title, channel_was: channel}, next: again}
  again: {type: match, sure: tell, likely: bye, unclear: bye, none: bye}
  tell: {type: say, text: {de: "{{ vars.what ?? 'nichts' }} {{ vars.channel_was }}"}, next: ask}
  ask: {type: menu, text: {de: Noch etwas?}, options: {"1": {next: bye}}}
"""
    other = Match(Decision.SURE, Assurance.L3, 0.01, (Candidate("m2", 0.99, ()),))
    flow = kept_files({"small.yaml": flow_of(note, sure="note")}).flows["small"]
    for second, heard in ((other, "nichts test"), (replace(SURE, assurance=Assurance.L3), "Sommer-Angebot test")):
        event = CallStarted("test", Caller("+493023125011"), None)
        session, _ = step(flow, start("c", flow, event), event, NOW)
        session, _ = step(flow, session, MatchesFound(SURE, ABOUT), NOW)
        session, commands = step(flow, session, MatchesFound(second, None), NOW)
        asked = commands[-1]
        assert isinstance(asked, AskDigits)
        assert asked.prompts[0].text == heard
