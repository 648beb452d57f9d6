"""What a flow must keep to beyond its shape: *all* problems at once, each with its place and the way out."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from router.core.abilities import Ability
from router.flow import texts
from router.flow.formulas import FormulaCheck, Known
from router.flow.hearing_rules import unannounced, unheard
from router.flow.model import Flow, FlowText
from router.flow.nodes.asking import ANSWERS, YES_OR_NO
from router.flow.nodes.base import HUNG_UP, Formula, Place, Step, Text, Use, UseKind, Words
from router.flow.nodes.match import Match
from router.flow.opening import Hours, overlaps
from router.flow.parse import Parsed, PassedOver
from router.flow.placeholders import has_variables
from router.flow.problems import Problem, nearest
from router.flow.source import UNSEEN, Path, Source
from router.flow.surroundings import Surroundings
from router.flow.ways import no_person, unreachable
from router.flow.wording import recordings_of

_WORDS_FOR = {
    UseKind.HOURS: "no hours",
    UseKind.INPUT: "no step collects",
    UseKind.QUEUE: "no queue",
    UseKind.WEBHOOK: "no webhook",
    UseKind.FLOW: "no flow",
}
_WHERE = {
    UseKind.QUEUE: " in THREADLINE_QUEUES or shared/",
    UseKind.WEBHOOK: " in THREADLINE_WEBHOOKS",
}


@dataclass(frozen=True, slots=True)
class Whole:
    """What a flow is looked at with: shared pieces that exist but could not be read (``unread``), whether there are
    other flows or parts of them that could not be (``unsure``) or whole shared files (``pieces_lost``), and the
    surroundings."""

    unread: PassedOver
    unsure: bool
    pieces_lost: bool
    around: Surroundings


def complaints(flow: Flow, parsed: Parsed[FlowText], whole: Whole) -> Iterator[Problem]:
    """What is wrong with ``flow`` beyond its shape, as far as one flow can tell."""
    source = parsed.source
    if source is None:
        return
    unread = {
        part: {**whole.unread.get(part, {}), **parsed.passed_over.get(part, {})}
        for part in ("steps", "prompts", "hours", "queues")
    }
    missing = list(_missing_steps(source, flow, unread))
    yield from missing
    yield from _texts(source, flow, unread, whole)
    yield from overlapping(source, flow.text.hours)
    yield from _references(source, flow, unread, whole)
    yield from _formulas(source, flow, unread, whole)
    yield from _abilities(source, flow, whole.around)
    yield from unheard(source, flow, whole.around)
    if not missing and not parsed.passed_over:  # else what cannot be reached is most likely what was misspelt
        yield from unreachable(source, flow)
        yield from no_person(source, flow)
        yield from unannounced(source, flow)


# -- what refers to what ------------------------------------------------------------------------------------------


def _steps(flow: Flow) -> Iterator[tuple[str, Step]]:
    yield from flow.text.steps.items()


def _missing_steps(source: Source, flow: Flow, unread: PassedOver) -> Iterator[Problem]:
    known = {*flow.steps, *unread["steps"]}
    ways: list[tuple[Place, str]] = [(("start",), flow.text.start)]
    if flow.text.hung_up:
        ways.append((HUNG_UP, flow.text.hung_up))
    ways += [(("steps", name, *at), target) for name, step in _steps(flow) for at, target in step.targets().items()]
    for path, target in ways:
        if target not in known:
            yield source.problem(path, "missing-step", f"no step '{target}'{nearest(target, known)}")


def _texts(source: Source, flow: Flow, unread: PassedOver, whole: Whole) -> Iterator[Problem]:
    known = {*flow.prompts, *unread["prompts"]}
    places: list[tuple[Path, Text]] = [(("prompts", name), words) for name, words in flow.text.prompts.items()]
    for name, step in _steps(flow):
        said = {**step.texts(), **step.private_texts()}
        places += [(("steps", name, *at), text) for at, text in said.items()]
    for path, text in places:
        if isinstance(text, Words):
            yield from _translations(source, flow, path, text)
            yield from unseen(source, path, text)
            yield from recordings(source, path, text, whole.around)
        elif text not in known:
            if whole.pieces_lost:
                continue  # it may stand there
            yield source.problem(path, "missing-prompt", f"no prompt '{text}'{nearest(text, known)}")
        elif text not in flow.text.prompts and text in flow.prompts:
            for wanted in flow.text.languages:
                if wanted not in flow.prompts[text].texts:
                    message = f"the shared prompt '{text}' has no text in '{wanted}'"
                    yield source.problem(path, "missing-translation", message)


def _translations(source: Source, flow: Flow, path: Path, words: Words) -> Iterator[Problem]:
    for wanted in flow.text.languages:
        if wanted not in words.texts:
            message = f"no text in '{wanted}', which the flow speaks"
            yield source.problem(path, "missing-translation", message, at_key=True)
    for language in words.texts:
        if language not in flow.text.languages:
            hint = nearest(language, (*flow.text.languages, "recording"))
            message = f"the flow has no language '{language}'{hint}"
            yield source.problem((*path, language), "unknown-language", message, at_key=True)


def unseen(source: Source, path: Path, words: Words) -> Iterator[Problem]:
    """Characters that cannot be seen and are written in another way (``\\0``): a database would refuse the text."""
    for language, text in words.texts.items():
        if found := UNSEEN.search(text):
            wrong = f"the text holds a character that cannot be seen (U+{ord(found[0]):04X}); take it out"
            yield source.problem((*path, language), "hidden-character", wrong)


def recordings(source: Source, path: Path, words: Words, around: Surroundings) -> Iterator[Problem]:
    """Recorded files that are named and not there, one for each language."""
    if words.recording is None or around.recordings is None:
        return
    for language, text in words.texts.items():
        needed = recordings_of(text, words.recording) if has_variables(text) else {words.recording}
        missing = sorted(name for name in needed or () if (language, name) not in around.recordings)
        if missing:
            more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
            message = (
                f"no file {language}/{missing[0]}.wav{more} in the folder of recordings; the text is spoken instead"
            )
            yield source.problem((*path, "recording"), "missing-audio", message, warning=True)
        elif needed is None:
            message = f"the text in '{language}' is always spoken: only variables with '| digits' can be recorded"
            yield source.problem((*path, "recording"), "missing-audio", message, warning=True)


def overlapping(source: Source, hours: Mapping[str, Hours]) -> Iterator[Problem]:
    """Weekly spans that overlap."""
    for name, each in hours.items():
        for message in overlaps(each):
            yield source.problem(("hours", name, "weekly"), "overlap", message, at_key=True, warning=True)


def _references(source: Source, flow: Flow, unread: PassedOver, whole: Whole) -> Iterator[Problem]:
    around = whole.around
    known: Mapping[UseKind, Collection[str] | None] = {
        UseKind.HOURS: None if whole.pieces_lost else {*flow.hours, *unread["hours"]},
        UseKind.INPUT: None if whole.unsure and len(flow.flows) > 1 else _inputs(flow, unread),
        UseKind.FLOW: None if whole.unsure else set(flow.flows),
        UseKind.QUEUE: None
        if around.queues is None or whole.pieces_lost
        else {*around.queues, *flow.queues, *unread["queues"]},
        UseKind.WEBHOOK: around.webhooks,
    }
    for prefix, language in flow.text.language_by_prefix.items():
        yield from _language(source, flow, ("language_by_prefix", prefix), language)
    if "default_queue" in flow.text.model_fields_set:
        yield from _used(source, flow, (), Use(("default_queue",), UseKind.QUEUE, flow.text.default_queue), known)
    for name, step in _steps(flow):
        at: Path = ("steps", name)
        for use in step.uses():
            yield from _used(source, flow, at, use, known)
        if isinstance(step, Match):
            yield from _answers(source, at, step)


def _used(
    source: Source, flow: Flow, at: Path, use: Use, known: Mapping[UseKind, Collection[str] | None]
) -> Iterator[Problem]:
    path = (*at, *use.place)
    if use.kind is UseKind.LANGUAGE:
        yield from _language(source, flow, path, use.name)
        return
    names = known[use.kind]
    if names is not None and use.name not in names:
        where = _WHERE.get(use.kind, "")
        words = f"{_WORDS_FOR[use.kind]} '{use.name}'{where}{nearest(use.name, names)}"
        yield source.problem(path, f"missing-{use.kind.value}", words)


def _inputs(flow: Flow, unread: PassedOver) -> dict[str, None]:
    """The names of what steps collect and what `match` steps ask for, here and in the flows that lead here."""
    names = [name for each in _leading_to(flow) for _, step in _steps(each) for name in step.inputs()]
    for written in unread["steps"].values():
        if isinstance(written, dict):
            names += [str(written["into"])] if "into" in written else ANSWERS if "ask" in written else []
    return dict.fromkeys(names)


def _values(flow: Flow, unread: PassedOver) -> dict[str, list[Formula | None]]:
    """What is noted here and in the flows that lead here, each with the expressions that say what, where one does."""
    noted: dict[str, list[Formula | None]] = {}
    for written in unread["steps"].values():
        for field in ("values", "keep") if isinstance(written, dict) else ():
            if isinstance(written.get(field), dict):
                noted |= {name: [None] for name in written[field]}
    for each in _leading_to(flow):
        for _, step in _steps(each):
            formulas = step.formulas()
            for name in step.values():
                noted.setdefault(name, []).append(formulas.get(("values", name)))
    return noted


def _leading_to(flow: Flow) -> list[Flow]:
    """The flow, and those that a call may have come from."""
    before: dict[str, list[Flow]] = {}
    for each in flow.flows.values():
        for _, step in _steps(each):
            for use in step.uses():
                if use.kind is UseKind.FLOW:
                    before.setdefault(use.name, []).append(each)
    found, ahead = {flow.name: flow}, [flow.name]
    while ahead:
        for each in before.get(ahead.pop(), ()):
            if each.name not in found:
                found[each.name] = each
                ahead.append(each.name)
    return list(found.values())


def _answers(source: Source, at: Path, step: Match) -> Iterator[Problem]:
    """What is said must choose a topic there is, and no key may be two answers."""
    topics = step.ask.topic if step.ask else None
    lengths = step.ask.last_digits if step.ask else {}
    known = set(topics.keys.values()) if topics else set()
    for topic in topics.words if topics else ():
        if topic not in known:
            wrong = f"no key chooses the topic '{topic}'{nearest(topic, known)}"
            yield source.problem((*at, "ask", "topic", "words", topic), "unknown-topic", wrong, at_key=True)
    yes_or_no = YES_OR_NO if step.ask and step.ask.about_message else {}
    for key in step.keys:
        answers = {*yes_or_no, *(topics.keys if topics else ())}
        if key in answers or (key.isdigit() and str(len(key)) in lengths):
            taken = f"'{key}' is an answer already; take another key, such as '*'"
            yield source.problem((*at, "keys", key), "key-taken", taken, at_key=True)


def _language(source: Source, flow: Flow, path: Path, language: str) -> Iterator[Problem]:
    if language not in flow.text.languages:
        hint = nearest(language, flow.text.languages)
        yield source.problem(path, "unknown-language", f"the flow has no language '{language}'{hint}")


# -- expressions, channels ----------------------------------------------------------------------------------------


def _formulas(source: Source, flow: Flow, unread: PassedOver, whole: Whole) -> Iterator[Problem]:
    formulas = [(("steps", name, *at), each) for name, step in _steps(flow) for at, each in step.formulas().items()]
    if not formulas and not texts.any_to_check(flow):
        return
    check = formula_check([(flow, unread)], unsure=whole.unsure and len(flow.flows) > 1)
    for path, formula in formulas:
        code = "condition" if formula.gives == "condition" else "expression"
        for mistake in check.mistakes(formula):
            yield source.problem(path, code, mistake.message, offset=mistake.offset)
    yield from texts.complaints(source, flow, check)


def formula_check(flows: Sequence[tuple[Flow, PassedOver]], *, unsure: bool) -> FormulaCheck:
    """Checks expressions that stand in any of ``flows``, each with what of it could not be read. ``unsure``: not all
    that inputs and values come from could be."""
    unread = [step for _, passed in flows for step in passed["steps"].values()]
    steps = [name for flow, passed in flows for name in (*flow.steps, *passed["steps"])]
    inputs = {name: None for flow, passed in flows for name in _inputs(flow, passed)}
    values: dict[str, list[Formula | None]] = {}
    for flow, passed in flows:
        for name, formulas in _values(flow, passed).items():
            values.setdefault(name, []).extend(formulas)
    return FormulaCheck(
        Known(
            steps=list(dict.fromkeys(steps)),
            inputs=None if unsure else inputs,
            values=None if unsure or None in unread else values,
        )
    )


_IN_WORDS = {
    Ability.SPEECH: "hear an answer that is spoken",
    Ability.WHISPER: "say something to the agent alone",
    Ability.SKILLS: "look for agents by their skills",
    Ability.PRIORITY: "serve one caller before another",
}


def _abilities(source: Source, flow: Flow, around: Surroundings) -> Iterator[Problem]:
    for name, step in _steps(flow):
        for place, ability in step.needs().items():
            lacking = [channel for channel, able in around.channels.items() if ability not in able]
            if lacking:
                message = f"{' and '.join(lacking)} cannot {_IN_WORDS[ability]}; take it out, or do without the channel"
                yield source.problem(("steps", name, *place), "cannot-render", message)
        if around.texts is False and step.sends_texts():
            message = "nobody is set up to send text messages, so the step goes its way for that; see docs/texting.md"
            yield source.problem(("steps", name), "no-texts", message, at_key=True, warning=True)
