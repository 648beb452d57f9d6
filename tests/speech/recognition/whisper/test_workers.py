"""Workers: real processes that play a worker and do what workers may do wrong."""

from __future__ import annotations

import asyncio
import os
import select
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from router.core.hearing import Expected, Listening
from router.speech.recognition.recogniser import RecognitionFailed
from router.speech.recognition.whisper.recogniser import PAUSE_SECONDS, Whisper, command_of

NUMBER = Listening(Expected.DIGITS, 8, 8)

STAND_IN = """
import os, sys, time
from router.speech.recognition.whisper import wire

def say(header):
    sys.stdout.buffer.write(wire.packed(header))
    sys.stdout.buffer.flush()

def readings(text):
    say({"readings": [[text, 0.5]], "seconds": {}})

starts = open(sys.argv[1], "a")
starts.write("x")
starts.close()
if os.environ.get("THREADLINE_SECRET"):
    say({"failed": "it sees our secrets"})
if len(sys.argv) > 2:
    say({"failed": sys.argv[2]})
    sys.exit()
say({"ready": True})
while (job := wire.read(sys.stdin.buffer)) is not None:
    match job[1].decode():
        case "die": os._exit(3)
        case "hang": time.sleep(600)
        case "garbage": os.write(1, b"x" * 100)
        case "huge": os.write(1, b"\\xff" * 8)
        case "nothing": say({"readings": [], "seconds": {}})
        case "refuse": say({"failed": "no such language"})
        case "odd": say({"readings": 7})
        case text: readings(f"{text} {job[0]['language']} {job[0]['listening']['expected']}")
"""


class House:
    """Recognisers with stand-ins for workers, and how often one was started."""

    def __init__(self, folder: Path, stack: AsyncExitStack) -> None:
        self._folder, self._stack = folder, stack
        self.now = [0.0]
        (folder / "stand_in.py").write_text(STAND_IN)

    def whisper(self, *arguments: str, workers: int = 1, seconds: float = 30) -> Whisper:
        command = (sys.executable, str(self._folder / "stand_in.py"), str(self._folder / "starts"), *arguments)
        made = Whisper(command, workers=workers, seconds=seconds, now=lambda: self.now[0])
        self._stack.push_async_callback(made.aclose)
        return made

    @property
    def starts(self) -> int:
        path = self._folder / "starts"
        return len(path.read_text()) if path.exists() else 0


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with AsyncExitStack() as stack:
        yield House(tmp_path, stack)


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


async def hear(whisper: Whisper, audio: str) -> str:
    (reading,) = await whisper.hear(audio.encode(), "de", NUMBER)
    return reading.text


async def test_a_worker_hears_one_thing_after_the_other(house: House) -> None:
    whisper = house.whisper()
    assert house.starts == 0, "nobody has spoken yet"
    assert await hear(whisper, "one") == "one de digits"
    assert await hear(whisper, "two") == "two de digits"
    assert await whisper.hear(b"nothing", "de", NUMBER) == ()
    assert house.starts == 1


async def test_workers_can_be_started_beforehand(house: House) -> None:
    whisper = house.whisper(workers=3)
    await whisper.prepare()
    assert (house.starts, len(whisper.pids)) == (3, 3)
    await whisper.prepare()
    assert house.starts == 3


async def test_each_is_heard_by_a_worker_of_its_own(house: House) -> None:
    whisper = house.whisper(workers=2, seconds=30)
    hanging = asyncio.create_task(hear(whisper, "hang"))
    await asyncio.sleep(0)
    assert await hear(whisper, "quick") == "quick de digits"
    hanging.cancel()


@pytest.mark.parametrize(
    ("audio", "reason"),
    [
        ("die", "a worker died"),
        ("garbage", "a worker sent a message too long to be one"),
        ("huge", "a worker sent a message too long to be one"),
        ("odd", "a worker sent an answer that is none"),
    ],
)
async def test_a_worker_that_dies_or_talks_nonsense_is_replaced_and_fails_once(
    house: House, audio: str, reason: str
) -> None:
    whisper = house.whisper()
    await whisper.prepare()
    (first,) = whisper.pids
    with pytest.raises(RecognitionFailed, match=reason):
        await hear(whisper, audio)
    assert await hear(whisper, "after") == "after de digits"
    assert gone(first)
    assert (house.starts, len(whisper.pids)) == (2, 1)


async def test_a_worker_that_died_while_nobody_spoke_costs_the_next_caller_no_words(house: House) -> None:
    whisper = house.whisper()
    await whisper.prepare()
    os.kill(whisper.pids[0], signal.SIGKILL)
    async with asyncio.timeout(30):
        while whisper.pids:  # noqa: ASYNC110 - a process tells nobody that it is gone
            await asyncio.sleep(0.01)
    assert await hear(whisper, "after") == "after de digits"
    assert house.starts == 2


