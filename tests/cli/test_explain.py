"""Explaining a match so that a manager understands it."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import log
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console
from typer.testing import CliRunner, Result

from router import cli
from router.cli.explain import Explained, chance, factor, percent, show
from router.core.assurance import Assurance
from router.core.match import Candidate, Decision, Evidence, EvidenceKind, Match, Question, QuestionKind
from router.matching.parameters import DEFAULT

PROJECT = Path(__file__).parents[2]
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
AGE = Evidence(EvidenceKind.TIMING, -log(999), "Sent 3 hours ago as a text message.")
NUMBER = Evidence(EvidenceKind.RECIPIENT_NUMBER, log(9000), "The call comes from the number the message was sent to.")
SHARED = Evidence(EvidenceKind.SHARED_NUMBER, -log(3), "2 customers share it.")
CODE = Evidence(EvidenceKind.CALLBACK_CODE, log(1e9), "The callback code of the message was keyed in.")


def candidate(message_id: str, probability: float, *evidence: Evidence) -> Candidate:
    return Candidate(message_id, probability, (*evidence, AGE), offer_title=f"Offer [b]{message_id}")


def match(decision: Decision, assurance: Assurance, *candidates: Candidate, **more: Any) -> Match:
    none = 1 - sum(each.probability for each in candidates)
    return Match(decision, assurance, none, candidates, **more)


LIKELY = match(Decision.LIKELY, Assurance.L1, candidate("m1", 0.75, NUMBER, SHARED))


def told(found: Match, **changes: Any) -> str:
    message = SimpleNamespace(channel="letter", sent_at=NOW - timedelta(days=3), offer={})
    messages = {each.message_id: message for each in found.candidates}
    explained = Explained(found, messages, NOW, DEFAULT, "normal", asks=True)
    out = io.StringIO()
    show(replace(explained, **changes), Console(file=out, width=150, markup=False, highlight=False, emoji=False))
    return out.getvalue()


def test_the_evidence_adds_up_from_all_calls_to_the_chance() -> None:
    lines = told(LIKELY).splitlines()
    assert re.fullmatch(r"1\. Offer \[b\]m1 · letter of 2026-11-19 \d\d:00, 3 days before the call · 75.0 %", lines[0])
    steps = [" ".join(line.split()) for line in lines[1:5]]
    assert steps == [
        "one in 1,000 of all calls are about this message now. Sent 3 hours ago as a text message.",
        "×9,000 likelier → 90.0 % The call comes from the number the message was sent to.",
        "÷3 less likely → 75.0 % 2 customers share it.",
        "= 75.0 % against none of the messages.",
    ]
    assert "None of the messages: 25.0 %" in lines


@pytest.mark.parametrize(
    ("found", "says"),
    [
        (LIKELY, "Decision: likely, not sure: a caller number alone says who is calling, not about what."),
        (
            match(Decision.LIKELY, Assurance.L2, candidate("m1", 0.9, CODE)),
            "Decision: likely, not sure: that takes 99.5 %.",
        ),
        (
            match(Decision.SURE, Assurance.L3, candidate("m1", 0.999, CODE, NUMBER)),
            "Decision: sure. It takes 99.5 %, and more than a caller number.",
        ),
        (
            match(Decision.UNCLEAR, Assurance.L0, candidate("m1", 0.5, NUMBER), candidate("m2", 0.3, NUMBER)),
            "Decision: unclear: no message reaches the 60.0 % from which one is named.",
        ),
        (
            match(Decision.UNCLEAR, Assurance.L0, candidate("m1", 0.65, NUMBER), candidate("m2", 0.3, NUMBER)),
            "Decision: unclear: the first is not 2.5 times likelier than the second",
        ),
        (
            match(Decision.NONE, Assurance.L0),
            "Decision: none: nobody would be recognised, nothing ties the call to a message.",
        ),
    ],
)
def test_the_decision_is_told_with_its_reason(found: Match, says: str) -> None:
    assert says in told(found)


def test_what_would_be_asked_seen_and_said_follows() -> None:
    asked = replace(LIKELY, question=Question(QuestionKind.LAST_DIGITS, 3))
    shown = told(asked)
    assert "Next question: the last 3 digits of the reference (3 keys)." in shown
    assert 'The agent sees (assurance L1): message and offer, with "probably"' in shown
    assert "The IVR may say: nothing personal" in shown
    assert "The agent sees (assurance L1): the number dialled and its campaign" in told(asked, policy="strict")
    settled = told(match(Decision.SURE, Assurance.L3, candidate("m1", 0.999, CODE, NUMBER)))
    assert "Next question: none, the call is settled." in settled
    assert "The IVR may say: the offer's title" in settled
    assert "the flow asks no questions" in told(LIKELY, asks=False)


def test_messages_too_unlikely_to_be_shown_and_codes_that_do_not_count_are_told() -> None:
    shown = told(replace(LIKELY, none_probability=0.15, code_accepted=False))
    assert "None of the messages: 15.0 %; others, too unlikely to be shown: 10.0 %" in shown
    assert "with the other messages beside it." in shown
    assert "The code counts for nothing" in shown


@pytest.mark.parametrize(
    ("log_odds", "words", "so_far"),
    [
        (log(340), "×340 likelier", "99.7 %"),
        (-log(3), "÷3 less likely", "25.0 %"),
        (log(1.2), "×1.2 likelier", "54.5 %"),
        (0.0, "×1", "50.0 %"),
        (log(4.56e8), "×460 million likelier", "over 99.9 %"),
        (-log(12_345), "÷12,000 less likely", "one in 12,000"),
    ],
)
def test_weights_and_chances_are_told_in_two_figures(log_odds: float, words: str, so_far: str) -> None:
    assert (factor(log_odds), chance(log_odds)) == (words, so_far)


def test_a_chance_is_never_rounded_to_certainty() -> None:
    assert [percent(share) for share in (0.0, 0.0001, 0.5, 0.9999, 1.0)] == [
        "0.0 %",
        "under 0.1 %",
        "50.0 %",
        "over 99.9 %",
        "100.0 %",
    ]


CSV = """external_id;channel;to_phone;customer_external_id;customer_name;offer_title;reference;body;sent_at
a-1;sms;0171 39200 11;k1;Anna Beispiel;Strom Fix;AB-48213;Ihr Angebot;2026-11-22T09:00:00+01:00
a-2;letter;0171 39200 11;k1;Anna Beispiel;Gas Fix;AB-48299;Ihr Angebot;2026-11-19T09:00:00+01:00
"""


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    monkeypatch.chdir(tmp_path)
    settings = {
        "SECRET": "s" * 32,
        "DATABASE": f"sqlite:///{tmp_path}/threadline.db",
        "FLOWS": str(PROJECT / "ivr_flows"),
        "SERVICE_NUMBER": "+493023125000",
    }
    for name, value in settings.items():
        monkeypatch.setenv(f"THREADLINE_{name}", value)
    (tmp_path / "sent.csv").write_text(CSV)
    runner = CliRunner()
    assert runner.invoke(cli.app, ["messages", "import", "sent.csv"]).exit_code == 0
    return lambda *words: runner.invoke(cli.app, ["match", *words])


AT = ("--at", "2026-11-22T12:00:00+01:00")


def test_a_call_is_explained_without_numbers_that_were_not_given(run: Callable[..., Result]) -> None:
    result = run("--from", "0171 39200 11", *AT)
    assert result.exit_code == 0
    for text in (
        "1. Strom Fix",
        "2. Gas Fix",
        "of all calls are about this message now",
        "Decision: ",
        "Next question",
    ):
        assert text in result.output, text
    assert not re.search(r"39200|3920011|48213|48299", result.output)


def test_what_the_caller_answered_counts(run: Callable[..., Result]) -> None:
    number = ("--from", "0171 39200 11", "--json", *AT)
    first = json.loads(run(*number).stdout)
    assert first["question"]["digits"] > 0
    assert first["code_accepted"] is None
    asked = json.loads(run(*number, "--last-digits", "99").stdout)
    assert asked["candidates"][0]["evidence"][0]["kind"] == "last_digits"
    assert asked["candidates"][0]["message_id"] == first["candidates"][1]["message_id"]
    attested = json.loads(run(*number, "--attestation", "A").stdout)
    assert attested["assurance"] == "L2"
    assert json.loads(run(*number, "--code", "4821390657").stdout)["code_accepted"] is False


def test_any_time_can_be_asked_for(run: Callable[..., Result]) -> None:
    before = run("--from", "0171 39200 11", "--at", "2026-11-18T12:00:00Z")
    assert before.exit_code == 1
    late = json.loads(run("--from", "0171 39200 11", "--json", "--at", "2027-03-01T12:00:00+01:00").stdout)
    soon = json.loads(run("--from", "0171 39200 11", "--json", *AT).stdout)
    assert late["none_probability"] > soon["none_probability"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--attestation", "D"), "--attestation: "),
        (("--last-digits", "12345"), "--last-digits: "),
        (("--about-message", "perhaps"), "--about-message: "),
    ],
)
def test_a_wrong_answer_is_told_by_its_option(run: Callable[..., Result], words: tuple[str, ...], says: str) -> None:
    result = run("--withheld", *words)
    assert result.exit_code == 2
    assert says in result.output
