"""What callers hear while a number that they say is made certain: the house's own words, which a flow may replace."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from router.core.commands import AskDigits, Prompt
from router.core.hearing import Listening, Part
from router.flow.nodes.base import Place, Scene, Text, Words
from router.flow.nodes.hearing import Stage, Talk, listening_for
from router.spoken.read_back import read_back

NUMBER, PART = "number", "part"
"""The names by which the words speak of what was heard, and of the part that is asked for."""

CONFIRMS = "`auto`, `always`, `never`: whether a number that was said is read back"
KEEPS = "`announced_by`, the step that tells callers: what they say is kept as audio (docs/asking-for-numbers.md)"
SAYS = "words of your own for what is said about numbers that callers say"


def _with(name: str) -> Any:
    """Holds words to having a place for ``{{ name }}``; what a prompt's name stands for the flow check looks at."""
    placeholder = re.compile(rf"\{{\{{\s*{name}\s*\}}\}}")

    def has_it(text: Text) -> Text:
        if isinstance(text, Words):
            for language, words in text.texts.items():
                if not placeholder.search(words):
                    raise ValueError(f"the text in '{language}' has no {{{{ {name} }}}}")
        return text

    return AfterValidator(has_it)


class Sayings(BaseModel):
    """Words of the flow's own instead of the house's."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    confirm: Annotated[Text, _with(NUMBER)] | None = Field(
        None, description="words, or a prompt's name, with {{ number }}: reads it back; 1 for yes and 2 for no"
    )
    part: Annotated[Text, _with(PART)] | None = Field(
        None, description="words, or a prompt's name, with {{ part }} (the last three): asks for that only"
    )
    again: Text | None = Field(
        None, description="words, or a prompt's name: asks for the reference again; before other questions put again"
    )
    keys: Text | None = Field(
        None, description="words, or a prompt's name: asks for the reference by keys; before other questions by keys"
    )
    lost: Text | None = Field(None, description="words, or a prompt's name: we cannot hear, please use the keys")

    def texts(self) -> Mapping[Place, Text]:
        """What is said, by its place below the step."""
        given = {name: getattr(self, name) for name in type(self).model_fields}
        return {("say", name): text for name, text in given.items() if text is not None}

    def placeholders(self) -> Mapping[Place, Collection[str]]:
        """The names that the texts may use."""
        own: dict[Place, Collection[str]] = {("say", "confirm"): (NUMBER,), ("say", "part"): (PART,)}
        return {place: names for place, names in own.items() if place in self.texts()}


OWN = Sayings()
CONFIRM = Words(
    de="Ich habe verstanden: {{ number }}. Ist das richtig? Ja oder 1, nein oder 2.",
    en="I understood: {{ number }}. Is that right? Yes or 1, no or 2.",
)
ASK_PART = Words(
    de="Bitte nur noch einmal {{ part }}, gesprochen oder getippt.",
    en="Please just {{ part }} again, spoken or keyed in.",
)
AGAIN = Words(
    de="Das habe ich nicht sicher verstanden. Bitte noch einmal, Ziffer für Ziffer, oder tippen Sie die Nummer ein.",
    en="I did not catch that for certain. Please say it once more, digit by digit, or key in the number.",
)
UNSURE = Words(
    de="Das habe ich nicht sicher verstanden.",
    en="I did not catch that for certain.",
)
BY_KEYS = Words(
    de="Bitte tippen Sie die Nummer jetzt auf den Tasten Ihres Telefons ein.",
    en="Please key in the number on your telephone now.",
)
BY_KEYS_WITH_LETTERS = Words(
    de="Bitte tippen Sie die Nummer jetzt ein. Hat sie Buchstaben, nehmen Sie stattdessen den Rückrufcode.",
    en="Please key in the number now. If it has letters, take the callback code instead.",
)
USE_KEYS = Words(
    de="Bitte nehmen Sie jetzt die Tasten Ihres Telefons.",
    en="Please use the keys of your telephone now.",
)
LOST = Words(
    de="Ich kann Sie gerade leider nicht gut hören. Bitte nehmen Sie die Tasten Ihres Telefons.",
    en="I am sorry, I cannot hear you well just now. Please use the keys of your telephone.",
)
FIXED = (AGAIN, UNSURE, BY_KEYS, BY_KEYS_WITH_LETTERS, USE_KEYS, LOST)
"""Those that are the same in every call."""

_COUNTS = {
    "de": {2: "zwei", 3: "drei", 4: "vier", 5: "fünf", 6: "sechs"},
    "en": {2: "two", 3: "three", 4: "four", 5: "five", 6: "six"},
}


def lost(scene: Scene, own: Sayings | None = None) -> Prompt:
    """Said where a caller spoke and could not be heard."""
    return scene.prompt((own and own.lost) or LOST)


def put(scene: Scene, talk: Talk, own: Sayings | None, whole: AskDigits, *, worded: bool = False) -> AskDigits:
    """The question that stands in ``talk``. ``whole`` asks for all of the number: in the words of the flow, or already
    ``worded`` as `words_for_number` has it."""
    own = own or OWN
    before = (lost(scene, own),) if talk.lost else ()
    listening = listening_for(talk, whole.listening, scene.language)
    match talk.stage:
        case Stage.CONFIRM:
            said = scene.prompt(own.confirm or CONFIRM, places={NUMBER: read_back(talk.number, scene.language)})
            return _but(whole, (*before, said), 1, listening)
        case Stage.PART if talk.part:
            said = scene.prompt(own.part or ASK_PART, places={PART: part_in_words(talk.part, scene.language)})
            return _but(whole, (*before, said), talk.part.characters, listening)
        case Stage.KEYS:
            if not (before or worded):
                before = (scene.prompt(own.keys or USE_KEYS),)
            return _but(whole, (*before, *whole.prompts), whole.max_digits, listening, speech=False)
        case _:
            return _but(whole, (*before, *whole.prompts), whole.max_digits, listening)


def before_again(scene: Scene, talk: Talk, own: Sayings | None, invalid: Text | None) -> tuple[Prompt, ...]:
    """What is said before the flow's own question where it is put again."""
    if talk.stage is not Stage.NUMBER or not talk.tries:
        return ()
    text = (own and own.again) or (UNSURE if talk.heard else invalid)
    return (scene.prompt(text),) if text else ()


