"""What the lines of the log are about: the call, the request. Said once at the entrance, it stands in every line that
is logged from there on in the same task, and in tasks that begin there."""

from __future__ import annotations

from contextvars import ContextVar, Token
from types import MappingProxyType
from typing import Final

_NOTHING: Final[dict[str, str]] = {}
_known: ContextVar[dict[str, str]] = ContextVar("about", default=_NOTHING)


def about(**names: str) -> None:
    """From here on lines are about these. For a task that has nothing else to do; others use `While`."""
    _known.set({**_known.get(), **names})


class While:
    """``with While(call=…):`` lines are about these, and afterwards about what they were before."""

    __slots__ = ("_before", "_names")

    def __init__(self, **names: str) -> None:
        self._names = names
        self._before: Token[dict[str, str]] | None = None

    def __enter__(self) -> None:
        self._before = _known.set({**_known.get(), **self._names})

    def __exit__(self, *_: object) -> None:
        if self._before is not None:
            _known.reset(self._before)


def known() -> MappingProxyType[str, str]:
    """What lines are about here."""
    return MappingProxyType(_known.get())
