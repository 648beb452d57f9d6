"""What the house wants, in AGI terms, and what Asterisk says, in the house's terms. Pure.

`TIMEOUT(absolute)` is the caller's safety net: when it runs out, Asterisk takes the call away from us and the dialplan
goes to the default queue. So each command that plays or listens goes out with its own guard: as long as the command
may take, and then no more silence than a caller bears.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import UUID

from router.agents.queue_names import of_phone, with_skills
from router.channels.agi import commands
from router.channels.agi.codec import Reply
from router.channels.agi.commands import ANY_KEY, Command
from router.channels.agi.environment import Environment
from router.core.commands import RecordMessage, Transfer
from router.core.events import LONGEST_DIALLED, WITHHELD, Caller, CallStarted, RecordingEnded, TransferOutcome
from router.core.phone import e164
from router.core.trunk import trunk_name
from router.core.verstat import attestation

CHANNEL: Final = "asterisk"

MOST_SILENCE: Final = 7.0
"""Seconds from the end of a prompt or the last key until Asterisk takes the call, when we say nothing more. A caller is
to be spared more than 8; one is for what Asterisk needs to act."""
LEAST_MARGIN: Final = 1.5
"""Seconds we have at least for our answer, also after a long wait for keys."""
_OVERDUE: Final = 5.0
"""Seconds after its guard when a command without reply is given up: by then Asterisk should have ended it itself."""

_SAMPLES_A_SECOND: Final = 8000
_SILENCE_KEPT: Final = 1.0
"""Seconds of the closing silence that Asterisk leaves in a recording."""
_LEAST_SPEECH: Final = 0.3
_BEEP_SECONDS: Final = 1.0
_INTERNATIONAL: Final = 1
_CALL_OF_CHANNEL: Final = re.compile(r"-[0-9a-f]{8,}(;[12])?$")
_SKILL: Final = re.compile(r"[A-Za-z0-9_.-]{1,40}")
_QUEUE_NAME: Final = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_PLACE: Final = re.compile(r"[A-Za-z0-9_.-]{1,250}")
NO_PHONES: Final[Mapping[str, str]] = {}

_OUTCOMES: Final[Mapping[str, TransferOutcome]] = {
    "TIMEOUT": TransferOutcome.NO_ANSWER,
    "CONTINUE": TransferOutcome.ANSWERED,
    "FULL": TransferOutcome.UNAVAILABLE,
    "JOINEMPTY": TransferOutcome.UNAVAILABLE,
    "LEAVEEMPTY": TransferOutcome.UNAVAILABLE,
    "JOINUNAVAIL": TransferOutcome.UNAVAILABLE,
    "LEAVEUNAVAIL": TransferOutcome.UNAVAILABLE,
}


@dataclass(frozen=True, slots=True)
class Sound:
    """A prompt that Asterisk can play: a URL or file name, and how many seconds it lasts. ``file`` is the telephone WAV
    on our own disk, None where there is none."""

    source: str
    seconds: float
    file: Path | None = None


@dataclass(frozen=True, slots=True)
class Guarded:
    """A command that takes time. ``guard`` is sent first; ``seconds`` after that Asterisk takes the call, and a reply
    that is not there ``within`` so many seconds does not come any more."""

    command: Command
    seconds: float

    @property
    def guard(self) -> Command:
        """Sets the safety net for the command."""
        return absolute_timeout(self.seconds)

    @property
    def within(self) -> float:
        """Seconds to wait for the reply."""
        return self.seconds + _OVERDUE


def call_started(env: Environment, region: str) -> CallStarted:
    """The call that ``env`` announces; national numbers are read as ``region``'s (ISO 3166)."""
    return CallStarted(CHANNEL, _caller(env, region), _service_number(env, region), trunk=line_of(env.channel))


def transfer_outcome(queue_status: str) -> TransferOutcome:
    """What ``QUEUESTATUS`` means for a caller who is still there (application ``Queue``)."""
    return _OUTCOMES.get(queue_status, TransferOutcome.FAILED)


def guard_seconds(busy: float) -> float:
    """Seconds until Asterisk shall take the call from a command that takes up to ``busy`` seconds: the silence that a
    caller bears, or where the command takes longer, as long as it does and our answer may."""
    return math.ceil(max(MOST_SILENCE, busy + LEAST_MARGIN) * 10) / 10


def absolute_timeout(seconds: float) -> Command:
    """Have Asterisk take the call in so many seconds."""
    return commands.set_variable("TIMEOUT(absolute)", f"{seconds:.1f}")


def play(sound: Sound, keys: str = "") -> Guarded:
    """Play a piece of a prompt; one of ``keys`` cuts it short. The silence after a key pressed at once is the whole
    guard, which is why pieces are short."""
    return Guarded(commands.stream_file(sound.source, keys), guard_seconds(sound.seconds))


def listen(timeout: float) -> Guarded:
    """Wait ``timeout`` seconds for a key."""
    return Guarded(commands.wait_for_digit(_ms(timeout)), guard_seconds(timeout))


def stream(id: UUID, address: str, longest: float) -> Guarded:
    """Stream the call to ``address`` (HOST:PORT) as ``id``, for ``longest`` seconds at most."""
    return Guarded(commands.execute("AudioSocket", f"{id},{address}"), guard_seconds(longest))


