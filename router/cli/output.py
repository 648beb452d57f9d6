"""Writing to the terminal, and ending with the right exit code."""

from __future__ import annotations

import json
from typing import Any, NoReturn

import typer
from pydantic_core import to_jsonable_python

NO = 1
WRONG_USE = 2


def say(text: str = "") -> None:
    """A line for the reader."""
    typer.echo(text)


def counted(number: int, thing: str) -> str:
    """``1 flow``, ``2 flows``, ``no flows``."""
    return f"{number or 'no'} {thing}{'' if number == 1 else 's'}"


def as_json(value: Any) -> None:
    """JSON for a script."""
    typer.echo(json.dumps(to_jsonable_python(value), ensure_ascii=False, indent=2))


def fail(reason: str, code: int = NO) -> NoReturn:
    """Say why not, on standard error, and end with ``code``."""
    typer.echo(reason, err=True)
    raise typer.Exit(code)
