"""A set of flow files: flows, the pieces they share, and their scenarios. It is checked, kept and run as one.

A path says what a file is: ``hotline.yaml`` a flow, ``shared/hours.yaml`` shared pieces, ``scenarios/x.yaml`` a call to
try. What a set is called follows from its texts alone (`set_id`).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from router.flow.canned import canned_complaints
from router.flow.label_rules import labels_of_steps
from router.flow.model import Flow, FlowText
from router.flow.parse import Parsed, PassedOver, parse
from router.flow.problems import FlowRefused, Problem
from router.flow.queue_rules import QueueCheck, skills_of_steps
from router.flow.rules import Whole, complaints, formula_check
from router.flow.shared import Shared, SharedText
from router.flow.shared_rules import shared_complaints
from router.flow.surroundings import NOTHING_KNOWN, Surroundings
from router.flow.ways import endless

Files = Mapping[str, str]
"""Texts by path, with ``/`` between its parts."""

MOST_FILES = 500
_NAME = r"[a-z0-9][a-z0-9_-]{0,59}\.ya?ml"
_PATH = re.compile(rf"(?:(shared|scenarios)/)?{_NAME}", re.IGNORECASE)


class FileKind(StrEnum):
    """What a file is, by its path."""

    FLOW = "flow"
    SHARED = "shared"
    SCENARIO = "scenario"


def kind_of(path: str) -> FileKind | None:
    """What the file at ``path`` is; None for what is none of ours."""
    found = _PATH.fullmatch(path)
    if found is None:
        return None
    match found.group(1):
        case None:
            return FileKind.FLOW
        case folder:
            return FileKind.SHARED if folder.casefold() == "shared" else FileKind.SCENARIO


def text_id(text: str) -> str:
    """The name of this very text: the first 16 hexadecimal digits of its SHA-256."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def set_id(files: Files) -> str:
    """The name of this very set of files, 16 hexadecimal digits."""
    lines = (f"{text_id(text)} {path}" for path, text in sorted(files.items()))
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def _name_of(files: Files) -> str:
    try:
        return set_id(files)
    except UnicodeEncodeError:
        return ""  # half a surrogate pair, which is refused with its place when the text is read


@dataclass(frozen=True, slots=True)
class FlowSet:
    """Files that were checked together. ``warnings`` are what a good flow would not have; it runs all the same."""

    id: str
    files: Files
    flows: Mapping[str, Flow]
    shared: Shared
    warnings: tuple[Problem, ...] = ()

    def flow_at(self, path: str) -> Flow | None:
        """The flow that the file at ``path`` holds."""
        return next((flow for flow in self.flows.values() if flow.path == path), None)


def check_files(
    files: Files,
    around: Surroundings = NOTHING_KNOWN,
    shown: Callable[[str], str] = lambda path: path,
    unread: Collection[str] = (),
) -> FlowSet:
    """The checked set. ``shown`` is how a path is written in problems; ``unread`` are files of the set that could not
    be read: what may stand in them is not missed.

    Raises `FlowRefused` with every problem of every file, warnings among them.
    """
    flow_set, problems = _read(files, around, shown, unread)
    if any(not problem.warning for problem in problems):
        raise FlowRefused(problems)
    return FlowSet(flow_set.id, files, flow_set.flows, flow_set.shared, tuple(sorted(problems)))


def kept_files(files: Files) -> FlowSet:
    """A set that was checked when it was kept, for the calls that run it: what is asked of flows today does not count.

    Raises `FlowRefused` for a flow that this version of the program cannot run.
    """
    return _read(files, None, lambda path: path)[0]


