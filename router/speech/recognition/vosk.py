"""A Vosk server (https://github.com/alphacep/vosk-server, its WebSocket protocol)."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from itertools import product

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from router.core.hearing import Listening, Reading
from router.speech.recognition.recogniser import RATE, RecognitionFailed

ALTERNATIVES = 8
"""Asked for, of each piece between two pauses."""
_CHUNK = RATE * 2
"""Bytes sent at a time: one second, to each of which the server says something."""
_END = '{"eof" : 1}'
"""The server compares it by the letter, spaces included."""
_MOST_BYTES = 65_536
"""Of one message from it."""
_LONGEST_TEXT = 500
_CONNECT_SECONDS, _CLOSE_SECONDS = 3.0, 0.2
_SPREAD = 2.0
"""Vosk's confidences of alternatives are costs with the sign changed; it is surer of them than it is right, by this."""
_SURE = 0.9
"""The weight of all readings together: what is missing stands for something else."""

_MOST_SCORE = 1e9
"""What is beyond is no score, and would not add up."""

Way = tuple[str, float]
"""A text, and the natural logarithm of how likely it is beside the others."""


class _Connect(connect):
    """Follows no redirect: callers' voices go to no other server."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        return exc


class VoskRecogniser:
    """Asks the server at ``address``, where ``{language}`` stands for the language, since a server knows but one."""

    name = "vosk"

    def __init__(self, address: str) -> None:
        self._address = address

    async def hear(self, audio: bytes, language: str, listening: Listening) -> tuple[Reading, ...]:
        """As `Recogniser.hear`."""
        address = self._address.replace("{language}", language.split("-")[0].lower())
        try:
            # No proxies: the environment is read by the settings alone.
            async with _Connect(
                address,
                proxy=None,
                compression=None,
                max_size=_MOST_BYTES,
                open_timeout=_CONNECT_SECONDS,
                close_timeout=_CLOSE_SECONDS,
            ) as connection:
                return combined(await _pieces(connection, audio))
        except (WebSocketException, OSError) as error:
            raise RecognitionFailed(f"cannot be reached ({type(error).__name__})") from None

    async def aclose(self) -> None:
        """There is nothing to end: each hearing has a connection of its own."""


async def _pieces(connection: ClientConnection, audio: bytes) -> list[list[Way]]:
    """What is heard of each piece between two pauses. Raises `RecognitionFailed`."""
    await connection.send(
        json.dumps({"config": {"sample_rate": RATE, "max_alternatives": ALTERNATIVES, "words": True}})
    )
    pieces = []
    for start in range(0, len(audio), _CHUNK):
        await connection.send(audio[start : start + _CHUNK])
        pieces.append(ways_of(await connection.recv()))
    await connection.send(_END)
    pieces.append(ways_of(await connection.recv()))
    return [piece for piece in pieces if piece]


def ways_of(message: str | bytes) -> list[Way]:
    """What a message of the server says was heard; nothing in a partial one. Raises `RecognitionFailed`."""
    try:
        result = json.loads(message)
        if "alternatives" in result:
            return [
                _way(each["text"], each["confidence"]) for each in result["alternatives"][:ALTERNATIVES] if each["text"]
            ]
        if not result.get("text"):
            return []
        words = [min(1.0, max(0.01, word["conf"])) for word in result.get("result", ())]
        return [_way(result["text"], sum(map(math.log, words)))]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise RecognitionFailed("the server sent something other than a result") from None


def _way(text: object, score: object) -> Way:
    if not isinstance(text, str) or isinstance(score, bool) or not isinstance(score, int | float):
        raise TypeError
    if not abs(score) <= _MOST_SCORE:  # nor where it is no number at all
        raise ValueError
    return " ".join(text.split())[:_LONGEST_TEXT], float(score)


def combined(pieces: Iterable[Sequence[Way]]) -> tuple[Reading, ...]:
    """The readings of all pieces one after the other, likeliest first."""
    ways: list[Way] = [("", 0.0)]
    for piece in pieces:
        both = (
            (f"{text} {more}".strip()[:_LONGEST_TEXT], score + also)
            for (text, score), (more, also) in product(ways, piece)
        )
        ways = sorted(both, key=lambda way: -way[1])[:ALTERNATIVES]
    if ways == [("", 0.0)]:
        return ()
    best = ways[0][1]
    odds: dict[str, float] = {}
    for text, score in ways:
        odds[text] = odds.get(text, 0.0) + math.exp((score - best) / _SPREAD)
    whole = sum(odds.values())
    ranked = sorted(odds.items(), key=lambda item: -item[1])
    return tuple(Reading(text, _SURE * each / whole) for text, each in ranked)