def record(command: RecordMessage, path: str) -> Guarded:
    """Record to ``path`` (without extension) after a beep."""
    return Guarded(
        commands.record_file(path, "wav", "#", _ms(command.max_seconds), silence=command.max_silence),
        guard_seconds(_BEEP_SECONDS + command.max_seconds + MOST_SILENCE - LEAST_MARGIN),
    )


def record_answer(path: str, longest: int, silence: int) -> Guarded:
    """Record what a caller says to ``path`` (without extension) for ``longest`` seconds at most, until a key or
    ``silence`` seconds without a sound."""
    return Guarded(
        commands.record_file(path, "wav", ANY_KEY, _ms(longest), silence=silence, beep=False),
        guard_seconds(longest),
    )


def key_of_streaming(reply: Reply) -> str | None:
    """The key in the reply to a prompt or a wait: its ASCII code. None when there was none; an odd key is ``""``."""
    code = reply.number or 0
    if code <= 0:
        return None
    return chr(code) if code < 128 and chr(code) in ANY_KEY else ""


def recording_ended(reply: Reply, file: str, max_seconds: int) -> RecordingEnded:
    """What a recording came to. One that holds nothing but the silence that ended it counts as none."""
    if reply.data not in {"dtmf", "timeout", "hangup"}:
        return RecordingEnded(None, 0.0)
    seconds = (reply.endpos or 0) / _SAMPLES_A_SECOND
    by_silence = reply.data == "timeout" and seconds < max_seconds - _SILENCE_KEPT
    speech = seconds - _SILENCE_KEPT if by_silence else seconds
    return RecordingEnded(file, seconds) if speech >= _LEAST_SPEECH else RecordingEnded(None, 0.0)


def places(command: Transfer, phones: Mapping[str, str]) -> str:
    """The legs of a transfer for the dialplan: ``PLACE:SECONDS``, with ``&`` between them. ``phones`` are those of the
    people it names; who has none is not waited for."""
    found: list[str] = []
    for leg in command.legs:
        place = with_skills(leg.queue, leg.skills)
        if leg.person is not None:
            if leg.person not in phones:
                continue
            place = of_phone(phones[leg.person])
        if _PLACE.fullmatch(place):
            found.append(f"{place}:{leg.seconds}")
    return "&".join(found)


def leave_to_queue(
    command: Transfer,
    whisper: Sequence[Sound] = (),
    phones: Mapping[str, str] = NO_PHONES,
    language: str | None = None,
    turn: int | None = None,
) -> tuple[Command, ...]:
    """Hand the call to the dialplan for a queue; ``whisper`` is what the agent alone hears, ``phones`` are as for
    `places`, ``language`` is what the caller is spoken to in while waiting, ``turn`` is told again when the queue ends.

    The route comes last: before it nothing counts, and the dialplan would go to the default queue. It also switches the
    absolute timeout off, which we must not: without it, a failure between two of these would leave the caller to
    silence for ever. What can be set together is: each command is a way to Asterisk and back.

    Raises `ValueError` for the name of a queue that the dialplan could not pass on as one argument.
    """
    if _QUEUE_NAME.fullmatch(command.queue) is None:
        raise ValueError("the name of the queue is none that Asterisk's dialplan can take")
    together = {
        "THREADLINE_QUEUE": command.queue,
        "THREADLINE_QUEUE_TIMEOUT": str(max(1, command.timeout)),
        "THREADLINE_PRIORITY": str(max(0, command.priority)),
        "THREADLINE_SKILLS": "&".join(filter(_SKILL.fullmatch, command.skills)),
        "THREADLINE_LEGS": places(command, phones),
        **({} if whisper else {"THREADLINE_WHISPER": ""}),
        **({"CHANNEL(language)": language} if language else {}),
        **({} if turn is None else {"THREADLINE_TURN": str(turn)}),
        "THREADLINE_ROUTE": "queue",
    }
    said = [commands.set_variable("THREADLINE_WHISPER", "&".join(sound.source for sound in whisper))] if whisper else ()
    return absolute_timeout(MOST_SILENCE), *said, commands.set_variables(together)


def leave_to_hangup() -> tuple[Command, ...]:
    """Hand the call to the dialplan to be ended."""
    return (commands.set_variable("THREADLINE_ROUTE", "hangup"),)


def leave_to_default() -> tuple[Command, ...]:
    """Hand the call to the dialplan for the default queue."""
    return (commands.set_variable("THREADLINE_ROUTE", "default"),)


def _caller(env: Environment, region: str) -> Caller:
    if env.withheld or env.caller_number is None:
        return WITHHELD
    number = env.caller_number
    if (env.number_type >> 4) & 0x7 == _INTERNATIONAL and number.isascii() and number.isdigit():
        # Type of number "international" (Q.931): the digits begin with the country code, the plus is left out.
        number = "+" + number
    known = e164(number, region)
    return Caller(known, attestation=attestation(env.verstat) if known else None)


def line_of(channel: str) -> str | None:
    """The endpoint of a channel: ``PJSIP/trunk-00000001`` is a call on ``PJSIP/trunk``."""
    return trunk_name(_CALL_OF_CHANNEL.sub("", channel))


def _service_number(env: Environment, region: str) -> str | None:
    dialled = env.dialled or env.extension
    return e164(dialled, region) or dialled[:LONGEST_DIALLED] or None


def _ms(seconds: float) -> int:
    return max(1, round(seconds * 1000))
