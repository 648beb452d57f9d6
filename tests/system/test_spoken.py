"""Callers who say the reference, or do something else while they are listened to. Who listens, and when, is real here;
the words are the test's choice, and with a real recogniser in `test_spoken_words`."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.system.conftest import MakeCaller, OnDuty
from tests.system.harness.asterisk import Asterisk
from tests.system.harness.caller import Identity
from tests.system.harness.figures import Figures
from tests.system.harness.office import SPOKEN, Blueprint, Office
from tests.system.harness.recogniser import ScriptedRecogniser
from tests.system.harness.speech import Voice, alaw, music, noise
from tests.system.harness.waiting import until

pytestmark = [pytest.mark.system, pytest.mark.needs("sipp", "mmdebstrap", "chromium", "espeak-ng")]

WITHHELD = Identity.withheld("+4915550123456")
REFERENCE = "63057412"
TITLE = "Ökostrom Fix 24"
RECOGNITION_SECONDS = 3.0


@pytest.fixture(scope="module")
def scripted() -> Iterator[ScriptedRecogniser]:
    recogniser = ScriptedRecogniser().begin()
    yield recogniser
    recogniser.end()


@pytest.fixture(scope="module")
def company(
    asterisk: Asterisk, blueprint: Blueprint, tmp_path_factory: pytest.TempPathFactory, scripted: ScriptedRecogniser
) -> Iterator[Office]:
    """As the other files have it, but with somebody who listens."""
    settings = scripted.settings | {"RECOGNITION_SECONDS": str(RECOGNITION_SECONDS)}
    built = blueprint.build(asterisk, tmp_path_factory.mktemp("office"), **settings)
    try:
        built.open().register(TITLE, "030 23125 019", reference=REFERENCE, customer={"name": "Erika Muster"})
        yield built
    finally:
        built.close()


@pytest.fixture
def recogniser(scripted: ScriptedRecogniser) -> ScriptedRecogniser:
    """Is there, has been asked nothing, and understands the reference."""
    scripted.begin().asked.clear()
    scripted.says(REFERENCE)
    return scripted


@pytest.fixture
def number(voice: Voice) -> bytes:
    return alaw(voice.digits(REFERENCE))


@pytest.fixture
def code(office: Office) -> str:
    """Of another message, to be keyed in."""
    answer: str = office.register("Erdgas Komfort", "030 23125 020")["callback_code"]
    return answer


def test_speech_cuts_the_question_short(
    office: Office, make_caller: MakeCaller, recogniser: ScriptedRecogniser, number: bytes, figures: Figures
) -> None:
    patient = make_caller(WITHHELD, SPOKEN)
    in_full = patient.hears_the_end() - patient.hears()
    patient.hang_up()

    caller = make_caller(WITHHELD, SPOKEN)
    asked = caller.hears()
    began = caller.begins_to_say(number)
    over = caller.hears_the_end()
    assert caller.media.to_say, "the caller had spoken before the question was over"
    assert over - asked < in_full / 2
    figures.add("speech into a question: it is silent", over - began)
    recogniser.was_asked()
    caller.hang_up()
    office.at_rest()


def test_a_key_in_the_middle_of_speech_counts_and_the_speech_does_not(
    office: Office,
    on_duty: OnDuty,
    make_caller: MakeCaller,
    recogniser: ScriptedRecogniser,
    number: bytes,
    code: str,
) -> None:
    desk, _ = on_duty("anna")
    caller = make_caller(WITHHELD, SPOKEN)
    caller.hears()
    caller.begins_to_say(number)
    until(lambda: caller.media.to_say < 3, 10, "most of the number is said")
    caller.press(code)
    card = desk.sees(state="ringing", label="verified", within=20)
    expect(card.locator(".offer .title")).to_have_text("Erdgas Komfort")


@pytest.mark.parametrize("sound", [pytest.param(b"", id="silence"), pytest.param(alaw(noise(30, 500, 7)), id="noise")])
def test_who_says_nothing_is_with_an_agent_soon(
    office: Office,
    on_duty: OnDuty,
    make_caller: MakeCaller,
    recogniser: ScriptedRecogniser,
    sound: bytes,
) -> None:
    desk, _ = on_duty("anna")
    caller = make_caller(WITHHELD, SPOKEN)
    caller.begins_to_say(sound)
    desk.sees(state="ringing", label="unknown", within=40)
    assert recogniser.asked == [], "nobody spoke"


def test_music_ends_in_bounded_time_with_an_agent(
    office: Office, on_duty: OnDuty, make_caller: MakeCaller, recogniser: ScriptedRecogniser
) -> None:
    recogniser.says()
    desk, _ = on_duty("anna")
    caller = make_caller(WITHHELD, SPOKEN)
    caller.begins_to_say(alaw(music(60)))
    desk.sees(state="ringing", label="unknown", within=60)


def test_hanging_up_in_mid_word_leaves_nothing_open(
    office: Office, on_duty: OnDuty, make_caller: MakeCaller, recogniser: ScriptedRecogniser, number: bytes
) -> None:
    recogniser.hangs()
    before = office.tasks
    for seconds_left in (5.0, 1.0, 0.0):
        caller = make_caller(WITHHELD, SPOKEN)
        caller.hears()
        caller.begins_to_say(number)
        until(lambda: caller.media.to_say <= seconds_left, 15, "so much is said", every=0.02)  # noqa: B023
        caller.hang_up()
        office.at_rest(within=5)
    until(lambda: office.tasks <= before, 5, f"tasks back at {before:g}", every=0.05)

    recogniser.says(REFERENCE)
    desk, _ = on_duty("anna")
    caller = make_caller(WITHHELD, SPOKEN)
    caller.hears()
    caller.says(number)
    office.reads_back(caller)
    caller.press("1")
    desk.sees(state="ringing", label="possible", within=20)


@pytest.mark.parametrize("way", ["hangs", "is not there"])
def test_without_words_the_call_goes_on_with_keys(
    office: Office,
    on_duty: OnDuty,
    make_caller: MakeCaller,
    recogniser: ScriptedRecogniser,
    number: bytes,
    code: str,
    figures: Figures,
    way: str,
) -> None:
    desk, _ = on_duty("anna")
    if way == "hangs":
        recogniser.hangs()
    else:
        recogniser.end()
    caller = make_caller(WITHHELD, SPOKEN)
    caller.hears()
    said = caller.says(number)
    asked = caller.hears(said)
    caller.hears_the_end(said)
    silence = caller.media.longest_silence(said, asked)
    figures.add(f"the recogniser {way}: longest silence", silence)
    caller.press(code)
    card = desk.sees(state="ringing", label="verified", within=20)
    expect(card.locator(".offer .title")).to_have_text("Erdgas Komfort")


STRANGERS = {
    "silent": b"",
    "a browser": b"GET / HTTP/1.1\r\nHost: router\r\n\r\n",
    "an id of no call": b"\x01\x00\x10" + bytes(16),
    "sound before an id": b"\x10\x01\x40" + bytes(320),
    "an id that is too long": b"\x01\xff\xff",
    "a flood": bytes(1_000_000),
}


def test_strangers_at_the_port_for_sound_are_shown_the_door(
    office: Office, on_duty: OnDuty, make_caller: MakeCaller, recogniser: ScriptedRecogniser, number: bytes
) -> None:
    port = int(office.router.settings["AUDIOSOCKET_PORT"])
    desk, _ = on_duty("anna")
    caller = make_caller(WITHHELD, SPOKEN)
    caller.hears()
    with contextlib.ExitStack() as opened:
        sockets = {
            f"{name}, {nth}": opened.enter_context(_connected(port, sent))
            for name, sent in STRANGERS.items()
            for nth in range(20)
        }
        caller.says(number)
        office.reads_back(caller)
        caller.press("1")
        desk.sees(state="ringing", label="possible", within=20)
        until(lambda: all(_closed(each) for each in sockets.values()), 10, "all strangers are gone", every=0.1)


def _connected(port: int, sent: bytes) -> socket.socket:
    stranger = socket.create_connection(("127.0.0.1", port), timeout=5)
    with contextlib.suppress(ConnectionError):
        stranger.sendall(sent)
    stranger.settimeout(0.001)
    return stranger


def _closed(stranger: socket.socket) -> bool:
    """Whether the other side has closed the connection."""
    try:
        return stranger.recv(1) == b""
    except TimeoutError:
        return False
    except ConnectionError:
        return True


@pytest.fixture
def no_audiosocket(office: Office, asterisk: Asterisk) -> Iterator[None]:
    """An Asterisk without the module."""
    asterisk.cli("module unload app_audiosocket.so")
    assert "app_audiosocket" not in asterisk.cli("module show like app_audiosocket")
    yield
    asterisk.cli("module load app_audiosocket.so")
    office.router.stop()  # it would not try again for minutes


@pytest.mark.usefixtures("no_audiosocket")
def test_an_asterisk_that_cannot_let_us_listen_asks_for_keys(
    office: Office,
    on_duty: OnDuty,
    make_caller: MakeCaller,
    recogniser: ScriptedRecogniser,
    number: bytes,
    code: str,
) -> None:
    """It has a disk of its own here, so that recording callers is no way either."""
    desk, _ = on_duty("anna")
    caller = make_caller(WITHHELD, SPOKEN)
    caller.hears()
    caller.says(number)
    caller.hears_the_end()
    caller.press(code)
    card = desk.sees(state="ringing", label="verified", within=20)
    expect(card.locator(".offer .title")).to_have_text("Erdgas Komfort")
    assert recogniser.asked == []
