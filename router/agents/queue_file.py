"""The queues for Asterisk's ``queues.conf``, from their description. Pure.

A file, not a table that Asterisk asks a database for (realtime): with it a queue is there as long as Asterisk is,
whatever becomes of the router and its database.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from router.agents.queue_names import of_phone, places
from router.flow.queues import Queue

STRATEGIES: Final[Mapping[str, str]] = {
    "all": "ringall",
    "longest_idle": "leastrecent",
    "fewest_calls": "fewestcalls",
    "in_turn": "rrmemory",
}
PLAIN: Final = Queue()
OF_ONE_PHONE: Final = 50
"""The weight of the queue of one phone: who waits for one agent goes before those who may have any."""

BREATH: Final = 3
"""Seconds after a talk without a call where talks are wrapped up: until then the router has paused the phone. It can be
no longer: who asks for the next call is to get it. It counts for all queues (``shared_lastcall``)."""

HEAD: Final = """\
; The queues that Threadline's callers wait in. Written by Threadline with each release of the flows: a change made here
; is lost with the next one. Your own queues, and lines for these, go into queues_custom.conf.
; Nobody is listed here: Threadline adds an agent (QueueAdd, PJSIP/101) who signs in and takes the agent out again.

[threadline-place](!)
retry = 2                       ; seconds until a phone rings again
ringinuse = no                  ; an agent in a call is left in peace
autofill = yes                  ; several waiting callers ring several free agents
joinempty = yes                 ; a caller may wait even while nobody is signed in
leavewhenempty = no
wrapuptime = 0
maxlen = 0
musicclass = default
"""
_ONE_PHONE: Final = """
; For callers who are to reach one agent; nobody waits for a phone that is not there.
[threadline-phone](!,threadline-place)
strategy = ringall
timeout = 30
joinempty = unavailable,invalid,unknown
leavewhenempty = unavailable,invalid,unknown
"""


def queue_file(
    names: Iterable[str],
    described: Mapping[str, Queue],
    phones: Sequence[str],
    sounds: Mapping[str, Sequence[str]] | None = None,
) -> str:
    """The file for the queues ``names`` and ``phones``; ``sounds`` are the files that callers of a queue hear in turn.
    `default` is always there: it takes every call that the router cannot place."""
    sounds = sounds or {}
    parts, names = [HEAD], tuple(dict.fromkeys(("default", *names)))
    for name in names:
        queue = described.get(name, PLAIN)
        lines = list(_settings(queue, sounds.get(name, ())))
        for place in places(name, queue.skill_set):
            # Callers who need more of an agent go first to whom can do it: the others have a choice.
            weighed = [f"weight = {skills}"] if (skills := place.count(".")) else []
            parts.append("\n".join([f"\n[{place}](threadline-place)", *lines, *weighed, ""]))
    if phones:
        parts.append(_ONE_PHONE)
    # Who is wanted in person may come from any of the queues.
    breath = f"wrapuptime = {BREATH}\n" if any(_wrapped_up(described.get(name, PLAIN)) for name in names) else ""
    for phone in dict.fromkeys(phones):
        parts.append(f"\n[{of_phone(phone)}](threadline-phone)\nweight = {OF_ONE_PHONE}\n{breath}")
    return "".join(parts)


def _wrapped_up(queue: Queue) -> bool:
    return queue.wrap_up > 0 or queue.disposition_needed


def _settings(queue: Queue, sounds: Sequence[str]) -> Iterator[str]:
    yield f"strategy = {STRATEGIES[queue.strategy]}"
    yield f"timeout = {queue.ring}"
    if _wrapped_up(queue):
        yield f"wrapuptime = {BREATH}"
    told = queue.announcements
    if told.position:
        yield "announce-position = yes"
    if told.wait:
        yield "announce-holdtime = yes"
    if told.position or told.wait:
        yield f"announce-frequency = {told.every}"
    if sounds:
        yield f"periodic-announce = {','.join(sounds)}"
        yield f"periodic-announce-frequency = {told.every}"