async def test_a_worker_that_hangs_is_ended_and_replaced(house: House) -> None:
    whisper = house.whisper(seconds=0.2)
    await whisper.prepare()
    (first,) = whisper.pids
    with pytest.raises(RecognitionFailed, match="no answer within 0.2 s"):
        await hear(whisper, "hang")
    assert gone(first)
    await whisper.aclose()


async def test_what_a_worker_refuses_it_lives_on_after(house: House) -> None:
    whisper = house.whisper()
    with pytest.raises(RecognitionFailed, match="no such language"):
        await hear(whisper, "refuse")
    assert await hear(whisper, "after") == "after de digits"
    assert house.starts == 1


async def test_who_gives_up_while_waiting_is_never_decoded_for(house: House) -> None:
    whisper = house.whisper()
    await whisper.prepare()
    heard = [asyncio.create_task(hear(whisper, text)) for text in ("first", "die", "third")]
    await asyncio.sleep(0)
    heard[1].cancel()
    assert await heard[0] == "first de digits"
    assert await heard[2] == "third de digits"
    assert house.starts == 1, "what would have ended the worker never reached it"


async def test_who_gives_up_while_it_is_decoded_keeps_nobody_from_being_heard(house: House) -> None:
    whisper = house.whisper()
    await whisper.prepare()
    caller = asyncio.create_task(hear(whisper, "given up"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    caller.cancel()
    assert await hear(whisper, "next") == "next de digits", "not the answer that nobody took"
    assert house.starts == 1


async def test_a_worker_that_cannot_start_says_why_and_is_not_tried_at_once_again(house: House) -> None:
    whisper = house.whisper("no model there")
    for _ in range(2):
        with pytest.raises(RecognitionFailed, match="no model there"):
            await hear(whisper, "any")
    assert (house.starts, whisper.pids) == (1, ())
    house.now[0] = PAUSE_SECONDS
    with pytest.raises(RecognitionFailed, match="no model there"):
        await whisper.prepare()
    assert house.starts == 2


async def test_a_program_that_is_not_there_is_told(house: House) -> None:
    whisper = Whisper(("/nonexistent/python",), workers=1, seconds=1)
    with pytest.raises(RecognitionFailed, match="cannot be started"):
        await hear(whisper, "any")
    await whisper.aclose()


@pytest.mark.parametrize("audio", ["idle", "hang"])
async def test_nothing_is_left_when_it_is_closed(house: House, audio: str) -> None:
    whisper = house.whisper(workers=2)
    await whisper.prepare()
    pids = whisper.pids
    caller = asyncio.create_task(hear(whisper, audio))
    await asyncio.sleep(0)
    await whisper.aclose()
    assert all(map(gone, pids))
    await asyncio.gather(caller, return_exceptions=True)
    with pytest.raises(RecognitionFailed, match="closed"):
        await hear(whisper, "late")


OWNER = """
import asyncio, sys
from router.speech.recognition.whisper.recogniser import Whisper

async def main():
    whisper = Whisper(sys.argv[1:], workers=1, seconds=30)
    await whisper.prepare()
    print(*whisper.pids, flush=True)
    await asyncio.sleep(600)

asyncio.run(main())
"""


def test_no_worker_outlives_a_service_that_is_killed(tmp_path: Path) -> None:
    (tmp_path / "stand_in.py").write_text(STAND_IN)
    command = (sys.executable, str(tmp_path / "stand_in.py"), str(tmp_path / "starts"))
    with subprocess.Popen([sys.executable, "-c", OWNER, *command], stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        lines = iter(owner.stdout.readline, "")
        worker = int(next(line for line in lines if line.strip().isdigit()))
        ended = os.pidfd_open(worker)
        owner.kill()
    assert select.select([ended], [], [], 60)[0], "the worker is still there"
    os.close(ended)


async def test_a_worker_sees_nothing_of_our_environment(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THREADLINE_SECRET", "s" * 32)
    assert await hear(house.whisper(), "fine") == "fine de digits"


async def test_the_real_worker_says_what_is_wrong_with_a_model(tmp_path: Path) -> None:
    for name in ("config.json", "model.bin", "vocabulary.txt"):
        (tmp_path / name).write_text("{}")
    whisper = Whisper(command_of(tmp_path, installed=True), workers=1, seconds=30)
    with pytest.raises(RecognitionFailed, match="'threadline speech install' again"):
        await hear(whisper, "any")
    await whisper.aclose()
