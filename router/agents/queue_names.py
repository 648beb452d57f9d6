"""What the places to wait in are called on Asterisk, and which queue each of them belongs to. Pure.

A queue is there once as it is, once for each set of skills that its callers may need (``sales.english.gas``), and each
phone has a queue of its own (``phone.PJSIP-101``), for callers who are to reach one person.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import chain, combinations
from typing import Final

PHONE: Final = "phone."
_ODD = re.compile(r"[^A-Za-z0-9_-]")


def with_skills(queue: str, skills: Iterable[str]) -> str:
    """The name of ``queue`` for callers who need all of ``skills``."""
    return ".".join((queue, *sorted(set(skills))))


def of_phone(interface: str) -> str:
    """The name of the queue of one phone (``PJSIP/101``)."""
    return PHONE + _ODD.sub("-", interface)


def base_of(name: str) -> str | None:
    """The queue that a place belongs to; None for that of a phone, where it is the call that knows."""
    return None if name.startswith(PHONE) else name.partition(".")[0]


def places(queue: str, skill_set: Iterable[str]) -> tuple[str, ...]:
    """All places that callers of ``queue`` may wait in: the queue as it is, then one for each set of its skills, the
    ones that need more of them last."""
    skills = sorted(set(skill_set))
    sets = chain.from_iterable(combinations(skills, count) for count in range(len(skills) + 1))
    return tuple(with_skills(queue, each) for each in sets)


def is_place(name: str) -> bool:
    """Whether this is a place of ours beside the queues themselves: of a set of skills, or of a phone."""
    return "." in name
