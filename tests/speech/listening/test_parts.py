"""The parts that listening is made of: keys, echo, voice, comfort, and whether all was said."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from router.core.events import SpeechHeard
from router.core.hearing import Expected, Listening, Reading
from router.speech.cache import Audio
from router.speech.failures import SynthesisFailed
from router.speech.listening import echo
from router.speech.listening.comfort import Comfort, notes
from router.speech.listening.keys import Keys
from router.speech.listening.voice import SAMPLES, Gate, SileroVoice
from router.speech.listening.whole import whole
from router.speech.wav import telephone_wav

RANDOM = np.random.default_rng(11)
NUMBER = Listening(Expected.DIGITS, 6, 8)


def samples(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> bytes:
    return values.astype("<i2").tobytes()


def noise(seconds: float, level: float) -> bytes:
    return samples(RANDOM.standard_normal(int(seconds * 8000)) * level)


@pytest.mark.parametrize(
    ("pressed", "over", "keys"),
    [("#", True, ""), ("12", False, "12"), ("12#", True, "12"), ("1234", False, "1234"), ("123456", True, "123456")],
)
def test_keys(pressed: str, over: bool, keys: str) -> None:
    collected = Keys(4, 3.0, more=2)
    assert [collected.press(key) for key in pressed][-1] is over
    assert collected.pressed == keys
    assert collected.pause == (3.0 if len(keys) < 4 else 0.7)


def test_an_echo_is_like_what_was_played_and_another_voice_is_not() -> None:
    played = RANDOM.standard_normal(10_000) * 3000
    room = np.convolve(played, [0.0] * 400 + [0.2] + [0.0] * 90 + [0.1] + [0.0] * 200 + [0.05])[:10_000]
    heard = room[-2500:]
    assert echo.likeness(samples(heard), samples(played)) > 0.8
    other = RANDOM.standard_normal(2500) * 800
    assert echo.likeness(samples(heard + other * 0.2), samples(played)) > echo.ALIKE
    assert echo.likeness(samples(heard + other * 3), samples(played)) < echo.ALIKE
    assert echo.likeness(samples(other), samples(played)) < 0.15


@pytest.mark.parametrize(
    ("heard", "played"), [(b"", b""), (b"", bytes(100)), (bytes(100), bytes(50)), (bytes(50),) * 2]
)
def test_silence_is_no_echo(heard: bytes, played: bytes) -> None:
    assert echo.likeness(heard, played) == 0.0


class Counted:
    """A detector that counts how often it is asked."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self, audio: bytes) -> float:
        assert len(audio) == 1024
        self.asked += 1
        return 0.5

    def reset(self) -> None:
        pass


def voice() -> tuple[SileroVoice, Counted]:
    made, counted = SileroVoice(), Counted()
    made._detector = counted  # type: ignore[assignment]
    return made, counted


def test_silence_costs_nothing() -> None:
    made, counted = voice()
    assert made.hear(bytes(2 * 8000 * 10)) == [0.0] * 312
    assert made.hear(noise(10, 8.0)) == [0.0] * 313
    assert counted.asked == 0


def test_a_steady_noise_costs_nothing_after_a_while() -> None:
    made, counted = voice()
    made.hear(noise(2, 500))
    before = counted.asked
    made.hear(noise(10, 500))
    assert counted.asked == before
    made.hear(noise(0.5, 3000))
    assert counted.asked > before


def test_a_voice_does_not_care_how_its_sound_is_cut() -> None:
    sound = noise(1, 2000)
    at_once, in_pieces = SileroVoice(), SileroVoice()
    expected = at_once.hear(sound)
    found = [each for at in range(0, len(sound), 320) for each in in_pieces.hear(sound[at : at + 320])]
    assert found == expected
    assert len(found) == 8000 // SAMPLES


def test_noise_is_not_speech() -> None:
    assert max(SileroVoice().hear(noise(3, 2000))) < 0.5


def test_twice_the_rate_is_the_same_sound() -> None:
    tone = samples(8000 * np.sin(2 * np.pi * 1000 * np.arange(10 * SAMPLES) / 8000))
    made = SileroVoice()
    pieces = [np.frombuffer(tone[at : at + 2 * SAMPLES], "<i2").astype(np.float32) for at in range(0, len(tone), 512)]
    wide = np.frombuffer(b"".join(made._twice_the_rate(piece) for piece in pieces), "<i2")[1024:]
    spectrum = np.abs(np.fft.rfft(wide[:4096] * np.hanning(4096)))
    assert np.fft.rfftfreq(4096, 1 / 16_000)[spectrum.argmax()] == pytest.approx(1000, abs=5)
    assert spectrum[1600:].max() < spectrum.max() / 1000


def test_the_gate_knows_the_line() -> None:
    gate = Gate()
    for _ in range(60):
        gate.passes(400)
    assert not gate.passes(500)
    assert gate.passes(900)
    assert gate.passes(400)  # the end of the word
    assert not any([gate.passes(400) for _ in range(40)][20:])


@pytest.mark.parametrize(
    ("text", "judged"),
    [
        ("48213907", True),
        ("482139071", True),
        ("482139", None),
        ("48213", None),  # one may have got lost
        ("482", False),
        ("nothing of the kind", None),
    ],
)
def test_whether_a_number_is_whole(text: str, judged: bool | None) -> None:
    assert whole("en", NUMBER)(SpeechHeard(text, (Reading(text, 0.9),))) is judged


@pytest.mark.parametrize(("text", "judged"), [("Yes.", True), ("no", True), ("well, yes", None)])
def test_whether_words_are_whole(text: str, judged: bool | None) -> None:
    assert whole("en", Listening(words=("yes", "no")))(SpeechHeard(text)) is judged


class Store:
    """Makes German words, and none else."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    async def ensure(self, text: str, language: str, recording: str | None = None) -> Audio:
        if language != "de":
            raise SynthesisFailed("no voice")
        path = self._directory / "audio.wav"
        path.write_bytes(telephone_wav(text.encode("utf-16-le")))
        return Audio("0" * 40, 1.0, path)


async def test_comfort_is_words_or_soft_notes(tmp_path: Path) -> None:
    comfort = Comfort()
    assert comfort.sound("de") == notes()
    await comfort.prepare(Store(tmp_path))  # type: ignore[arg-type]
    assert comfort.sound("de").decode("utf-16-le") == "Einen Moment bitte."
    assert comfort.sound("en") == notes()
    assert 0.4 < len(notes()) / 16_000 < 1.0
    assert np.abs(np.frombuffer(notes(), "<i2")).max() < 4000
