"""The file of queues for Asterisk: a place for each set of skills and each phone, and nothing that breaks it."""

from __future__ import annotations

import asyncio
import configparser
import os
from pathlib import Path

import pytest

from router.agents.asterisk_queues import AsteriskQueues, write_whole
from router.agents.queue_file import queue_file
from router.agents.queue_names import base_of, is_place, of_phone, places
from router.flow.nodes.base import Words
from router.flow.queues import Announcements, Queue
from router.speech.failures import SynthesisFailed

SHIPPED = Path(__file__).parents[2] / "asterisk_conf" / "threadline_queues.conf"
SALES = Queue(
    skill_set=("gas", "english"),
    strategy="longest_idle",
    ring=15,
    announcements=Announcements(position=True, every=30, texts=(Words(de="Bitte warten."), Words(de="Gleich."))),
)


def read(text: str) -> dict[str, dict[str, str]]:
    """The sections, as far as Asterisk's format is that of INI files."""
    plain = "\n".join(line.split("](")[0] + "]" if line.startswith("[") else line for line in text.splitlines())
    parser = configparser.ConfigParser(inline_comment_prefixes=";", comment_prefixes=";", strict=True)
    parser.read_string(plain)
    return {name: dict(parser[name]) for name in parser.sections()}


def test_each_set_of_skills_and_each_phone_has_a_place() -> None:
    found = read(queue_file(["sales", "service"], {"sales": SALES}, ["PJSIP/101"], {"sales": ["threadline/a", "b"]}))
    ours = {"threadline-place", "threadline-phone"}
    assert set(found) - ours == {
        "default", "sales", "sales.english", "sales.gas", "sales.english.gas", "service", "phone.PJSIP-101",
    }  # fmt: skip
    assert found["sales.english"]["strategy"] == found["sales"]["strategy"] == "leastrecent"
    assert found["sales"]["timeout"] == "15"
    weights = [
        found[name].get("weight", "0") for name in ("sales", "sales.gas", "sales.english.gas", "phone.PJSIP-101")
    ]
    assert weights == sorted(weights, key=int)
    assert len(set(weights)) == 4
    assert found["sales"]["periodic-announce"] == "threadline/a,b"
    assert (found["sales"]["announce-position"], found["sales"]["announce-frequency"]) == ("yes", "30")
    assert "announce-holdtime" not in found["sales"]
    assert found["threadline-phone"]["joinempty"] == "unavailable,invalid,unknown"


def test_what_is_shipped_is_what_is_written_of_queues_that_nobody_described() -> None:
    assert SHIPPED.read_text() == queue_file(["default", "sales", "service"], {}, [])


def test_places_tell_their_queue() -> None:
    assert places("sales", ["gas", "english"]) == ("sales", "sales.english", "sales.gas", "sales.english.gas")
    assert {base_of(place) for place in places("sales", ["gas", "english"])} == {"sales"}
    assert base_of(of_phone("PJSIP/101")) is None
    assert [is_place(name) for name in ("sales", "sales.gas", "phone.PJSIP-101")] == [False, True, True]


class Book:
    def __init__(self) -> None:
        self.names = ("sales",)
        self.described = {"sales": SALES}


class Ami:
    def __init__(self) -> None:
        self.connected = False
        self.reloads = 0
        self.reloaded = asyncio.Event()

    async def reload_queues(self) -> None:
        self.reloads += 1
        self.reloaded.set()


async def test_asterisk_is_told_of_a_file_that_differs_as_soon_as_it_is_there(tmp_path: Path) -> None:
    async def speak(text: str, language: str, recording: str | None) -> Path:
        if text == "Gleich.":
            raise SynthesisFailed("no voice")
        made = tmp_path / "made.wav"
        made.write_bytes(text.encode())
        return made

    ami, file, sounds = Ami(), tmp_path / "etc" / "queues.conf", tmp_path / "sounds"
    queues = AsteriskQueues(Book(), ["PJSIP/101"], file, sounds, speak, ami)
    before = os.umask(0o077)
    try:
        await queues.follow()
    finally:
        os.umask(before)
    (name,) = read(file.read_text())["sales"]["periodic-announce"].split(",")
    assert (sounds / "de" / f"{name}.wav").read_text() == "Bitte warten."
    assert [path.stat().st_mode & 0o777 for path in (file, file.parent, sounds / "de")] == [0o644, 0o755, 0o755]
    assert ami.reloads == 0
    ami.connected = True
    running = asyncio.create_task(queues.run())
    await asyncio.wait_for(ami.reloaded.wait(), 60)
    running.cancel()
    await queues.follow()
    assert ami.reloads == 1, "nothing has changed since"


async def test_a_file_that_cannot_be_written_costs_nothing(tmp_path: Path) -> None:
    (tmp_path / "in the way").write_text("")
    await AsteriskQueues(Book(), [], tmp_path / "in the way" / "queues.conf").follow()


def test_nobody_reads_half_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "queues.conf"
    assert write_whole(file, "before")
    assert not write_whole(file, "before")

    def fails(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(os, "fsync", fails)
    with pytest.raises(OSError, match="disk full"):
        write_whole(file, "after")
    assert file.read_text() == "before"
    assert list(tmp_path.iterdir()) == [file]
