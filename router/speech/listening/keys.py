"""Keys that a caller presses as one input. Pure."""

from __future__ import annotations

from typing import Final

_ODD_KEYS: Final = 20
_DIALLED_PAUSE: Final = 0.7
"""Seconds within which the next key comes where a telephone dials: 0.1 to 0.2 s as a rule."""


class Keys:
    """Collects up to ``most`` keys, ``next_timeout`` seconds apart at most, and ``more`` where they come at once as a
    telephone dials them. ``#`` ends the input early. Keys that no telephone has (empty) are passed over, but not for
    ever."""

    def __init__(self, most: int, next_timeout: float, more: int = 0) -> None:
        self._most = most
        self._more = more
        self._next_timeout = next_timeout
        self._odd = 0
        self.pressed = ""
        """The keys so far, without the one that ended the input."""

    def press(self, key: str) -> bool:
        """Take a key; whether the input is over with it."""
        if key == "#":
            return True
        self.pressed += key
        self._odd += not key
        return len(self.pressed) >= self._most + self._more or self._odd > _ODD_KEYS

    @property
    def pause(self) -> float:
        """Seconds without a key after which the input is over."""
        return self._next_timeout if len(self.pressed) < self._most else _DIALLED_PAUSE
