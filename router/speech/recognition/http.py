"""A recogniser behind HTTP, for the cloud services there are: asked like a webhook, signed as Standard Webhooks have it
(docs/speech.md)."""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import httpx

from router.calls.webhooks import Unusable, http_client, posted, signed
from router.core.hearing import Listening, Reading
from router.speech.recognition.recogniser import RecognitionFailed
from router.speech.wav import telephone_wav

MOST_READINGS = 20
LONGEST_TEXT = 500
"""Characters of a reading; the rest is left out."""
_RESERVE = 0.05
"""What a service that is sure of itself leaves for something else."""


class HttpRecogniser:
    """Asks ``address``; each of ``keys`` signs. ``clock`` is the time that is signed, ``make_id`` names a request."""

    name = "http"

    def __init__(
        self,
        address: str,
        keys: Sequence[bytes],
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        make_id: Callable[[], str] = lambda: f"speech_{secrets.token_hex(12)}",
    ) -> None:
        self._address = address
        self._keys = keys
        self._clock = clock
        self._make_id = make_id
        self._client: httpx.AsyncClient | None = None

    async def hear(self, audio: bytes, language: str, listening: Listening) -> tuple[Reading, ...]:
        """As `Recogniser.hear`."""
        if self._client is None:
            self._client = http_client()
        body = body_of(audio, language, listening)
        headers = signed(self._keys, self._make_id(), self._clock(), body)
        try:
            return readings_of(await posted(self._client, self._address, headers, body))
        except Unusable as error:
            raise RecognitionFailed(str(error)) from None
        except (httpx.HTTPError, OSError) as error:
            raise RecognitionFailed(f"cannot be reached ({type(error).__name__})") from None

    async def aclose(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._client.aclose()


def body_of(audio: bytes, language: str, listening: Listening) -> bytes:
    """What is sent: the recording as a WAV in base64, and what may be in it."""
    data = {
        "language": language,
        "expected": listening.expected.value,
        "shortest": listening.shortest,
        "longest": listening.longest,
        "words": listening.words,
        "audio": base64.b64encode(telephone_wav(audio)).decode(),
    }
    return json.dumps({"type": "speech", "data": data}, ensure_ascii=False).encode(errors="replace")


def readings_of(answer: Mapping[str, Any]) -> tuple[Reading, ...]:
    """The readings of an answer, each with its confidence from 0 to 1; where that is missing each is half as likely as
    the one before. Together they weigh less than 1. Raises `Unusable`."""
    listed = answer.get("readings")
    if not isinstance(listed, list) or not all(isinstance(each, dict) for each in listed):
        raise Unusable("the answer has no list of readings")
    weights: dict[str, float] = {}
    for place, each in enumerate(listed[:MOST_READINGS]):
        text, confidence = each.get("text"), each.get("confidence", 0.5 ** (place + 1))
        if not isinstance(text, str) or isinstance(confidence, bool) or not isinstance(confidence, int | float):
            raise Unusable("a reading has no text, or a confidence that is no number")
        if not 0 <= confidence <= 1:
            raise Unusable("a confidence is not between 0 and 1")
        if text := " ".join(text.split())[:LONGEST_TEXT]:
            weights[text] = max(weights.get(text, 0.0), float(confidence))
    return ranked(weights)


def ranked(weights: Mapping[str, float]) -> tuple[Reading, ...]:
    """Readings, likeliest first; their weights are made less where together they would leave nothing for something
    else. One of no weight at all counts little, but counts."""
    floored = {text: max(weight, 0.01) for text, weight in weights.items()}
    scale = min(1.0, (1 - _RESERVE) / sum(floored.values())) if floored else 1.0
    order = sorted(floored.items(), key=lambda item: -item[1])
    return tuple(Reading(text, weight * scale) for text, weight in order)
