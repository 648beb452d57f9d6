"""Decoding: what Whisper makes of a recording, by free and by held searches. Runs in a worker's process."""

from __future__ import annotations

import importlib
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from router.core.hearing import Expected, Listening, Reading
from router.speech.recognition.whisper.combining import Found, Hypothesis, combined, in_pairs
from router.speech.recognition.whisper.features import WHISPER_RATE, log_mel, samples_of
from router.speech.recognition.whisper.vocabulary import Vocabulary

WINDOWS = (10.0, 15.0)
"""Seconds that the encoder looks at: the first that the audio fits into. Shorter windows cost less and lose nothing."""
MOST_TOKENS = 44
"""Tokens of a text; on bad audio Whisper repeats itself without an end."""
SILENCE = 10 ** (-60 / 20)
"""What never is louder, relative to full scale, is a line on which nothing happens; Whisper would make up a word."""
_BEFORE = 6
"""Tokens of what is said before a number; a text that is cut off has its number in the other searches."""
HELD_BEAM = 8
"""Hypotheses of a search held to digits."""
FREE_BEAM = 5
"""Hypotheses of free text where letters are expected."""
NO_SPEECH = 0.6
"""From this probability that nobody speaks, and …"""
UNLIKELY = -1.0
"""… below this logarithm of the probability a token, a free text is made up."""

DIGITS = tuple(f" {digit}" for digit in range(10))
PAIRS = {"de": (*(f" {number}" for number in range(100)), ",", " und")}
"""Languages that say numbers in pairs whose order or joints a search must know of."""


@dataclass(frozen=True, slots=True)
class Hearing:
    """Readings, and the seconds that each stage took."""

    readings: tuple[Reading, ...]
    seconds: dict[str, float]


class Decoder:
    """A model in memory, on one core."""

    def __init__(self, folder: Path) -> None:
        """Load the model of a folder. Raises `ImportError`, `OSError`, `ValueError` and `RuntimeError`."""
        # Not every installation has it, and where it is not nobody gets here.
        self._library = importlib.import_module("ctranslate2")
        self._model: Any = self._library.models.Whisper(
            str(folder), device="cpu", compute_type="int8", inter_threads=1, intra_threads=1
        )
        self._vocabulary = Vocabulary.load(folder)

    def hear(self, audio: bytes, language: str, listening: Listening) -> Hearing:
        """What is said in ``audio``, of which the last `WINDOWS`[-1] seconds count: a number comes at the end of what
        is said with it. Raises `ValueError` for a language that the model does not know."""
        clock = _Clock()
        samples = samples_of(audio)[-int(WINDOWS[-1] * WHISPER_RATE) :]
        if not len(samples) or float(np.abs(samples).max()) < SILENCE:
            return Hearing((), clock.seconds)
        window = next((each for each in WINDOWS if len(samples) <= each * WHISPER_RATE), WINDOWS[-1])
        features = log_mel(samples, window, self._model.n_mels)
        clock.lap("mel")
        encoded = self._model.encode(self._library.StorageView.from_array(features[None]), to_cpu=True)
        clock.lap("encode")
        code = language.split("-")[0].lower()
        if not self._model.is_multilingual and code != "en":
            raise ValueError("the model knows English only")
        prompt = self._vocabulary.prompt(code if self._model.is_multilingual else None)
        readings = combined(self._found(encoded, prompt, code, listening), listening)
        clock.lap("decode")
        return Hearing(readings, clock.seconds)

    def _found(self, encoded: Any, prompt: list[int], language: str, listening: Listening) -> list[Found]:
        if listening.expected is not Expected.DIGITS:
            return [
                self._free(encoded, prompt, MOST_TOKENS, FREE_BEAM if listening.expected is Expected.CHARACTERS else 1)
            ]
        # A digit and a comma are two tokens.
        free = self._free(encoded, prompt, listening.longest * 2 + _BEFORE, 1)
        if not free.hypotheses:
            return [free]
        digits = self._held("digits", self._only_digits, encoded, prompt, listening.longest)
        others = self._only_pairs.get(language)
        if others is None or not in_pairs(free, digits, listening):
            return [digits, free]
        return [digits, free, self._held("pairs", others, encoded, prompt, listening.longest * 2)]

    def _free(self, encoded: Any, prompt: list[int], most: int, beam: int) -> Found:
        """Text as it comes; nothing where nobody speaks."""
        options = {"return_no_speech_prob": True, "beam_size": beam, "num_hypotheses": beam}
        result = self._generate(encoded, prompt, most, options)
        hypotheses = self._hypotheses(result)
        tokens = len(result.sequences_ids[0]) + 1
        if result.no_speech_prob > NO_SPEECH and hypotheses[0].score / tokens < UNLIKELY:
            return Found("free", ())
        return Found("free", tuple(each for each in hypotheses if each.text))

    def _held(self, search: str, others: list[int], encoded: Any, prompt: list[int], most: int) -> Found:
        """Text held to some tokens; ``others`` are all that are not allowed."""
        options = {
            "beam_size": HELD_BEAM,
            "num_hypotheses": HELD_BEAM,
            "suppress_tokens": others,
            "suppress_blank": False,
        }
        return Found(search, self._hypotheses(self._generate(encoded, prompt, most, options)))

    def _generate(self, encoded: Any, prompt: list[int], most: int, options: dict[str, Any]) -> Any:
        # The library counts what the prompt takes, too, and leaves half of all for what was said before.
        most = min(most, MOST_TOKENS)
        fixed = {"max_length": max(len(prompt) + most, 2 * most), "length_penalty": 0, "return_scores": True}
        return self._model.generate(encoded, [prompt], **fixed, **options)[0]

    def _hypotheses(self, result: Any) -> tuple[Hypothesis, ...]:
        pairs: Sequence[tuple[list[int], float]] = list(zip(result.sequences_ids, result.scores, strict=True))
        return tuple(Hypothesis(self._vocabulary.text(tokens), score) for tokens, score in pairs)

    @cached_property
    def _only_digits(self) -> list[int]:
        return self._vocabulary.all_but(DIGITS)

    @cached_property
    def _only_pairs(self) -> dict[str, list[int]]:
        return {language: self._vocabulary.all_but(texts) for language, texts in PAIRS.items()}


class _Clock:
    """Seconds of stages, one after the other."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._since = time.monotonic()

    def lap(self, stage: str) -> None:
        now = time.monotonic()
        self.seconds[stage] = round(now - self._since, 4)
        self._since = now
