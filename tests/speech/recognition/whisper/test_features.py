"""Features of sound, against the values that OpenAI publishes with Whisper and what follows from their definition."""

from __future__ import annotations

import numpy as np
import pytest

from router.speech.recognition.whisper.features import WHISPER_RATE, log_mel, mel_filters, samples_of


def tone(hertz: float, seconds: float = 1.0, loudness: float = 0.5) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    at = np.arange(int(WHISPER_RATE * seconds)) / WHISPER_RATE
    return (loudness * np.sin(2 * np.pi * hertz * at)).astype(np.float32)


def test_the_filters_are_those_published_with_whisper() -> None:
    filters = mel_filters(80)
    assert filters.shape == (80, 201)
    assert filters[0][1] == pytest.approx(0.02486259490251541, rel=1e-6)
    assert filters[1][1:4] == pytest.approx([0.001990821911022067, 0.022871775552630424, 0], rel=1e-6)
    # Triangles of equal area: what is between two samples of a frequency is 40 Hz.
    assert (filters.sum(axis=1)[20:] * 40) == pytest.approx(np.ones(60), rel=0.1)
    assert mel_filters(128).shape == (128, 201)


def test_a_second_has_a_hundred_columns_and_what_is_missing_is_silence() -> None:
    features = log_mel(tone(440), 2.0)
    assert features.shape == (80, 200)
    assert features.dtype == np.float32
    assert features[:, 150:].max() == features.min(), "the second second is silent"


def test_silence_is_the_least_there_is() -> None:
    assert log_mel(np.zeros(WHISPER_RATE, np.float32), 1.0) == pytest.approx(-1.5)


def test_quiet_parts_count_as_eighty_decibels_below_the_loudest() -> None:
    features = log_mel(tone(1000), 2.0)
    assert features.max() - features.min() == pytest.approx(2.0), "8 decades, a quarter each"


@pytest.mark.parametrize(("hertz", "band"), [(200, 4), (1000, 26), (3000, 54)])
def test_a_tone_is_in_the_band_of_its_frequency(hertz: float, band: int) -> None:
    loudest = log_mel(tone(hertz), 1.0)[:, 10:90].mean(axis=1).argmax()
    assert abs(int(loudest) - band) <= 1


def test_ten_times_the_energy_is_a_quarter_more() -> None:
    louder = log_mel(tone(1000, loudness=0.5), 1.0).max() - log_mel(tone(1000, loudness=0.5 / 10**0.5), 1.0).max()
    assert louder == pytest.approx(0.25, abs=1e-3)


def test_telephone_audio_becomes_twice_as_many_samples_of_full_scale_one() -> None:
    at = np.arange(8000) / 8000
    audio = (16384 * np.sin(2 * np.pi * 440 * at)).astype("<i2").tobytes()
    samples = samples_of(audio + b"\x00")  # half a sample at the end is left out
    assert abs(len(samples) - WHISPER_RATE) <= 1
    assert float(np.abs(samples[2000:14000]).max()) == pytest.approx(0.5, abs=0.01)
    assert len(samples_of(b"")) == 0


def test_longer_audio_is_cut_to_the_window() -> None:
    assert log_mel(tone(440, seconds=3), 1.0).shape == (80, 100)
