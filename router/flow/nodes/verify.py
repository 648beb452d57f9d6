"""``verify``: a one-time code by text message shows that the caller has the telephone on file."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field

from router.core.assurance import Assurance
from router.core.commands import CODE_PLACE, AskDigits, CheckCode, Prompt, SendCode
from router.core.events import CodeChecked, CodeSent, DigitsEntered, Event, SpeechHeard, SpeechLost
from router.core.hearing import Expected, Listening
from router.flow.nodes.base import (
    HUMAN,
    HUNG_UP,
    HungUp,
    Key,
    Move,
    Place,
    Scene,
    Step,
    StepName,
    Text,
    Words,
    given,
    keys_of,
)
from router.flow.nodes.hearing import likeliest_number
from router.flow.nodes.sayings import lost

_CODE = re.compile(r"\{\{\s*code\s*\}\}")


def _with_code(message: Text) -> Text:
    """Each language of the message has a place for the code. What a name stands for is looked at in the call."""
    if isinstance(message, Words):
        for language, text in message.texts.items():
            if not _CODE.search(text):
                raise ValueError(f"the message in '{language}' has no {{{{ code }}}}: the code would not be in it")
    return message


class Verify(Step):
    """Sends a code of ``digits`` digits (6 to 8, since tries are not counted over calls) to the number on file of the
    customer whom the match names, and asks for it. The right one proves the caller (L3) and leads to ``verified``, at
    once where that is known already.

    ``message`` is what is sent; ``{{ code }}`` in it is the code, which holds ``minutes``. A wrong code, too few digits
    and silence are asked for again, ``tries`` times in all, then ``failed``; ``invalid`` is said before. The code may
    be said, too; it is right or wrong as it was heard. The key ``again`` has a new code sent, which counts as a try.
    ``unavailable``: the match names nobody, there is no number that can take a text message, nobody sends any, or too
    many were sent.
    """

    EXAMPLE: ClassVar[str] = """\
prove:
  type: verify
  text:
    de: Wir haben Ihnen einen Code geschickt. Bitte geben Sie ihn ein. Für einen neuen drücken Sie die Sterntaste.
    en: We have sent you a code. Please enter it. For a new one press star.
  message: {de: "Ihr Code: {{ code }}. Er gilt 5 Minuten.", en: "Your code: {{ code }}. It holds 5 minutes."}
  invalid: {de: Das war nicht der Code., en: That was not the code.}
  minutes: 5
  verified: on
  failed: human
  unavailable: human
"""

    type: Literal["verify"]
    text: Text
    message: Annotated[
        Text, AfterValidator(_with_code), Field(description="words, or a prompt's name, with {{ code }}")
    ]
    invalid: Text | None = None
    again: Key = "*"
    digits: Annotated[int, Field(ge=6, le=8)] = 6
    minutes: Annotated[int, Field(ge=1, le=30)] = 10
    tries: Annotated[int, Field(ge=1, le=5)] = 3
    timeout: Annotated[float, Field(ge=1, le=30)] = 15
    next_timeout: Annotated[float, Field(ge=1, le=15)] = 4
    verified: StepName = HUMAN
    failed: StepName = HUMAN
    unavailable: StepName = HUMAN
    hung_up: HungUp = None

    def targets(self) -> Mapping[Place, str]:
        ways: dict[Place, str] = {("verified",): self.verified, ("failed",): self.failed}
        return {**ways, ("unavailable",): self.unavailable, **given({HUNG_UP: self.hung_up})}

    def after_waiting(self) -> Mapping[Place, str]:
        return {("failed",): self.failed, **given({HUNG_UP: self.hung_up})}

    def after_proof(self) -> Mapping[Place, str]:
        return {("verified",): self.verified}

    def placeholders(self) -> Mapping[Place, Collection[str]]:
        return {("message",): ("code",)}

    def texts(self) -> Mapping[Place, Text]:
        said: dict[Place, Text] = {("text",): self.text}
        return {**said, ("invalid",): self.invalid} if self.invalid else said

    def private_texts(self) -> Mapping[Place, Text]:
        return {("message",): self.message}

    def sends_texts(self) -> bool:
        return True

    def enter(self, scene: Scene) -> Move:
        if scene.match is None or scene.match.best is None:
            return Move(self.unavailable, note="the match names nobody")
        if scene.match.assurance >= Assurance.L3:
            return Move(self.verified, note="known already")
        return Move(self._send(scene), note="sends a code")

    def resume(self, scene: Scene, event: Event) -> Move:
        match event:
            case CodeSent(unsent=None):
                return Move(self._ask(scene), note="code on its way")
            case CodeSent(unsent=reason) if scene.tries:  # the code sent before may still come
                return Move(self._ask(scene), note=f"no new code: {reason.value if reason else ''}")
            case CodeSent(unsent=reason):
                return Move(self.unavailable, note=f"no code sent: {reason.value if reason else ''}")
            case CodeChecked(right=True):
                return Move(self.verified, note="right code")
            case CodeChecked():
                return self._wrong(scene, "wrong code")
            case SpeechHeard():
                said = likeliest_number(event, scene.language, self._listening())
                return self._keyed(scene, said or keys_of(event, scene.language))
            case DigitsEntered(digits=digits):
                return self._keyed(scene, digits)
            case SpeechLost():
                return Move(self._ask(scene, (lost(scene),)), note="speech lost; asks by keys")
            case _:
                return self._wrong(scene, "no input", heard=False)

    def _keyed(self, scene: Scene, digits: str) -> Move:
        if digits == self.again:
            if self._last(scene):
                return Move(self.failed, note="asks for a new code; tries used up")
            return Move(self._send(scene), note="asks for a new code", failed_try=True)
        if len(digits) == self.digits and digits.isascii() and digits.isdigit():
            return Move(CheckCode(digits), note=f"{len(digits)} digits")
        return self._wrong(scene, f"{len(digits)} digits", heard=bool(digits))

    def _wrong(self, scene: Scene, note: str, *, heard: bool = True) -> Move:
        if self._last(scene):
            return Move(self.failed, note=f"{note}; tries used up")
        before = (scene.prompt(self.invalid),) if self.invalid and heard else ()
        return Move(self._ask(scene, before), note=f"{note}; asked again", failed_try=True)

    def _last(self, scene: Scene) -> bool:
        return scene.tries + 1 >= self.tries

    def _ask(self, scene: Scene, before: tuple[Prompt, ...] = ()) -> AskDigits:
        prompts = (*before, scene.prompt(self.text))
        listening = self._listening()
        return AskDigits(prompts, self.digits, self.timeout, self.next_timeout, speech=True, listening=listening)

    def _listening(self) -> Listening:
        return Listening(Expected.DIGITS, self.digits, self.digits)

    def _send(self, scene: Scene) -> SendCode:
        message = scene.prompts[self.message] if isinstance(self.message, str) else self.message
        texts = {language: _CODE.sub(CODE_PLACE, text) for language, text in message.texts.items()}
        text = scene.written(Words.model_validate(texts), private=True)
        if CODE_PLACE not in text:
            raise ValueError("the message has no place for the code")
        return SendCode(text, self.digits, self.minutes * 60)
