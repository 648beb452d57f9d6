"""What a text has to be like to be kept as a flow file, whether it is a right flow or not."""

from __future__ import annotations

from router.flow.files import Files, kind_of, text_id
from router.flow.problems import FlowRefused, Problem
from router.flow.source import MOST_CHARACTERS

LONGEST_COMMENT = 500


def refuse_unkeepable(files: Files) -> None:
    """Raises `FlowRefused` for what no database keeps, and for paths that no flow file has."""
    for path, text in files.items():
        _refuse(path, text)


def _refuse(path: str, text: str) -> None:
    if kind_of(path) is None:
        wrong = "a flow file is NAME.yaml, shared/NAME.yaml or scenarios/NAME.yaml; NAME has letters, digits, - and _"
        raise FlowRefused([Problem(path[:80], 1, 1, "file-name", wrong)])
    if len(text) > MOST_CHARACTERS:
        raise FlowRefused([Problem(path, 1, 1, "too-large", f"a flow has at most {MOST_CHARACTERS} characters")])
    try:
        text_id(text)
    except UnicodeEncodeError:
        raise FlowRefused([Problem(path, 1, 1, "encoding", "is not UTF-8 text")]) from None
    if (place := text.find("\0")) >= 0:
        line = text.count("\n", 0, place) + 1
        raise FlowRefused([Problem(path, line, 1, "encoding", "has a character that is no text")])


def one_line(text: str) -> str:
    """A comment as it is kept: one line of at most 500 characters."""
    return "".join(char if char.isprintable() else " " for char in text).strip()[:LONGEST_COMMENT]