def _read(
    files: Files, around: Surroundings | None, shown: Callable[[str], str], unread_files: Collection[str] = ()
) -> tuple[FlowSet, list[Problem]]:
    parsed_shared = {
        path: parse(text, shown(path), SharedText) for path, text in files.items() if kind_of(path) is FileKind.SHARED
    }
    parsed_flows = {
        path: parse(text, shown(path), FlowText) for path, text in files.items() if kind_of(path) is FileKind.FLOW
    }
    shared, unread, problems = _gathered(parsed_shared)
    problems += [problem for parsed in parsed_flows.values() for problem in parsed.problems]
    name, flows = _name_of(files), dict[str, Flow]()
    made: list[tuple[Flow, Parsed[FlowText]]] = []
    for path, parsed in parsed_flows.items():
        if parsed.value is None or parsed.source is None:
            continue
        flow = Flow(parsed.value, files[path], path, name, shared)
        keys = parsed.source.keys
        flow.lines = {step: keys["steps", step][0] for step in parsed.value.steps if ("steps", step) in keys}
        if flow.name in flows and around is not None:
            taken = f"'{flows[flow.name].path}' is a flow '{flow.name}' already"
            problems.append(parsed.source.problem(("name",), "duplicate-flow", taken))
        flows.setdefault(flow.name, flow)
        made.append((flow, parsed))
    whole = Whole(
        unread,
        unsure=len(made) < len(parsed_flows) or any(kind_of(path) is not FileKind.SHARED for path in unread_files),
        pieces_lost=any(each.value is None for each in parsed_shared.values())
        or any(kind_of(path) is FileKind.SHARED for path in unread_files),
        around=around or NOTHING_KNOWN,
    )
    for flow, parsed in made:
        flow.flows, flow.files = flows, files
        if around is not None:
            problems += complaints(flow, parsed, whole)
    if around is not None:
        problems += _queues(made, shared, parsed_shared, whole)
        problems += _together(made, parsed_shared, whole, right=all(problem.warning for problem in problems))
    elif cannot := [problem for problem in problems if not problem.warning]:
        raise FlowRefused(cannot)
    return FlowSet(name, files, flows, shared), problems


def _queues(
    made: Sequence[tuple[Flow, Parsed[FlowText]]],
    shared: Shared,
    parsed_shared: Mapping[str, Parsed[SharedText]],
    whole: Whole,
) -> Iterator[Problem]:
    """What is wrong with queues. Their rules may go by what any of the flows notes and asks for."""
    if not shared.queues:
        return
    flows = [(flow, {"steps": parsed.passed_over.get("steps", {})}) for flow, parsed in made]
    check = QueueCheck(shared, whole, formula_check(flows, unsure=whole.unsure))
    for parsed in parsed_shared.values():
        yield from check.complaints(parsed)
    sources = [(flow, parsed.source) for flow, parsed in made if parsed.source is not None]
    yield from skills_of_steps(sources)
    yield from labels_of_steps(sources)


def _together(
    made: Sequence[tuple[Flow, Parsed[FlowText]]],
    shared: Mapping[str, Parsed[SharedText]],
    whole: Whole,
    right: bool,
) -> Iterator[Problem]:
    """What only all files together tell. Where the rest is not ``right``, what seems unused may be misspelt."""
    yield from endless([(flow, parsed.source) for flow, parsed in made if parsed.source is not None])
    yield from shared_complaints(list(shared.values()), [flow for flow, _ in made] if right else [], whole)
    yield from canned_complaints(list(shared.values()), whole)


def _gathered(parsed: Mapping[str, Parsed[SharedText]]) -> tuple[Shared, PassedOver, list[Problem]]:
    """The pieces of all shared files, the names of those that could not be read, and what is wrong with them."""
    problems = [problem for each in parsed.values() for problem in each.problems]
    pieces: dict[str, dict[str, object]] = {"hours": {}, "prompts": {}, "queues": {}, "texts": {}}
    unread: dict[str, dict[str, object]] = {part: {} for part in pieces}
    for each in parsed.values():
        for part, known in pieces.items():
            unread[part].update(each.passed_over.get(part, {}))
            for name, piece in _pieces(each.value, part):
                if name in known and each.source is not None:
                    twice = f"'{name}' stands in another shared file, too"
                    problems.append(each.source.problem((part, name), "duplicate-piece", twice, at_key=True))
                known.setdefault(name, piece)
    return Shared(**pieces), unread, problems  # type: ignore[arg-type]


def _pieces(value: SharedText | None, part: str) -> Iterator[tuple[str, object]]:
    if value is not None:
        yield from getattr(value, part).items()


def check(text: str, file: str, around: Surroundings = NOTHING_KNOWN) -> Flow:
    """The one flow of ``text``, checked by itself. Raises `FlowRefused`; ``file`` names it in the problems."""
    checked = check_files({"flow.yaml": text}, around, lambda _: file)
    return next(iter(checked.flows.values()))
