"""The conversation with one caller through Asterisk: what happens goes to the house, what the house wants is done.

Whatever fails here, the connection is closed before the route is set, and the dialplan takes the caller to the default
queue. A hangup is told to the house once, at whatever point it comes.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final, Protocol, assert_never

import structlog

from router.channels.agi import commands, render
from router.channels.agi.call import AgiCall
from router.channels.agi.codec import Reply
from router.channels.agi.commands import ANY_KEY
from router.channels.agi.errors import GivenUp, HungUp
from router.channels.agi.listening import Listener
from router.channels.agi.recorded import Recorded
from router.channels.agi.render import Guarded, Sound
from router.core.commands import AskDigits, ChannelCommand, Hangup, Prompt, RecordMessage, Say, Transfer
from router.core.events import CallStarted, DigitsEntered, Event, InputTimedOut, TransferEnded
from router.logs import about
from router.speech.failures import PromptFailed
from router.speech.listening.comfort import RECORDING, TEXTS
from router.speech.listening.conversation import Answer
from router.speech.listening.keys import Keys
from router.store.watch import DatabaseAway

Sounds = Callable[[Prompt], Awaitable[Sequence[Sound]]]
"""Where a prompt can be played from, piece by piece; raises `PromptFailed`."""

PhonesOf = Callable[[Collection[str]], Awaitable[Mapping[str, str]]]
"""The phones of people, by their ids; those who have none are left out."""

_HOUSE_SECONDS: Final = 5.0
"""For the house to say what comes next. After that people are quicker than we are."""
_FAREWELL_SECONDS: Final = 30.0
"""For telling the house that the caller is gone: nobody waits for it, and when a trunk fails all are gone at once."""
_PHONE_SECONDS: Final = 1.0
"""For where a person is to be reached."""
_AT_ONCE: Final = 0.5
"""A house that cannot decide says so within so many seconds where it knows beforehand."""
_GIVEN_UP_SECONDS: Final = 0.5
"""For telling Asterisk that no other router need be asked."""
_FIRST_WORD_SECONDS: Final = 5.0
"""What the dialplan gives us for the first command (THREADLINE_GUARD)."""
_TAKEN_AWAY: Final = 0.5

_log = structlog.get_logger(__name__)


class Turn(Protocol):
    """What the house answers; see `router.calls.handle.Turn`."""

    @property
    def call_id(self) -> str:
        """The house's id of the call."""
        ...

    @property
    def sequence(self) -> int:
        """How many events of the call the house has seen."""
        ...

    @property
    def commands(self) -> Sequence[ChannelCommand]:
        """What the caller is to meet next; nothing when the call is over."""
        ...

    @property
    def language(self) -> str:
        """What the caller is spoken to in."""
        ...

    @property
    def repeated(self) -> bool:
        """Whether the event changed nothing, because it was known before."""
        ...


class House(Protocol):
    """Who knows what to do with a call, the same for every channel; see `router.calls.handle.Calls`."""

    async def begin(self, channel: str, channel_ref: str, event: CallStarted) -> Turn:
        """A call, known to its channel as ``channel_ref``, has reached us."""
        ...

    async def handle(self, call_id: str, event: Event, sequence: int | None = None) -> Turn:
        """Something has happened to a call; where it has gone on beyond ``sequence``, it stays as it is."""
        ...

    async def hung_up(self, channel: str, channel_ref: str) -> None:
        """The call is over, wherever it stood."""
        ...


