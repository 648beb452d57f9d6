"""Key figures, computed from what is stored. Pure; each is told in docs/supervising.md."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Day:
    """What became of the calls of a queue that first waited today; see `router.store.board.day`."""

    answered: int = 0
    in_time: int = 0
    abandoned: int = 0
    soon: int = 0
    elsewhere: int = 0
    late: int = 0

    @property
    def counted(self) -> int:
        """The calls that the service level is a share of: not those who hung up before it could be missed, and of those
        who wait only them for whom it is missed already."""
        return self.answered + self.abandoned - self.soon + self.elsewhere + self.late

    @property
    def level(self) -> float | None:
        """Percent of the counted calls that were answered in time; None where there are none."""
        return 100 * self.in_time / self.counted if self.counted else None


@dataclass(frozen=True, slots=True)
class Change:
    """From ``at`` on somebody stood like this: `off`, `ready`, `paused` or `wrap_up`."""

    at: datetime
    state: str
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Spell:
    """A time in which somebody stood like this; ``until`` None: still does."""

    begin: datetime
    until: datetime | None
    state: str
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds of a day, no second counted twice: whoever talks is neither ready nor paused meanwhile."""

    talks: int = 0
    talk: float = 0.0
    wrap_up: float = 0.0
    ready: float = 0.0
    pauses: dict[str, float] = field(default_factory=dict)
    """Paused, by reason; "" where none was given."""

    @property
    def paused(self) -> float:
        """Paused in all."""
        return sum(self.pauses.values())


Span = tuple[datetime, datetime]


def spells(changes: Sequence[Change], begin: datetime) -> tuple[Spell, ...]:
    """The spells from ``begin`` on, given all later changes in order and the last one before, where there is one."""
    made = []
    ends = [*(change.at for change in changes[1:]), None]
    for change, until in zip(changes, ends, strict=False):
        if until is None or until > begin:
            made.append(Spell(max(change.at, begin), until, change.state, change.reason))
    return tuple(made)


def times(changes: Sequence[Change], talks: Iterable[tuple[datetime, datetime | None]], span: Span) -> Times:
    """How the time of ``span`` was spent. ``talks`` are when they began and ended, None: not yet."""
    begin, now = span
    spans = [(max(at, begin), min(end or now, now)) for at, end in talks]
    spans = [(at, end) for at, end in spans if at <= end]
    talking = _joined(spans)
    seconds: dict[tuple[str, str | None], float] = {}
    for spell in spells(changes, begin):
        whole = (spell.begin, min(spell.until or now, now))
        if whole[1] > whole[0]:
            key = (spell.state, spell.reason)
            seconds[key] = seconds.get(key, 0.0) + _length([whole]) - _length(_within(talking, whole))
    pauses: dict[str, float] = {}
    for (state, reason), spent in seconds.items():
        if state == "paused":
            pauses[reason or ""] = pauses.get(reason or "", 0.0) + spent
    return Times(
        talks=len(spans),
        talk=_length(talking),
        wrap_up=seconds.get(("wrap_up", None), 0.0),
        ready=seconds.get(("ready", None), 0.0),
        pauses=pauses,
    )


def _joined(spans: Iterable[Span]) -> list[Span]:
    """The spans as one line of time: two talks at once are one time of talking."""
    made: list[Span] = []
    for begin, end in sorted(spans):
        if made and begin <= made[-1][1]:
            made[-1] = (made[-1][0], max(made[-1][1], end))
        else:
            made.append((begin, end))
    return made


def _within(spans: Iterable[Span], whole: Span) -> list[Span]:
    cut = [(max(begin, whole[0]), min(end, whole[1])) for begin, end in spans]
    return [(begin, end) for begin, end in cut if begin < end]


def _length(spans: Iterable[Span]) -> float:
    return sum((end - begin).total_seconds() for begin, end in spans)
