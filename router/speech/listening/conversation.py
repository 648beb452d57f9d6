"""One question to a caller who may speak or press keys, as a state machine without I/O.

What comes over the line goes in (`take_sound`, `take_key`, `take_answer`), what the caller is to hear comes out frame
by frame (`next_frame`), and so does the sound that is to be made words of (`wanted`). Its clock is the caller's sound:
8,000 samples are a second.

Keys and voice are one question. The first key ends listening: from then on keys count as they do in any question, and
what was said is dropped. The prompt is cut short by a key, or by speech of which we are sure, and not by its own echo.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from router.core.events import DigitsEntered, InputTimedOut, SpeechHeard, SpeechLost
from router.speech.audiosocket.codec import BYTES_OF_FRAME
from router.speech.listening import echo
from router.speech.listening.endpoint import MOMENT, Change, Endpoint, Patience
from router.speech.listening.keys import Keys
from router.speech.listening.voice import RATE, Voice

Answer = SpeechHeard | SpeechLost | InputTimedOut
"""What an `router.speech.recognition.ear.Ear` makes of speech."""
Outcome = DigitsEntered | Answer

_BYTES_A_SECOND: Final = 2 * RATE
_BEFORE: Final = int(0.4 * _BYTES_A_SECOND)
"""Sound kept from before speech was noticed, so that its beginning is not cut."""
_COMFORT_AFTER: Final = 2.0
"""Seconds of silence after which the caller is told that we are at it. More than three are heard as a fault."""
_ECHO_OF: Final = int(0.32 * _BYTES_A_SECOND)
_ECHO_WITHIN: Final = int(1.0 * _BYTES_A_SECOND)
_AT_ONCE: Final = 2 * BYTES_OF_FRAME
_BETWEEN_WORDS: Final = 0.12
"""Seconds of silence that are no part of a word."""
_ECHO_AFTER: Final = 0.5
_LEAST_SHARE: Final = 0.2
"""How much of what was cut off has to be speech, to be worth the recogniser's time."""
_SILENCE: Final = bytes(BYTES_OF_FRAME)


