"""The router dies or hangs while a caller is asked for a number and listened to: the caller is with people all the
same, and does not wait for them in silence."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest

from tests.system.conftest import MakeCaller
from tests.system.faults.conftest import Report
from tests.system.faults.table import Row
from tests.system.harness.ami import Ami
from tests.system.harness.asterisk import Asterisk
from tests.system.harness.caller import Caller, Identity
from tests.system.harness.figures import Figures
from tests.system.harness.media import Sound
from tests.system.harness.office import SPOKEN, Blueprint, Office
from tests.system.harness.recogniser import ScriptedRecogniser
from tests.system.harness.speech import Voice, alaw
from tests.system.harness.waiting import until

pytestmark = [pytest.mark.system, pytest.mark.needs("sipp", "mmdebstrap", "chromium", "espeak-ng")]

STRANGER = Identity("+493055501999")
SECONDS_AFTER_CRASH = 3.0
SECONDS_OF_SILENCE = 8.0

Caught = Callable[[], tuple[Caller, float]]


@pytest.fixture(scope="module")
def recogniser() -> Iterator[ScriptedRecogniser]:
    """Somebody who listens and never says what was heard."""
    scripted = ScriptedRecogniser().begin()
    scripted.hangs()
    yield scripted
    scripted.end()


@pytest.fixture(scope="module")
def company(
    asterisk: Asterisk, blueprint: Blueprint, tmp_path_factory: pytest.TempPathFactory, recogniser: ScriptedRecogniser
) -> Iterator[Office]:
    """As the other files have it, but with somebody who listens."""
    built = blueprint.build(asterisk, tmp_path_factory.mktemp("office"), **recogniser.settings)
    yield built
    built.close()


@pytest.fixture(params=["hears the question", "is about to speak", "speaks", "has spoken"])
def caught(
    request: pytest.FixtureRequest,
    office: Office,
    make_caller: MakeCaller,
    recogniser: ScriptedRecogniser,
    voice: Voice,
) -> Caught:
    """A call that is being listened to, and the moment at which it has got there."""

    def catch() -> tuple[Caller, float]:
        recogniser.asked.clear()
        caller = make_caller(STRANGER, SPOKEN)
        caller.hears(within=30)
        until(lambda: office.router.metric("threadline_audiosocket_streams_open") == 1, 15, "listening", every=0.05)
        match request.param:
            case "is about to speak":
                caller.hears_the_end()
            case "speaks":
                caller.begins_to_say(alaw(voice.digits("63057412" * 4)))
            case "has spoken":
                caller.says(alaw(voice.digits("630574")))
                recogniser.was_asked()
        return caller, time.monotonic()

    return catch


def with_people(caller: Caller, ami: Ami, mark: int, since: float) -> float:
    """Waits until the caller hears the ring tone of the default queue; returns the moment."""
    assert ami.wait("QueueCallerJoin", within=30, since=mark).get("Queue") == "default"
    return until(lambda: caller.media.first(Sound.RINGING, since), 5, "the caller hears the ring tone")


def test_killed(
    office: Office, caught: Caught, ami: Ami, figures: Figures, report: Report, request: pytest.FixtureRequest
) -> None:
    mark = ami.mark
    caller, killed = caught()
    office.router.kill()
    ringing = with_people(caller, ami, mark, killed) - killed
    figures.add(f"{request.node.callspec.id}, router killed: ring tone heard", ringing)
    assert ringing < SECONDS_AFTER_CRASH, caller.media.summary(killed)
    caller.hang_up()
    office.open().at_rest()
    name = f"caller who {request.node.callspec.id}: router killed"
    told = f"the default queue's ring tone after {ringing:.1f} s"
    report(Row(name, told, "as in a menu", "what the caller said", "with its start"))


def test_frozen(
    office: Office, caught: Caught, ami: Ami, figures: Figures, report: Report, request: pytest.FixtureRequest
) -> None:
    mark = ami.mark
    caller, frozen = caught()
    office.router.freeze()
    ringing = with_people(caller, ami, mark, frozen)
    silence = caller.media.longest_silence(frozen, ringing)
    figures.add(f"{request.node.callspec.id}, router frozen: longest silence", silence)
    assert silence <= SECONDS_OF_SILENCE, caller.media.summary(frozen)
    office.router.thaw()
    caller.hang_up()
    office.at_rest()
    name = f"caller who {request.node.callspec.id}: router hangs"
    told = f"at most {silence:.1f} s of silence, then the default queue's ring tone"
    report(Row(name, told, "as in a menu", "what the caller said", "at once"))


def test_the_recogniser_hangs(
    office: Office, make_caller: MakeCaller, recogniser: ScriptedRecogniser, voice: Voice, report: Report
) -> None:
    """The caller is asked for keys instead."""
    recogniser.asked.clear()
    caller = make_caller(STRANGER, SPOKEN)
    caller.hears(within=30)
    said = caller.says(alaw(voice.digits("630574")))
    recogniser.was_asked(within=30)
    asked = caller.hears(said, within=30)
    silence = caller.media.longest_silence(said, asked)
    assert silence <= SECONDS_OF_SILENCE, caller.media.summary(said)
    caller.hang_up()
    office.at_rest(60)
    report(
        Row(
            "recogniser hangs",
            f"{silence:.1f} s of silence, then the question for keys",
            "nothing",
            "what the caller said",
            "with the next answer",
        )
    )
