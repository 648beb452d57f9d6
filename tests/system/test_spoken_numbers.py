"""Callers who say the reference of their message, in a human voice, to the recogniser that we install."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.system.conftest import MakeCaller, OnDuty
from tests.system.harness.asterisk import Asterisk
from tests.system.harness.caller import Identity
from tests.system.harness.figures import Figures
from tests.system.harness.media import Sound
from tests.system.harness.office import SPOKEN, Blueprint, Office
from tests.system.harness.speech import Voice, alaw, music, noisy
from tests.system.harness.waiting import until

pytestmark = [pytest.mark.system, pytest.mark.needs("sipp", "mmdebstrap", "chromium", "espeak-ng")]

REAL_NUMBER = "+4915550123456"
WITHHELD = Identity.withheld(REAL_NUMBER)
REFERENCE = "63057412"
TITLE = "Ökostrom Fix 24"
CROWD = 20
KEYS_EVERY = 5
SECONDS_OF_SILENCE = 3.0


@pytest.fixture(scope="module")
def company(
    asterisk: Asterisk, blueprint: Blueprint, tmp_path_factory: pytest.TempPathFactory, whisper_model: Path
) -> Iterator[Office]:
    """As the other files have it, but with Whisper."""
    installed = Path(blueprint.settings["DATA_DIR"]) / "speech" / whisper_model.name
    installed.parent.mkdir(parents=True, exist_ok=True)
    if not installed.exists():
        installed.symlink_to(whisper_model)
    built = blueprint.build(asterisk, tmp_path_factory.mktemp("office"), RECOGNISER="whisper")
    try:
        built.open().register(TITLE, "030 23125 019", reference=REFERENCE, customer={"name": "Erika Muster"})
        yield built
    finally:
        built.close()


@pytest.mark.parametrize("decibels", [None, 15])
def test_a_withheld_caller_says_the_reference_and_is_on_the_desk_with_the_message(
    office: Office,
    on_duty: OnDuty,
    make_caller: MakeCaller,
    voice: Voice,
    asterisk: Asterisk,
    figures: Figures,
    decibels: float | None,
) -> None:
    desk, phone = on_duty("anna")
    words = voice.digits(REFERENCE)
    caller = make_caller(WITHHELD, SPOKEN)
    caller.hears()
    said = caller.says(alaw(words if decibels is None else noisy(words, decibels, seed=5)))
    figures.add("number said: next thing heard", caller.hears(said) - said)
    office.reads_back(caller)
    caller.press("1")
    card = desk.sees(state="ringing", label="possible", within=20)
    assert phone.ringing
    expect(card.locator(".offer .title")).to_have_text(TITLE)
    expect(card.locator(".who .name")).to_contain_text("Erika Muster")
    written = office.router.log + asterisk.everything_written()
    assert REFERENCE not in written
    assert REAL_NUMBER[-8:] not in written


def test_what_is_read_back_can_be_refused_with_a_word(
    office: Office, on_duty: OnDuty, make_caller: MakeCaller, voice: Voice
) -> None:
    desk, _ = on_duty("anna")
    caller = make_caller(WITHHELD, SPOKEN)
    caller.hears()
    caller.says(alaw(voice.digits(REFERENCE)))
    reading = office.reads_back(caller)
    caller.hears_the_end(reading)
    caller.says(alaw(voice.says("no")))
    until(lambda: office.talk() != "confirm", 15, "the no is understood")
    caller.press("#")
    desk.sees(state="ringing", label="unknown", within=30)


def test_music_is_taken_for_nobodys_number(office: Office, on_duty: OnDuty, make_caller: MakeCaller) -> None:
    desk, _ = on_duty("anna")
    caller = make_caller(WITHHELD, SPOKEN)
    caller.begins_to_say(alaw(music(90)))
    desk.sees(state="ringing", label="unknown", within=90)


def test_a_recogniser_that_is_killed_is_back_for_the_next_caller(
    office: Office, on_duty: OnDuty, make_caller: MakeCaller, voice: Voice
) -> None:
    number = alaw(voice.digits(REFERENCE))
    desk, _ = on_duty("anna")
    caller = make_caller(WITHHELD, SPOKEN)
    caller.hears()
    for worker in workers(office):
        os.kill(worker, signal.SIGKILL)
    said = caller.says(number)
    caller.hears(said)
    caller.hang_up()
    office.at_rest()

    caller = make_caller(WITHHELD, SPOKEN)
    caller.hears()
    caller.says(number)
    office.reads_back(caller)
    caller.press("1")
    desk.sees(state="ringing", label="possible", within=20)


def workers(office: Office) -> list[int]:
    """The processes that the router has started."""
    pid = office.router.pid
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


class Speaker:
    """One of many who call about messages of their own: says the reference, or has enough of it and uses the keys."""

    def __init__(self, office: Office, voice: Voice, nth: int, make_caller: MakeCaller) -> None:
        self._office = office
        self._number = f"+4930555010{nth:02}"
        self._reference = reference = f"{random.Random(nth).randrange(10**7, 10**8)}"
        answer = office.register(f"Tarif {nth}", f"030 23125 1{nth:02}", reference=reference)
        self.message: str = answer["id"]
        self._code: str = answer["callback_code"]
        self._words = alaw(voice.digits(reference))
        self._asked, self._asked_at = "", 0.0
        self.uses_keys = nth % KEYS_EVERY == 0
        self.caller = make_caller(Identity(self._number), SPOKEN, answered=False)
        self.said = 0.0

    def begins(self) -> None:
        """Speaks."""
        self.said = self.caller.begins_to_say(self._words) + len(self._words) / 8000

    def queued(self) -> float | None:
        """When the ring tone of the queue was heard, if it was; until then answers what else is asked, by keys."""
        asked = self._question()
        if asked != self._asked:
            self._asked_at = (
                time.monotonic() if self._asked and asked else 0.0
            )  # the first question is answered by speech
            self._asked = asked
        elif self._asked_at and self.caller.media.first(Sound.OTHER, self._asked_at):
            self._asked_at = 0.0
            self.caller.press(self._answer(json.loads(asked)))
        elif self.uses_keys and self.caller.media.to_say < 2:
            self.uses_keys = False
            self.caller.press(self._code)
        return self.caller.media.first(Sound.RINGING, self.said)

    def _question(self) -> str:
        query = "select coalesce(json_extract(session, '$.asked.recognise'), '') from calls where caller = ?"
        return str(self._office.router.rows(query, self._number)[0][0])

    def _answer(self, asked: dict[str, Any]) -> str:
        match asked["talk"]:
            case {"stage": "confirm", "number": number}:
                return "1" if number in (self._reference, self._code) else "2"
            case {"stage": "part", "part": {"end": end, "characters": count}}:
                return self._reference[:count] if end == "first" else self._reference[-count:]
            case {"stage": "weigh" | "settled" | "left"}:
                return ""
        return self._code if asked["standing"] else ""

    def is_about(self) -> tuple[str, bool]:
        """The message that the call was found to be about, and whether what was said and a 1 were enough."""
        ((message, session),) = self._office.router.rows(
            "select message_id, session from calls where caller = ?", self._number
        )
        return message, not re.search("with a code|asks by keys|asks again", session)

    def story(self) -> str:
        """What became of the call, for whoever reads a failure."""
        ((session,),) = self._office.router.rows("select session from calls where caller = ?", self._number)
        return f"{self._reference} or {self._code}: {session}\nheard: {self.caller.media.summary(self.said)}"

    def longest_silence(self) -> float:
        """Seconds, from the last word to the queue."""
        return self.caller.media.longest_silence(self.said, self.queued() or 0.0)


@pytest.mark.alone
def test_twenty_speak_at_once_and_nobody_is_left_in_silence(
    office: Office, make_caller: MakeCaller, voice: Voice, figures: Figures
) -> None:
    """Some of them use the keys at once, and others where the recogniser cannot keep up. All are in the queue in the
    end, each with the right message."""
    crowd = [Speaker(office, voice, nth, make_caller) for nth in range(CROWD)]
    for each in crowd:
        each.caller.answered()
    for each in crowd:
        each.caller.hears()
        each.begins()
    until(lambda: not [each for each in crowd if not each.queued()], 120, "all are in the queue", every=0.1)
    for each in crowd:
        figures.add(f"{CROWD} speak at once: longest silence", each.longest_silence())
        figures.add(f"{CROWD} speak at once: in the queue", (each.queued() or 0) - each.said)
    about = {each.message: each.is_about() for each in crowd}
    print(f"{sum(said for _, said in about.values())} of {CROWD} were understood at once")
    for each in crowd:
        if about[each.message][0] != each.message:
            print(each.story())
    assert {message: found for message, (found, _) in about.items()} == {message: message for message in about}
    assert max(each.longest_silence() for each in crowd) < SECONDS_OF_SILENCE