def _unknown(_: SpeechHeard) -> bool | None:
    return None


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked. ``prompt`` is its sound, ``comfort`` what is played where the recogniser takes long (both 16-bit
    samples, 8,000 a second); for the rest see `router.core.commands.AskDigits`. ``whole`` says of what was heard
    whether it is all that was asked for (True), too little to be (False), or nobody knows; ``recogniser`` is how many
    seconds that may take."""

    prompt: bytes = field(repr=False)
    comfort: bytes = field(repr=False)
    max_digits: int
    first_timeout: float
    next_timeout: float
    more_digits: int = 0
    recogniser: float = 8.0
    whole: Callable[[SpeechHeard], bool | None] = _unknown


@dataclass(frozen=True, slots=True)
class Wanted:
    """Sound to make words of; ``number`` tells one such wish from the next."""

    number: int
    sound: bytes = field(repr=False)


class Conversation:
    """Ask one question. It is over when there is an ``outcome``."""

    def __init__(self, question: Question, voice: Voice, patience: Patience | None = None) -> None:
        self.outcome: Outcome | None = None
        self.wanted: Wanted | None = None
        """The sound that is to be made words of now; None: what is being made is of no use any more."""
        self._question = question
        self._voice = voice
        self._speech = Endpoint(patience)
        self._speech.wary = bool(question.prompt)
        self._sound = bytearray()
        self._wished = b""
        self._playing = question.prompt
        self._played = bytearray(_ECHO_OF + _ECHO_WITHIN)
        self._at = 0
        self._prompted = not question.prompt
        self._keys: Keys | None = None
        self._waited = 0.0
        self._still = 0.0
        self._over = 0.0
        self._comforted = False
        self._wishes = 0
        self._answer: Answer | None = None

    @property
    def quiet(self) -> bool:
        """Whether nothing would be missed if the line were away for a moment."""
        between_words = not self._speech.begun or self._speech.silence >= _BETWEEN_WORDS
        return self._keys is None and between_words

    @property
    def certain(self) -> bool:
        """Whether speech is over as far as we can tell, so that what is `wanted` is needed soon."""
        return self._speech.over

    @property
    def sound(self) -> bytes:
        """The sound that the outcome was made of, where somebody spoke."""
        return self._wished

    # -- what the caller hears

    def next_frame(self) -> bytes:
        """The next 20 ms for the caller; where there is nothing to say, silence."""
        frame = self._playing[self._at : self._at + BYTES_OF_FRAME]
        if not frame:
            self._remember(_SILENCE)
            return _SILENCE
        self._at += BYTES_OF_FRAME
        if self._at >= len(self._playing):
            self._stop_playing()
        frame = frame.ljust(BYTES_OF_FRAME, b"\0")
        self._remember(frame)
        return frame

    def _remember(self, frame: bytes) -> None:
        self._played += frame
        del self._played[: -(_ECHO_OF + _ECHO_WITHIN)]

    def _stop_playing(self) -> None:
        self._playing, self._at = b"", 0
        self._still = 0.0
        if not self._prompted:
            self._prompted, self._speech.wary, self._waited = True, False, 0.0

    # -- what comes from the caller

    def take_key(self, key: str) -> None:
        """The caller pressed a key; one that no telephone has is empty."""
        if self.outcome is not None:
            return
        if self._keys is None:
            self._keys = Keys(self._question.max_digits, self._question.next_timeout, self._question.more_digits)
            self._stop_playing()
            self._speech.forget()
            self._sound.clear()
            self.wanted = self._answer = None
        self._waited = 0.0
        if self._keys.press(key):
            self.outcome = DigitsEntered(self._keys.pressed)

    def take_sound(self, samples: bytes) -> None:
        """The caller's line brought this."""
        for at in range(0, len(samples), _AT_ONCE):
            if not self._is_over():
                self._take(samples[at : at + _AT_ONCE])

    def _take(self, samples: bytes) -> None:
        if self._keys is not None:
            self._wait_for_key(self._keys, len(samples) / _BYTES_A_SECOND)
            return
        self._sound += samples
        if not self._speech.begun:
            del self._sound[: -(_BEFORE + int(0.3 * _BYTES_A_SECOND))]
        for probability in self._voice.hear(samples):
            if not self._is_over():
                self._moment(probability)

    def fail(self) -> None:
        """Something of ours is broken: the caller goes on with keys."""
        if self.outcome is None:
            self.outcome = SpeechLost()

    def _is_over(self) -> bool:
        return self.outcome is not None

    def _wait_for_key(self, keys: Keys, seconds: float) -> None:
        self._waited += seconds
        if self._waited >= keys.pause:
            self.outcome = DigitsEntered(keys.pressed) if keys.pressed else InputTimedOut()

    def _moment(self, probability: float) -> None:
        match self._speech.feed(0.0 if self._deaf else probability):
            case Change.BEGINS:
                self._begins()
            case Change.PAUSES:
                self._wish()
            case Change.GOES_ON:
                self.wanted = self._answer = None
                self._stop_playing()
            case Change.ENDS:
                self._ends()
            case Change.CUT if self._speech.share >= _LEAST_SHARE:
                self._wish()
            case Change.CUT | Change.NOTHING:
                self._begin_anew()
            case None:
                pass
        self._pass_time()

    @property
    def _deaf(self) -> bool:
        """While we say that we are at it, and a moment longer, what comes is most likely that."""
        return self._comforted and (bool(self._playing) or self._still < _ECHO_AFTER)

    def _begins(self) -> None:
        # What was played within the last second may come back.
        heard = bytes(self._sound[-_ECHO_OF:])
        if echo.likeness(heard.rjust(_ECHO_OF, b"\0"), bytes(self._played)) >= echo.ALIKE:
            self._speech.forget()
        elif not self._prompted:
            self._stop_playing()

    def _ends(self) -> None:
        if self._answer is None and self.wanted is None:
            self._wish()
        elif isinstance(self._answer, SpeechLost):
            self._wish()  # it was for want of time or room, perhaps, and now it counts
        else:
            self._conclude()

    def _wish(self) -> None:
        self._wishes += 1
        self._answer = None
        self._wished = bytes(self._sound)
        self.wanted = Wanted(self._wishes, self._wished)

    def take_answer(self, number: int, answer: Answer) -> None:
        """What became of the wish of that number."""
        if self.outcome is not None or self.wanted is None or self.wanted.number != number:
            return
        self.wanted, self._answer = None, answer
        if isinstance(answer, SpeechHeard) and not self._speech.over:
            whole, patience = self._question.whole(answer), self._speech.patience
            self._speech.enough = {True: patience.whole, False: patience.part, None: patience.end}[whole]
        self._conclude()

    def _conclude(self) -> None:
        """Speech is over and the answer is there: that is it, unless nobody spoke and there is still time."""
        if not self._speech.over or self._answer is None:
            return
        if isinstance(self._answer, InputTimedOut):
            self._begin_anew()
        else:
            self.outcome = self._answer

    def _begin_anew(self) -> None:
        self._comforted = False
        self._speech.forget()
        self._sound.clear()
        self.wanted = self._answer = None
        self._stop_playing()

    def _pass_time(self) -> None:
        if self.outcome is not None or not self._prompted:
            return
        self._waited += MOMENT
        self._over = self._over + MOMENT if self._speech.over else 0.0
        self._still = 0.0 if self._playing else self._still + MOMENT
        if not self._speech.begun:
            if self._waited >= self._question.first_timeout:
                self.outcome = InputTimedOut()
        elif self._over >= self._question.recogniser:
            self.outcome = SpeechLost()
        elif self._over and min(self._still, max(self._over, self._speech.silence)) >= _COMFORT_AFTER:
            self._playing, self._at, self._comforted = self._question.comfort, 0, True
