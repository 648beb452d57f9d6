"""The tokens of a Whisper model: pieces of text, and marks such as ``<|de|>``. Their numbers are those of the lines."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from functools import cache, cached_property
from pathlib import Path

FILES = ("vocabulary.txt", "vocabulary.json")
"""One of these is in a model's folder: one token a line, or a JSON list."""

END = "<|endoftext|>"
_START, _TRANSCRIBE, _NO_TIMES = "<|startoftranscript|>", "<|transcribe|>", "<|notimestamps|>"


class Vocabulary:
    """Tokens by their numbers. In ``tokens`` each byte is one printable character, as in GPT-2."""

    def __init__(self, tokens: Sequence[str]) -> None:
        self._tokens = tokens
        self._numbers = {token: number for number, token in enumerate(tokens)}
        self._bytes = {character: byte for byte, character in _characters().items()}

    @classmethod
    def load(cls, folder: Path) -> Vocabulary:
        """The vocabulary of a model. Raises `OSError` and `ValueError`."""
        path = next((folder / name for name in FILES if (folder / name).is_file()), folder / FILES[0])
        text = path.read_text("utf-8")
        tokens = json.loads(text) if path.suffix == ".json" else text.removesuffix("\n").split("\n")
        if not isinstance(tokens, list) or not all(isinstance(token, str) for token in tokens):
            raise ValueError(f"{path.name} is no list of tokens")
        return cls(tokens)

    def __len__(self) -> int:
        return len(self._tokens)

    def number(self, text: str) -> int | None:
        """The token that is this text or mark; None where it takes more than one."""
        written = text if text in self._numbers else "".join(_characters()[byte] for byte in text.encode())
        return self._numbers.get(written)

    def prompt(self, language: str | None) -> list[int]:
        """What decoding begins with: text in that ISO 639-1 language, without times. None for a model of English alone.
        Raises `ValueError` for a language that the model does not know."""
        marks = [_START, _NO_TIMES] if language is None else [_START, f"<|{language}|>", _TRANSCRIBE, _NO_TIMES]
        numbers = [self._numbers.get(mark) for mark in marks]
        if None in numbers:
            raise ValueError(f"the model does not know the language {(language or '')[:20]!r}")
        return [number for number in numbers if number is not None]

    def text(self, numbers: Iterable[int]) -> str:
        """The text of these tokens without marks, and without space around it."""
        written = "".join(self._tokens[number] for number in numbers if number < self._first_mark)
        return bytes(self._bytes.get(character, 0x20) for character in written).decode(errors="replace").strip()

    def all_but(self, texts: Iterable[str]) -> list[int]:
        """Every token but those of these texts (what is no token of its own is left out) and the end."""
        kept = {self.number(text) for text in texts} | {self._numbers.get(END)}
        return [number for number in range(len(self._tokens)) if number not in kept]

    @cached_property
    def _first_mark(self) -> int:
        return self._numbers.get(END, len(self._tokens))


@cache
def _characters() -> dict[int, str]:
    """The printable character for each byte: itself where it is printable in Latin 1, else one of those from U+0100."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(0x100) if byte not in printable]
    return {byte: chr(byte) for byte in printable} | {byte: chr(0x100 + at) for at, byte in enumerate(others)}
