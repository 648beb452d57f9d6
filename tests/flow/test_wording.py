"""Texts with variables: what is said of them, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.flow.formulas import FormulaCheck, Known
from router.flow.placeholders import MOST_PLACEHOLDERS, template
from router.flow.spoken.manner import Manner
from router.flow.texts import problems_in
from router.flow.variables import EMPTY, SAMPLE
from router.flow.wording import Telling, recordings_of, worded

KNOWN: Mapping[str, Any] = {
    **SAMPLE,
    "offer": {**SAMPLE["offer"], "facts": {"price": 9.5, "Unit price": "28,4 ct"}},
    "inputs": {"code": "4711"},
    "vars": {"tier": "gold"},
}


FOUR_SEVEN_ONE_ONE = ("digit_4", "digit_7", "digit_1", "digit_1")


def said(text: str, facts: Mapping[str, Any] = KNOWN, *, proved: bool = True, **more: Any) -> str:
    return worded(text, Telling(lambda: facts, Manner("de"), proved, **more)).text


@pytest.mark.parametrize(
    ("text", "heard"),
    [
        ("Guten Tag {{ customer.name }}.", "Guten Tag Erika Muster."),
        ("{{offer.facts.price|amount EUR}}", "9 Euro und 50 Cent"),
        ("{{ offer.facts['Unit price'] }}!", "28,4 ct!"),
        ('{{ offer.facts["Unit price"] | text }}', "28,4 ct"),
        ("{{ inputs.code | digits }}", "4 7, 1 1"),
        ("{{ queue.expected_minutes + 1 | duration minutes }}", "5 Minuten"),
        ("{{ caller.known || caller.withheld }}", "ja"),
        ("{{ offer.known ? 'bekannt' : 'neu' }}", "bekannt"),
        ("{{ {'a': {'b': 1}}.a.b }}", "1"),
        ("{{ '}}' }} und {{ \"{{\" }}", ""),
        ("Ohne alles.", "Ohne alles."),
        ("Bis {{ offer.valid_until }}.", "Bis dreißigsten Juni 2026."),
    ],
)
def test_variables_are_put_in(text: str, heard: str) -> None:
    assert said(text) == heard


@pytest.mark.parametrize(
    ("text", "heard"),
    [
        ("Guten Tag {{ customer.name ?? 'zusammen' }}.", "Guten Tag zusammen."),
        ('{{ offer.facts.price | amount EUR ?? "ein guter Preis" }}', "ein guter Preis"),
        ("Guten Tag {{ customer.name }}. Drücken Sie die 1.", "Drücken Sie die 1."),
        ("Willkommen. Ihr Angebot {{ offer.title }} gilt noch! Wählen Sie.", "Willkommen. Wählen Sie."),
        ("Willkommen. Sie sparen z. B. {{ offer.facts.price }} Euro.", "Willkommen."),
        ("Noch {{ offer.days_left | duration days }}. Bis dann.", "Bis dann."),
        ("{{ vars.tier }}", ""),
        ("{{ vars.tier + 1 }}", ""),
        ("Link:\n{{ offer.url }}\nDanke", "Link:\nDanke"),
    ],
)
def test_what_is_not_known_is_said_otherwise_or_its_sentence_is_left_out(text: str, heard: str) -> None:
    assert said(text, EMPTY) == heard


@pytest.mark.parametrize(
    "variable", ["offer.title", "customer.name", "offer.facts.price", "vars.tier", "offer['title']"]
)
def test_nothing_personal_is_said_to_a_caller_who_is_not_proved(variable: str) -> None:
    text = f"Hallo zusammen. Es geht um {{{{ {variable} ?? 'etwas' }}}}. {{{{ string({variable}) }}}}."
    personal = {"offer.title", "customer.name", "offer.facts", "vars.tier"}
    assert said(text, proved=False, personal=personal) == "Hallo zusammen. Es geht um etwas."
    assert said(text, proved=True, personal=personal).startswith("Hallo zusammen. Es geht um etwas.") is False


def test_a_text_may_have_a_place_of_its_own() -> None:
    assert said("Ihr Code: {{ code }}.", EMPTY, places={"code": "{code}"}) == "Ihr Code: {code}."


@pytest.mark.parametrize(
    ("text", "recordings"),
    [
        ("Ihr Code ist {{ inputs.code | digits }}, danke.", ("code_1", *FOUR_SEVEN_ONE_ONE, "code_2")),
        ("{{ inputs.code | digits }}.", FOUR_SEVEN_ONE_ONE),
        ("Ihr Code ist {{ inputs.code }}.", ()),
        ("Ihr Code ist {{ vars.tier | digits }}.", ()),
        ("Ihr Code ist {{ inputs.code | digits }}. Und {{ vars.none }}.", ()),
    ],
)  # fmt: skip
def test_digits_can_be_played_from_recordings(text: str, recordings: tuple[str, ...]) -> None:
    assert worded(text, Telling(lambda: KNOWN, Manner("de"), True, recording="code")).recordings == recordings


def test_the_recordings_that_a_text_needs_are_told() -> None:
    digits = {f"digit_{digit}" for digit in range(10)}
    needed = recordings_of("Ihr Code ist {{ inputs.code | digits }}, danke.", "code")
    assert needed == frozenset({"code_1", "code_2"} | digits)
    assert recordings_of("Hallo {{ customer.name }}.", "hello") is None


def test_recordings_tell_an_unproved_caller_nothing_either() -> None:
    telling = Telling(lambda: KNOWN, Manner("de"), False, {"inputs.code"}, recording="code")
    made = worded("Ihr Code ist {{ inputs.code | digits ?? 'unbekannt' }}.", telling)
    assert (made.text, made.recordings) == ("Ihr Code ist unbekannt.", ())


CHECK = FormulaCheck(Known(["greet"], ["code"], {"tier": [None]}))


def wrong(text: str, *places: str) -> list[tuple[int, str]]:
    found = problems_in(text, CHECK.mistakes, places)
    return [(each.at, f"{each.code}: {each.message}") for each in found]


NOTHING_SAID = "nothing is said where 'customer.name' is not known; give it a default: ?? 'text'"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("Hallo {{ customer.nam ?? '' }}", (18, "placeholder: 'customer' has no field 'nam'; did you mean 'name'?")),
        ("{{ custmer.name }}", (3, "placeholder: no variable 'custmer'; did you mean 'customer'?")),
        ("{{ vars.teir }}", (8, "placeholder: no step notes 'teir'; did you mean 'tier'?")),
        ("{{ inputs.cod }}", (10, "placeholder: no step collects 'cod'; did you mean 'code'?")),
        ("{{ visits.gret }}", (10, "placeholder: no step 'gret'; did you mean 'greet'?")),
        ("{{ offer.title | digts }}", (0, "placeholder: no format 'digts'; did you mean 'digits'?")),
        ("{{ offer.facts.x | amount EURO }}", (0, "placeholder: 'EURO' is not a currency such as EUR")),
        ("{{ offer.title | digits 2 }}", (0, "placeholder: 'digits' takes nothing behind it (given: '2')")),
        ("{{ caller.known | date }}", (0, "placeholder: 'caller.known' is not a date, so 'date' cannot say it")),
        ("{{ queue.waiting + 'x' }}", (17, "placeholder: '+' combines values of different kinds: a whole number")),
        ("{{ offer }}", (3, "placeholder: gives all of 'offer', and something that can be said is needed")),
        ("{{ [1].map(x, [1].map(y, y)) }}", (18, "placeholder: map() stands inside another one")),
        ("a {{ offer.title", (2, "placeholder: '{{' is not closed by '}}'")),
        ("{{ }}", (0, "placeholder: no variable between '{{' and '}}'")),
        ("{{ offer.title ?? you }}", (0, "placeholder: after '??' a text in quotes is expected, such as ?? 'you'")),
        ("{{ offer.title | 'x' }}", (0, "placeholder: ''x'' is not a format; write one word, such as '| digits'")),
        ("{{ code }}", (3, "placeholder: no variable 'code'")),
        ("Hallo {{ customer.name }}.", (6, f"no-default: {NOTHING_SAID}")),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_place(text: str, problem: tuple[int, str]) -> None:
    ((at, told),) = wrong(text)
    assert at == problem[0]
    assert told.startswith(problem[1])


@pytest.mark.parametrize(
    "text",
    [
        "Guten Tag {{ customer.name ?? 'zusammen' }}.", "Noch {{ queue.waiting }} Anrufer.", "Ohne.",
        "Willkommen. Hallo {{ customer.name }}.", "{{ vars.tier ?? '' }}", "{{ time.weekday | weekday }}",
        "{{ offer.facts['Unit price'] | amount EUR ?? '' }}", "{{ queue.expected_seconds | duration }}",
        "{{ offer.skills ?? 'x' }}", "{{ timestamp(offer.valid_until) | date ?? '' }}", "{{ duration('90s') }}",
    ],
)  # fmt: skip
def test_good_texts_have_no_problems(text: str) -> None:
    assert wrong(text) == []


def test_a_place_of_its_own_is_no_unknown_variable() -> None:
    assert wrong("Ihr Code: {{ code }}", "code") == []
    assert wrong("Ihr Code: {{ code | digits }}", "code") != []


def test_a_text_has_at_most_so_many_variables() -> None:
    assert wrong("{{ language }}" * MOST_PLACEHOLDERS) == []
    assert len(wrong("{{ language }}" * (MOST_PLACEHOLDERS + 1))) == 1


@given(st.text("{}|?'\" ab.\\\n&", max_size=60))
def test_whatever_stands_between_braces_is_said_or_told_and_never_fails(text: str) -> None:
    said(text), said(text, EMPTY, proved=False), wrong(text)
    sentences = template(text).sentences
    assert "".join(part if isinstance(part, str) else "" for each in sentences for part in each) in text or "{{" in text
