"""How others do it, on the same calls and with the same callers: each gives an `Outcome` without probabilities."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping

from bench.match.answers import answer
from bench.match.outcome import Outcome
from bench.match.sent import Sent
from bench.match.town import Town
from bench.match.traffic import Call
from router.core.assurance import Assurance
from router.core.match import Decision, Question, QuestionKind

CODE_TRIES = 3
"""As often as our flow asks."""
_CODE = Question(QuestionKind.CODE, 10)


class Directory:
    """What a look-up table of the town would know: messages by number and by code."""

    def __init__(self, town: Town) -> None:
        self._rules = town.rules
        self._by_number: dict[str, list[Sent]] = defaultdict(list)
        self._by_code = {each.code: each for each in town.messages}
        self._answered: dict[int, float] = {}
        for change in town.changes:
            if change.answered is not None:
                self._answered.setdefault(change.message.place, change.answered)
        for message in town.messages:
            for number in message.customer.on_file | ({message.to_phone} if message.to_phone else set()):
                self._by_number[number].append(message)

    def of_number(self, call: Call) -> list[Sent]:
        """The messages that the caller number leads to, in the order in which they were sent."""
        return [each for each in self._by_number.get(call.number or "", ()) if each.sent <= call.at]

    def open(self, message: Sent, call: Call) -> bool:
        """Whether the offer holds and nobody is known to have answered it."""
        holds = message.code_expires > call.at if message.ends is None else message.ends > call.at
        return holds and self._answered.get(message.place, call.at) >= call.at

    def ask_for_code(self, call: Call) -> tuple[Sent | None, int, int]:
        """The message whose code the caller keys in, the questions and the keys that took."""
        keys = 0
        for time in range(CODE_TRIES):
            given = answer(self._rules, call, _CODE, time)
            keys += given.keys
            found = self._by_code.get(given.digits)
            if found is not None and found.sent <= call.at < found.code_expires:
                return found, time + 1, keys
            if not given.digits:
                return None, time + 1, keys
        return None, CODE_TRIES, keys


def latest(directory: Directory, call: Call) -> Outcome:
    """The latest message that the number leads to (VICIdial orders by last call)."""
    return _by_number(next(reversed(directory.of_number(call)), None))


def first_hit(directory: Directory, call: Call) -> Outcome:
    """The first message found of any customer with the number (FreePBX Superfecta)."""
    return _by_number(next(iter(directory.of_number(call)), None))


def number_or_code(directory: Directory, call: Call) -> Outcome:
    """The number where exactly one open message has it, else the code (Amazon Connect gives up where two share it)."""
    found = [each for each in directory.of_number(call) if directory.open(each, call)]
    return _by_number(found[0]) if len(found) == 1 else ask_everybody(directory, call)


def ask_everybody(directory: Directory, call: Call) -> Outcome:
    """The code, of everybody."""
    found, questions, keys = directory.ask_for_code(call)
    asked = ("code",) * questions
    if found is None:
        return Outcome(None, Decision.NONE, Assurance.L0, False, questions=questions, keys=keys, asked=asked)
    known = call.number is not None and (call.number in found.customer.on_file or call.number == found.to_phone)
    level = Assurance.L3 if known else Assurance.L2
    return Outcome(found.message_id, Decision.SURE, level, True, known, questions, keys, asked)


BASELINES: Mapping[str, Callable[[Directory, Call], Outcome]] = {
    "latest message": latest,
    "first hit": first_hit,
    "number or code": number_or_code,
    "ask all for code": ask_everybody,
}


def run(town: Town) -> Iterator[tuple[str, list[Outcome]]]:
    """Each baseline's outcomes, in the order of the calls."""
    directory = Directory(town)
    for name, method in BASELINES.items():
        yield name, [method(directory, call) for call in town.calls]


def _by_number(found: Sent | None) -> Outcome:
    if found is None:
        return Outcome(None, Decision.NONE, Assurance.L0, False)
    return Outcome(found.message_id, Decision.SURE, Assurance.L1, True)
