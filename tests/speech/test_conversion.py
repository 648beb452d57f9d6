"""Any PCM becomes what a telephone plays, without clipping and in the right length."""

from __future__ import annotations

import numpy as np
import pytest

from router.speech.conversion import Samples, to_telephone
from router.speech.wav import Wav, WavUnreadable, read_wav


def sine(seconds: float, rate: int, hertz: float = 1000.0, loudness: float = 0.5) -> Samples:
    phase = 2 * np.pi * hertz * np.arange(int(seconds * rate)) / rate
    return np.asarray(loudness * np.sin(phase), dtype=np.float32)


def as_wav(samples: Samples, rate: int, bits: int = 16, channels: int = 1) -> Wav:
    wide = np.repeat(np.rint(samples.astype(np.float64) * (2.0**31 - 2**8)).astype("<i4"), channels)
    match bits:
        case 8:
            raw = ((wide >> 24) + 128).astype("u1").tobytes()
        case 24:
            raw = wide.view("u1").reshape(-1, 4)[:, 1:].tobytes()
        case _:
            raw = (wide >> (32 - bits)).astype(f"<i{bits // 8}").tobytes()
    return Wav(1, channels, rate, bits, memoryview(raw))


def heard(content: bytes) -> Samples:
    wav = read_wav(content)
    assert wav.is_telephone
    return np.frombuffer(wav.data, "<i2").astype(np.float32) / np.float32(32768)


@pytest.mark.parametrize("rate", [8000, 11025, 16000, 22050, 44100, 48000])
@pytest.mark.parametrize("bits", [8, 16, 24, 32])
@pytest.mark.parametrize("channels", [1, 2])
def test_a_tone_keeps_its_pitch_loudness_and_length(rate: int, bits: int, channels: int) -> None:
    result = heard(to_telephone(as_wav(sine(1.0, rate), rate, bits, channels)))
    assert abs(len(result) - 8000) <= 1
    middle = result[2000:6000]
    assert np.argmax(np.abs(np.fft.rfft(middle))) * 8000 / len(middle) == 1000
    assert np.abs(middle).max() == pytest.approx(0.5, abs=0.02)


def test_what_a_telephone_cannot_carry_does_not_come_back_as_another_tone() -> None:
    result = heard(to_telephone(as_wav(sine(1.0, 44100, hertz=6000), 44100)))
    assert np.abs(result[1000:-1000]).max() < 0.001


def test_full_scale_sound_gets_headroom_and_never_clips() -> None:
    square = np.sign(sine(0.5, 22050, hertz=300)).astype(np.float32)
    assert np.abs(heard(to_telephone(as_wav(square, 22050)))).max() == pytest.approx(10 ** (-3 / 20), abs=0.001)


def test_silence_around_speech_is_cut_to_a_fixed_length() -> None:
    silence = np.zeros(16000, np.float32)
    long = heard(to_telephone(as_wav(np.concatenate([silence, sine(0.5, 8000), silence]), 8000), trim=True))
    none = heard(to_telephone(as_wav(sine(0.5, 8000), 8000), trim=True))
    for result in (long, none):
        assert len(result) / 8000 == pytest.approx(0.05 + 0.5 + 0.12, abs=0.002)
        assert not result[:400].any()
        assert np.abs(result[400:410]).max() > 0


# Bytes of ITU-T G.711 with their samples of 16 bits: the loudest, the quietest, and one between.
@pytest.mark.parametrize(
    ("encoding", "samples"),
    [
        (6, {0xAA: 32256, 0x2A: -32256, 0xD5: 8, 0x55: -8, 0x85: 4224}),
        (7, {0x80: 32124, 0x00: -32124, 0xFF: 0, 0x7F: 0, 0xE7: 260}),
    ],
)
def test_what_telephones_send_is_expanded(encoding: int, samples: dict[int, int]) -> None:
    for byte, sample in samples.items():
        wav = Wav(encoding, 1, 8000, 8, memoryview(bytes([byte]) * 80))
        wanted = np.sign(sample) * min(abs(sample) / 32768, 10 ** (-3 / 20))
        assert heard(to_telephone(wav)) == pytest.approx(np.full(80, wanted), abs=1e-4)


@pytest.mark.parametrize(
    ("wav", "reason"),
    [
        (Wav(0x31, 1, 8000, 8, memoryview(b"abcd")), "GSM, not PCM"),
        (Wav(6, 1, 8000, 16, memoryview(b"abcd")), "16 bits a sample of A-law"),
        (Wav(6, 0, 8000, 8, memoryview(b"abcd")), "0 channels"),
        (Wav(0x55, 2, 44100, 0, memoryview(b"abcd")), "MP3, not PCM"),
        (Wav(1, 1, 0x7FFFFFFF, 16, memoryview(b"abcd")), "2147483647 Hz"),
        (Wav(1, 64, 8000, 16, memoryview(bytes(128))), "64 channels"),
        (Wav(1, 1, 8000, 64, memoryview(bytes(8))), "64 bits"),
        (Wav(1, 1, 8000, 16, memoryview(b"")), "no sound"),
    ],
)
def test_what_cannot_be_converted_is_refused_with_the_reason(wav: Wav, reason: str) -> None:
    with pytest.raises(WavUnreadable, match=reason):
        to_telephone(wav)


def test_nothing_but_silence_is_no_prompt() -> None:
    with pytest.raises(WavUnreadable, match="no sound"):
        to_telephone(as_wav(np.zeros(8000, np.float32), 8000), trim=True)
