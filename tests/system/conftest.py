"""What the system tests stand on: a real Asterisk, callers and phones by sipp, the router as a process, a browser."""

from __future__ import annotations

import contextlib
import itertools
import os
import subprocess
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest
from playwright.sync_api import Browser
from playwright.sync_api import Error as PlaywrightError

from tests.system.harness.agi_script import AgiScript, Script
from tests.system.harness.ami import Ami
from tests.system.harness.asterisk import SETUP, Asterisk
from tests.system.harness.browser import chromium
from tests.system.harness.caller import Caller, Identity
from tests.system.harness.desk import Desk
from tests.system.harness.figures import Figures
from tests.system.harness.office import PEOPLE, Blueprint, Office
from tests.system.harness.phone import Phone
from tests.system.harness.router import Router
from tests.system.harness.speech import Voice

SERVICE_NUMBER = "+49301234500"
FIGURES = pytest.StashKey[Figures]()
_QUEUES = ("default", "sales", "service")

MakeCaller = Callable[..., Caller]
MakePhone = Callable[[str], Phone]
OnDuty = Callable[[str], tuple[Desk, Phone]]


def pytest_configure(config: pytest.Config) -> None:
    config.stash[FIGURES] = Figures()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A worker hands what it measured to the run that it belongs to."""
    if (told := getattr(session.config, "workeroutput", None)) is not None:
        told["figures"] = session.config.stash[FIGURES].samples


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """A worker has ended; one that crashed tells nothing."""
    node.config.stash[FIGURES].take(getattr(node, "workeroutput", {}).get("figures", {}))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if lines := config.stash[FIGURES].lines():
        terminalreporter.section("measured")
        for line in lines:
            terminalreporter.write_line(line)


def _leave_out(reason: str) -> NoReturn:
    if os.environ.get("CI") == "true":
        pytest.fail(f"nothing may be left out in CI: {reason}")
    pytest.skip(reason)


@pytest.fixture(scope="session")
def figures(pytestconfig: pytest.Config) -> Figures:
    return pytestconfig.stash[FIGURES]


@pytest.fixture(scope="session")
def chroot() -> Path:
    """The directory with a real Asterisk; made when it is not there."""
    if os.geteuid() != 0:
        _leave_out("Asterisk runs in a chroot, which needs root: sudo make test")
    done = subprocess.run([str(SETUP)], capture_output=True, text=True, timeout=900)
    if done.returncode:
        _leave_out(f"no Asterisk: {done.stderr.strip()}")
    return Path(done.stdout.strip())


@pytest.fixture(scope="session")
def asterisk(chroot: Path) -> Iterator[Asterisk]:
    """A private Asterisk with the project's configuration, for the whole run."""
    private = Asterisk(chroot)
    private.install()
    private.start()
    yield private
    private.stop()


@pytest.fixture(scope="session")
def voice(asterisk: Asterisk) -> Voice:
    """Somebody who says numbers."""
    return Voice(asterisk)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A failed test shows what Asterisk logged meanwhile."""
    report = yield
    running = getattr(item, "funcargs", {}).get("asterisk")
    if report.when == "call" and report.failed and isinstance(running, Asterisk):
        report.sections.append(("Asterisk's log", running.log[-6000:]))
    return report


@pytest.fixture
def ami(asterisk: Asterisk) -> Iterator[Ami]:
    """A recording AMI connection with the router's own rights; the queues are empty before and after."""
    with Ami(asterisk.ports.ami, asterisk.settings["AMI_SECRET"]) as listener:
        _empty(listener)
        yield listener
        _empty(listener)


def _empty(listener: Ami) -> None:
    for member in listener.action("QueueStatus"):
        if member.name == "QueueMember":
            listener.action("QueueRemove", Queue=member.get("Queue"), Interface=member.get("Location"))


@pytest.fixture
def make_caller(asterisk: Asterisk, tmp_path: Path) -> Iterator[MakeCaller]:
    """``make_caller(identity, dialled)`` places a call and returns when it is answered."""
    calls: list[Caller] = []
    count = itertools.count(1)

    def make(identity: Identity, dialled: str = SERVICE_NUMBER, *, answered: bool = True) -> Caller:
        caller = Caller(asterisk, tmp_path / f"caller-{next(count)}", identity, dialled)
        calls.append(caller)
        if answered:
            caller.answered()
        return caller

    yield make
    for caller in calls:
        caller.close()
    asterisk.reset()


@pytest.fixture
def make_phone(asterisk: Asterisk, tmp_path: Path) -> Iterator[MakePhone]:
    """``make_phone("101")`` signs an agent's phone in."""
    phones: list[Phone] = []

    def make(number: str) -> Phone:
        phone = Phone(asterisk, tmp_path / f"phone-{number}", number)
        phones.append(phone)
        return phone.sign_in()

    yield make
    for phone in phones:
        phone.close()


@pytest.fixture
def agi_script(asterisk: Asterisk) -> Iterator[Callable[..., AgiScript]]:
    """``agi_script(lines_for)`` answers Asterisk in the router's place."""
    opened: list[AgiScript] = []

    def make(script: Script, *, holds: bool = False) -> AgiScript:
        opened.append(AgiScript(asterisk.ports.router_agi, script, holds=holds))
        return opened[-1]

    yield make
    for script in opened:
        script.close()


@pytest.fixture
def router(asterisk: Asterisk, tmp_path: Path) -> Iterator[Router]:
    """A router of this test's own, not yet started."""
    process = Router(asterisk, tmp_path / "router", SERVICE_NUMBER=SERVICE_NUMBER)
    yield process
    process.stop()


@pytest.fixture(scope="session")
def blueprint(asterisk: Asterisk, tmp_path_factory: pytest.TempPathFactory) -> Blueprint:
    return Blueprint.draw(asterisk, tmp_path_factory.mktemp("blueprint"))


@pytest.fixture(scope="module")
def company(asterisk: Asterisk, blueprint: Blueprint, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """A router for the tests of one file, with people and a key; see `office`."""
    built = blueprint.build(asterisk, tmp_path_factory.mktemp("office"))
    yield built
    built.close()


@pytest.fixture
def office(company: Office, ami: Ami) -> Iterator[Office]:
    """The file's router, running, with nothing left open when the test is over."""
    yield company.open()
    company.router.thaw()


@pytest.fixture
def on_duty(office: Office, browser: Browser, make_phone: MakePhone) -> Iterator[OnDuty]:
    """``on_duty("anna")``: desk and phone of somebody who is ready."""
    desks: list[Desk] = []

    def come(login: str) -> tuple[Desk, Phone]:
        number = PEOPLE[login][1]
        phone = make_phone(number)
        desks.append(office.sign_in(browser, login))
        return desks[-1].sit_down(number), phone

    yield come
    office.router.thaw()
    for desk in desks:
        faults = desk.faults
        desk.page.set_default_timeout(3000)  # a wrap-up that a test left behind is not waited for
        with desk, contextlib.suppress(PlaywrightError):
            desk.become("off")
        assert faults == []


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, for the tests of one file: its event loop must be gone before tests with a loop of their own."""
    with chromium() as running:
        yield running