@dataclass(frozen=True, slots=True)
class AgiChannel:
    """Handles calls for an `AgiServer`. The house knows a call by Asterisk's ``uniqueid``. ``region`` (ISO 3166) is
    where national numbers belong. ``whispers`` is where what agents hear can be played from as long as the caller may
    wait for one; None: as ``sounds``. ``listener`` hears callers who may speak; None: they use keys. ``phones`` tells
    at which phones people are to be reached; None: at none. ``told_ends``: the dialplan is to tell when a call is over,
    since nobody else does (`router.channels.agi.ending`)."""

    house: House
    sounds: Sounds
    region: str = "DE"
    whispers: Sounds | None = None
    listener: Listener | None = None
    phones: PhonesOf | None = None
    told_ends: bool = False

    async def __call__(self, call: AgiCall) -> None:
        """The conversation, from the dialplan's ``AGI()`` until the call goes back there."""
        await _Conversation(self, call).run()


class _Conversation:
    def __init__(self, channel: AgiChannel, call: AgiCall) -> None:
        self._house = channel.house
        self._sounds = channel.sounds
        self._whispers = channel.whispers or channel.sounds
        self._region = channel.region
        self._listener = channel.listener
        self._phones = channel.phones
        self._told_ends = channel.told_ends
        self._call = call
        self._ref = call.env.uniqueid
        self._owes_hangup = False
        self._loop = asyncio.get_running_loop()
        self._asked_at = self._loop.time()
        self._taken_at = self._asked_at + _FIRST_WORD_SECONDS

    async def run(self) -> None:
        try:
            turn = await self._enter()
            while (event := await self._perform(turn)) is not None:
                turn = await self._decided(self._house.handle(turn.call_id, event))
        except HungUp:
            if self._loop.time() > self._taken_at - _TAKEN_AWAY:
                # Asterisk has taken the call to the default queue, or to another router. It is not over.
                _log.warning("agi_deadline_missed")
            else:
                await self._say_farewell()
        except asyncio.CancelledError:
            # The service stops. The call goes on at another router, which finds it as it is; or in the default queue.
            self._call.close()
            raise
        except BaseException as error:
            # First the caller, who now goes to the default queue; then our own books. Where it is known that we do not
            # reach the database, nobody has waited: another router may well do.
            elsewhere = isinstance(error, DatabaseAway) and self._loop.time() - self._asked_at < _AT_ONCE
            if not elsewhere:
                await self._give_away()
            self._call.close()
            if not elsewhere:
                await self._say_farewell()
            raise

    # -- between the caller and the house

    async def _enter(self) -> Turn:
        """Tell the house what brought the call here, by the dialplan's arguments."""
        env = self._call.env
        match env.arguments:
            case ("started", *_):
                started = render.call_started(env, self._region)
                turn = await self._decided(self._house.begin(render.CHANNEL, self._ref, started))
                # One that was known is at another router, or was: it is ours only once Asterisk answers.
                owes, self._owes_hangup = self._owes_hangup, self._owes_hangup and not turn.repeated
                known_as = commands.set_variable("THREADLINE_CALL", turn.call_id)
                if self._told_ends:
                    known_as = commands.set_variables({"THREADLINE_CALL": turn.call_id, "THREADLINE_TELL": "yes"})
                await self._call.run(known_as)
                self._owes_hangup = owes
                return turn
            case ("transfer-ended", *rest):
                self._owes_hangup = True
                wanted = (commands.get_variable("THREADLINE_CALL"), commands.get_variable("THREADLINE_TURN"))
                known, turn_of = await self._call.run(*wanted)
                if not known.data:
                    raise GivenUp("the call came back without its id (THREADLINE_CALL)")
                # Another router may have been told before it died: then the call goes on where it was.
                sequence = int(turn_of.data) if turn_of.data and turn_of.data.isdecimal() else None
                ended = TransferEnded(render.transfer_outcome(rest[0] if rest else ""))
                return await self._decided(self._house.handle(known.data, ended, sequence))
            case _:
                raise GivenUp("the dialplan calls AGI with neither 'started' nor 'transfer-ended'")

    async def _decided(self, turn: Awaitable[Turn]) -> Turn:
        """The house's decision, unless it takes too long."""
        self._owes_hangup = True
        self._asked_at = self._loop.time()
        try:
            async with asyncio.timeout(_HOUSE_SECONDS) as limit:
                decided = await turn
        except TimeoutError:
            if limit.expired():
                raise GivenUp(f"no decision within {_HOUSE_SECONDS:g} s") from None
            raise
        if not decided.commands or isinstance(decided.commands[-1], Hangup):
            self._owes_hangup = False  # The house has closed the call.
        about(call=decided.call_id)
        return decided

    async def _give_away(self) -> None:
        """Have the caller taken to the default queue: another router would do no better, and they have waited. Where
        Asterisk cannot be told, it asks one."""
        with contextlib.suppress(Exception):
            await self._call.run(*render.leave_to_default(), within=_GIVEN_UP_SECONDS)

    async def _say_farewell(self) -> None:
        """Tell the house that the call is over, unless it knows."""
        if not self._owes_hangup:
            return
        self._owes_hangup = False
        try:
            async with asyncio.timeout(_FAREWELL_SECONDS):
                await self._house.hung_up(render.CHANNEL, self._ref)
        except Exception as error:
            _log.error("agi_farewell_failed", error=type(error).__name__)

    async def _perform(self, turn: Turn) -> Event | None:
        """Do what the house wants; the event that comes of it, None when the call leaves us."""
        for command in turn.commands:
            match command:
                case Say():
                    await self._say(command)
                case AskDigits():
                    return await self._ask(command)
                case RecordMessage():
                    return await self._record(command, f"{turn.call_id}-{turn.sequence}")
                case Transfer():
                    await self._leave_to_queue(command, turn)
                    return None
                case Hangup():
                    await self._call.run(*render.leave_to_hangup())
                    return None
                case _:
                    assert_never(command)
        return None

    async def _leave_to_queue(self, command: Transfer, turn: Turn) -> None:
        whisper = await self._whisper(command.whisper) if command.whisper else ()
        phones = await self._phones_of({leg.person for leg in command.legs if leg.person is not None})
        try:
            leaving = render.leave_to_queue(command, whisper, phones, turn.language, turn.sequence)
        except ValueError as error:
            raise GivenUp(str(error)) from None
        await self._call.run(*leaving)
        self._owes_hangup = False

    async def _phones_of(self, people: Collection[str]) -> Mapping[str, str]:
        """The phones of people who are waited for; none where that cannot be told now: others will answer."""
        if not people or self._phones is None:
            return render.NO_PHONES
        try:
            async with asyncio.timeout(_PHONE_SECONDS):
                return await self._phones(people)
        except Exception as error:
            _log.warning("agi_phones_unknown", error=type(error).__name__)
            return render.NO_PHONES

    async def _whisper(self, prompt: Prompt) -> Sequence[Sound]:
        """What the agent is to hear; nothing where it cannot be made: the caller need not wait for it."""
        try:
            return await self._whispers(prompt)
        except PromptFailed as error:
            _log.warning("agi_whisper_skipped", reason=str(error))
            return ()

    # -- between the house and the caller

    async def _say(self, command: Say) -> None:
        for prompt in command.prompts:
            try:
                for sound in await self._pieces(prompt):
                    await self._play(sound)
            except GivenUp as error:
                # What was only to be told need not keep the caller from what comes next.
                _log.warning("agi_prompt_skipped", reason=str(error))

    async def _ask(self, command: AskDigits) -> Event:
        sounds = await self._all_sounds(command.prompts)
        if command.speech and self._listener is not None and self._listener.can(self._call.env):
            answer = await self._listener.ask(command, sounds, self)
            if answer is not None:
                return answer
        key = await self._first(command, sounds)
        if not isinstance(key, str | None):
            return key
        keys = Keys(command.max_digits, command.next_timeout, command.more_digits)
        while key is not None and not keys.press(key):
            key = render.key_of_streaming(await self.do(render.listen(keys.pause)))
        return InputTimedOut() if key is None and not keys.pressed else DigitsEntered(keys.pressed)

    async def _first(self, command: AskDigits, sounds: Sequence[Sound]) -> str | Answer | None:
        """The first key, or what was said where AudioSocket is missing."""
        for sound in sounds:
            key = await self._play(sound, ANY_KEY)
            if key is not None:
                return key
        recorded = await self._recorded() if command.speech else None
        if recorded is not None:
            language = command.prompts[-1].language if command.prompts else "de"
            return await recorded.ask(command, language, self, partial(self._comfort, language))
        return render.key_of_streaming(await self.do(render.listen(command.first_timeout)))

    async def _recorded(self) -> Recorded | None:
        """Hears callers by recordings; None where nobody listens, or Asterisk's disk is not ours."""
        if self._listener is None:
            return None
        (reply,) = await self._call.run(commands.get_variable("THREADLINE_RECORDINGS"))
        recorded = self._listener.recorded(Path(reply.data or ""))
        if not reply.data or not recorded.usable:
            _log.info("agi_keys_only")
            return None
        return recorded

    async def _comfort(self, language: str) -> str | None:
        """Tell the caller that we are at it; the key that cuts it short."""
        text = TEXTS.get(language)
        try:
            for sound in await self._pieces(Prompt(text, language, RECORDING)) if text else ():
                key = await self._play(sound, ANY_KEY)
                if key is not None:
                    return key
        except GivenUp as error:
            _log.warning("agi_prompt_skipped", reason=str(error))
        return None

    async def _record(self, command: RecordMessage, name: str) -> Event:
        for sound in await self._all_sounds(command.prompts):
            if await self._play(sound, ANY_KEY) is not None:
                break
        (reply,) = await self._call.run(commands.get_variable("THREADLINE_RECORDINGS"))
        if not reply.data:
            raise GivenUp("the dialplan does not say where recordings go (THREADLINE_RECORDINGS)")
        reply = await self.do(render.record(command, f"{reply.data}/{name}"))
        ended = render.recording_ended(reply, f"{name}.wav", command.max_seconds)
        if reply.result == "-1" and ended.recording is None:
            await self._call.check_alive()
            _log.error("agi_recording_failed", reason=reply.data)
        return ended

    async def _all_sounds(self, prompts: Sequence[Prompt]) -> list[Sound]:
        """All of them before the first is played, so that there is no gap between them. What was to be told before the
        question, and cannot be made in the call, need not keep the caller from the question."""
        found: list[Sound] = []
        for prompt in prompts:
            try:
                found += await self._pieces(prompt)
            except GivenUp as error:
                if not prompt.once or prompt is prompts[-1]:
                    raise
                _log.warning("agi_prompt_skipped", reason=str(error))
        return found

    async def _pieces(self, prompt: Prompt) -> Sequence[Sound]:
        try:
            return await self._sounds(prompt)
        except PromptFailed as error:
            raise GivenUp(str(error)) from None

    async def _play(self, sound: Sound, keys: str = "") -> str | None:
        return render.key_of_streaming(await self._played(render.play(sound, keys)))

    async def _played(self, asked: Guarded) -> Reply:
        reply = await self.do(asked)
        if reply.result == "-1":
            await self._call.check_alive()
            raise GivenUp("Asterisk could not play a prompt")
        return reply

    async def check_alive(self) -> None:
        """Raise `HungUp` when the caller is gone."""
        await self._call.check_alive()

    async def do(self, asked: Guarded) -> Reply:
        """Have a command done that takes time; for the rest see `AgiCall.run`."""
        await self._call.run(asked.guard)
        self._taken_at = self._loop.time() + asked.seconds
        (reply,) = await self._call.run(asked.command, within=asked.within)
        if self._loop.time() > self._taken_at:
            # We were held up so long that Asterisk has taken the call, whatever it said before that.
            raise HungUp("the call was taken away from us meanwhile")
        return reply
