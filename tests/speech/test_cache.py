"""The directory of prompts: bounded, never half written, in order of last use."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from router.speech.cache import AudioCache, content_key, is_key
from router.speech.failures import SynthesisFailed
from router.speech.wav import telephone_wav


class Clock:
    def __init__(self) -> None:
        self.seconds = 2_000_000_000.0

    def __call__(self) -> float:
        return self.seconds


def key(number: int) -> str:
    return content_key("test", str(number))


def opened(directory: Path, clock: Clock, *, max_bytes: int = 10**9, max_files: int = 1000) -> AudioCache:
    cache = AudioCache(directory, max_bytes=max_bytes, max_files=max_files, now=clock)
    cache.open()
    return cache


def names(directory: Path) -> list[str]:
    return [path.name for path in directory.iterdir()]


SOUND = telephone_wav(b"ab" * 478)  # 1,000 bytes


def test_keys_do_not_run_together() -> None:
    assert content_key("a", "bc") != content_key("ab", "c") != content_key("a", "b", "c")
    assert is_key(content_key("a"))


@pytest.mark.parametrize("text", ["", "../x", "A" * 40, "a" * 39, "a" * 41, "a" * 40 + "\n", "٣" * 40])
def test_what_is_not_a_key_is_never_looked_up(tmp_path: Path, text: str) -> None:
    assert not is_key(text)
    assert opened(tmp_path, Clock()).find(text) is None


async def test_beyond_the_limit_the_least_recently_used_go(tmp_path: Path) -> None:
    clock = Clock()
    cache = opened(tmp_path, clock, max_bytes=5_000)
    for number in range(5):
        clock.seconds += 10
        await cache.put(key(number), SOUND)
    assert cache.find(key(0))  # used again: now the youngest
    await cache.put(key(5), SOUND)
    assert [number for number in range(6) if cache.find(key(number))] == [0, 2, 3, 4, 5]
    assert len(names(tmp_path)) == 5


async def test_the_number_of_files_is_bounded_too_and_the_new_one_stays(tmp_path: Path) -> None:
    cache = opened(tmp_path, Clock(), max_files=2, max_bytes=10)
    for number in range(4):
        await cache.put(key(number), SOUND)
        assert cache.find(key(number))
    assert len(names(tmp_path)) == 1


async def test_a_directory_far_too_full_is_emptied_in_small_bites(tmp_path: Path) -> None:
    generous = opened(tmp_path, Clock())
    for number in range(40):
        await generous.put(key(number), SOUND)
    strict = opened(tmp_path, Clock(), max_files=10)
    left = []
    for number in range(100, 106):
        await strict.put(key(number), SOUND)
        left.append(len(names(tmp_path)))
    assert left == [33, 26, 19, 12, 10, 10]


async def test_the_order_of_use_survives_a_restart(tmp_path: Path) -> None:
    clock = Clock()
    cache = opened(tmp_path, clock)
    for number in range(4):
        await cache.put(key(number), SOUND)
        clock.seconds += 7200
        assert cache.find(key(number))
    clock.seconds += 7200
    modified = (tmp_path / f"{key(0)}.wav").stat().st_mtime_ns
    assert cache.find(key(0))
    assert (tmp_path / f"{key(0)}.wav").stat().st_mtime_ns == modified

    restarted = opened(tmp_path, clock, max_files=3)
    await restarted.put(key(9), SOUND)
    assert [number for number in (0, 1, 2, 3, 9) if restarted.find(key(number))] == [0, 3, 9]


async def test_a_file_from_another_process_is_found(tmp_path: Path) -> None:
    ours, theirs = opened(tmp_path, Clock()), opened(tmp_path, Clock())
    made = await theirs.put(key(1), SOUND)
    assert ours.find(key(1)) == made


async def test_other_peoples_files_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "README").write_text("keep")
    (tmp_path / "music.wav").write_bytes(SOUND)
    (tmp_path / f"{key(1)}.wav").mkdir()
    cache = opened(tmp_path, Clock(), max_files=1)
    assert cache.find(key(1)) is None
    for number in range(2, 5):
        await cache.put(key(number), SOUND)
    assert {"README", "music.wav"} < set(names(tmp_path))


def test_unfinished_files_of_dead_writers_are_cleared_away_and_fresh_ones_kept(tmp_path: Path) -> None:
    clock = Clock()
    for name, age in ((".old.part", 7200), (".fresh.part", 10)):
        (tmp_path / name).write_bytes(b"RIFF")
        os.utime(tmp_path / name, (clock.seconds - age, clock.seconds - age))
    opened(tmp_path, clock)
    assert names(tmp_path) == [".fresh.part"]


async def test_content_that_is_not_telephone_sound_is_never_kept(tmp_path: Path) -> None:
    cache = opened(tmp_path, Clock())
    for content in (b"", b"RIFF", SOUND[:-1], telephone_wav(b"")):
        with pytest.raises(SynthesisFailed, match="other than"):
            await cache.put(key(1), content)
    assert not names(tmp_path)


async def test_a_full_disk_is_an_error_with_a_way_out_and_leaves_nothing(tmp_path: Path) -> None:
    cache = opened(tmp_path / "prompts", Clock())
    (tmp_path / "prompts").rmdir()
    with pytest.raises(SynthesisFailed, match=r"audio cannot be kept in .*prompts"):
        await cache.put(key(1), SOUND)


def test_a_writer_killed_at_any_moment_leaves_a_whole_file_or_none(tmp_path: Path) -> None:
    script = f"""
        import asyncio, sys
        from pathlib import Path
        from router.speech.cache import AudioCache, content_key
        from router.speech.wav import telephone_wav
        async def main():
            cache = AudioCache(Path({str(tmp_path)!r}), max_files=5)
            cache.open()
            print("ready", flush=True)
            for number in range(10**6):
                await cache.put(content_key("test", str(number % 9)), telephone_wav(b"ab" * (200_000 + number)))
        asyncio.run(main())
    """
    for delay in (0.0, 0.01, 0.02, 0.05, 0.1):
        writer = subprocess.Popen([sys.executable, "-c", textwrap.dedent(script)], stdout=subprocess.PIPE)
        assert writer.stdout
        writer.stdout.readline()
        with pytest.raises(subprocess.TimeoutExpired):
            writer.wait(delay)
        writer.send_signal(signal.SIGKILL)
        writer.wait()
        writer.stdout.close()
        for path in tmp_path.glob("*.wav"):
            assert AudioCache(tmp_path).find(path.stem)
    # What was cut off goes with the first start an hour later.
    clock = Clock()
    clock.seconds = max((path.stat().st_mtime for path in tmp_path.iterdir()), default=0) + 3601
    opened(tmp_path, clock)
    assert not list(tmp_path.glob(".*.part"))
