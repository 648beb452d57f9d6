"""What the editor is told of a text, right or wrong: the names in it, and where a mistake ends."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.flow.outline import end_of, outline
from router.flow.problems import Problem

FLOW = """\
version: 1
name: hotline
languages: [en]
start: greet
prompts:
  hello: {en: Hello.}
steps:
  greet: {type: say, text: hello, next: ask}
  ask:
    type: collect
    text: hello
    into: code
    next: connect
  connect: {type: transfer, queue: sales}
"""
SHARED = "version: 1\nprompts:\n  bye: {en: Bye.}\nqueues:\n  gas: {}\n"
FILES = {"hotline.yaml": FLOW, "shared/pieces.yaml": SHARED, "other.yaml": "name: other\n"}


def test_names_of_a_flow_and_of_what_is_shared() -> None:
    found = outline(FILES, "hotline.yaml")
    assert [(step.name, step.type, step.line) for step in found.steps] == [
        ("greet", "say", 8),
        ("ask", "collect", 9),
        ("connect", "transfer", 14),
        ("human", "transfer", 0),
    ]
    assert found.prompts == ("bye", "hello")
    assert found.queues == ("default", "gas", "sales")
    assert (found.languages, found.inputs, found.flows) == (("en",), ("code",), ("hotline", "other"))


def test_a_step_with_a_mistake_is_still_there() -> None:
    found = outline({**FILES, "hotline.yaml": FLOW.replace("type: collect", "type: colect")}, "hotline.yaml")
    assert [step.name for step in found.steps] == ["greet", "ask", "connect", "human"]
    assert found.inputs == ("code",), "what it was to collect may be used elsewhere"


def test_a_shared_file_and_a_text_that_is_no_yaml_have_the_names_around() -> None:
    assert outline(FILES, "shared/pieces.yaml").prompts == ("bye",)
    broken = outline({**FILES, "hotline.yaml": "steps: ["}, "hotline.yaml")
    assert (broken.prompts, broken.queues) == (("bye",), ("gas",))


@pytest.mark.parametrize(
    ("text", "line", "column", "word"),
    [
        ("next: nowhere", 1, 7, "nowhere"),
        ("a: 1\nkeys: {1: nowhere}", 2, 11, "nowhere"),
        ('  "8:00-9": x', 1, 3, '"8:00-9"'),
        ("text: it's", 1, 7, "it's"),
        ("next:", 1, 6, ""),
    ],
)
def test_a_mistake_ends_with_its_word(text: str, line: int, column: int, word: str) -> None:
    end = end_of(text, Problem("x", line, column, "c", "m"))
    marked = text.split("\n")[line - 1][column - 1 : end - 1]
    assert marked == word


@given(st.text(max_size=80), st.integers(1, 9), st.integers(1, 99))
def test_every_mistake_has_an_end_behind_its_beginning(text: str, line: int, column: int) -> None:
    assert end_of(text, Problem("x", line, column, "c", "m")) > column
