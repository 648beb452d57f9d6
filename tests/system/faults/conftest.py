"""What the faults share: the table that `make faults` prints, and ways to the database and to Asterisk that can be
spoilt."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy.engine import make_url

from tests.postgres import Cluster
from tests.system.faults.proxy import Proxy
from tests.system.faults.table import Row, lines
from tests.system.harness.ami import Ami
from tests.system.harness.asterisk import Asterisk

_ROWS = pytest.StashKey[list[Row]]()

Report = Callable[[Row], None]


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_ROWS] = []


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if rows := config.stash.get(_ROWS, []):
        terminalreporter.section("faults")
        for line in lines(rows):
            terminalreporter.write_line(line)


@pytest.fixture
def report(pytestconfig: pytest.Config) -> Report:
    """Puts one row into the table."""
    return pytestconfig.stash.setdefault(_ROWS, []).append


@pytest.fixture(scope="module")
def address(postgresql: Cluster) -> str:
    """A database without any table, for the tests of one file."""
    return postgresql.fresh()


@pytest.fixture(scope="module")
def way(postgresql: Cluster, address: str) -> Iterator[Proxy]:
    """The way to that database."""
    port = make_url(postgresql.over_the_network(address)).port
    assert port is not None
    with Proxy(("127.0.0.1", port)) as proxy:
        yield proxy


@pytest.fixture
def watcher(asterisk: Asterisk) -> Iterator[Ami]:
    """A listener that is told of every channel; the router is told of less."""
    custom, secret = asterisk.directory / "etc" / "manager_custom.conf", secrets.token_hex(8)
    custom.write_text(
        f"[watcher]\nsecret = {secret}\npermit = 127.0.0.1/255.255.255.255\nread = call,agent\nwrite = call\n"
    )
    asterisk.cli("manager reload")
    with Ami(asterisk.ports.ami, secret, user="watcher") as listener:
        yield listener
    custom.unlink()
    asterisk.cli("manager reload")