def words_for_number(talk: Talk, own: Sayings | None, letters: bool) -> Text | None:
    """How a number is asked for that one calls so, where it is not for the first time; None: as the flow does."""
    own = own or OWN
    if talk.stage is Stage.NUMBER and talk.tries:
        return own.again or AGAIN
    if talk.stage is Stage.KEYS:
        return own.keys or (BY_KEYS_WITH_LETTERS if letters else BY_KEYS)
    return None


def in_words(talk: Talk) -> str:
    """What is asked now, for the trace."""
    match talk.stage:
        case Stage.CONFIRM:
            return "reads back"
        case Stage.PART:
            return "asks for a part again"
        case Stage.KEYS:
            return "asks by keys"
        case _:
            return "asks again"


def part_in_words(part: Part, language: str) -> str:
    """
    >>> part_in_words(Part("last", 3), "de")
    'die letzten drei Stellen'
    """
    count = _COUNTS.get(language, _COUNTS["en"]).get(part.characters, str(part.characters))
    if language == "de":
        which = "ersten" if part.end == "first" else "letzten"
        return f"die {which} {count} Stellen" if part.characters > 1 else f"die {which.removesuffix('n')} Stelle"
    return f"the {part.end} {count}" if part.characters > 1 else f"the {part.end} one"


def _but(
    whole: AskDigits, prompts: tuple[Prompt, ...], keys: int, listening: Listening, speech: bool = True
) -> AskDigits:
    more = whole.more_digits if keys == whole.max_digits else 0
    return AskDigits(prompts, keys, whole.first_timeout, whole.next_timeout, whole.speech and speech, more, listening)
