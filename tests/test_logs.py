"""What goes wrong is logged with its kind and place, and without the values it went wrong with."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
import structlog

from router import logs

NUMBER = "+4930666001"


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)


def _fails(caller: str) -> None:
    kept = {"caller": caller}
    raise ValueError(f"{kept['caller']} cannot be read")


def _fails_in_turn(caller: str) -> None:
    try:
        _fails(caller)
    except ValueError as error:
        raise ExceptionGroup(f"for {caller}", [RuntimeError(caller), error]) from error


@pytest.mark.parametrize("as_json", [True, False])
@pytest.mark.parametrize("logger", ["ours", "a library's"])
def test_a_traceback_in_the_log_has_no_values(as_json: bool, logger: str, capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("debug", as_json=as_json)
    try:
        _fails_in_turn(NUMBER)
    except ExceptionGroup:
        if logger == "ours":
            structlog.get_logger("ours").exception("went wrong")
        else:
            logging.getLogger("uvicorn.error").exception("went wrong")
    logged = capsys.readouterr().err
    assert "went wrong" in logged
    assert NUMBER not in logged
    for told in ("ExceptionGroup", "ValueError", "RuntimeError", "_fails_in_turn", "test_logs.py"):
        assert told in logged, told


def test_an_error_that_leads_to_itself_is_logged(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("info", as_json=True)
    first, second = ValueError("a"), KeyError("b")
    first.__cause__, second.__cause__ = second, first
    logging.getLogger("x").error("round", exc_info=first)
    assert "KeyError" in capsys.readouterr().err


def test_an_error_nobody_waited_for_is_logged_without_its_text(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("info", as_json=True)
    context = {"message": "Task exception was never retrieved", "exception": ValueError(NUMBER), "task": NUMBER}
    logs.of_the_loop(None, context)
    logged = capsys.readouterr().err
    assert "never retrieved" in logged
    assert "ValueError" in logged
    assert NUMBER not in logged
