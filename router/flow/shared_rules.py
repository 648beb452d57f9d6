"""What shared pieces must keep to: recordings there are, and somebody who uses them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from router.flow.model import Flow
from router.flow.nodes.base import UseKind
from router.flow.parse import Parsed
from router.flow.problems import Problem
from router.flow.queue_rules import led_to
from router.flow.rules import Whole, overlapping, recordings, unseen
from router.flow.shared import SharedText

_KINDS = {"hours": "these hours", "prompts": "this prompt", "queues": "this queue"}


def shared_complaints(shared: Sequence[Parsed[SharedText]], flows: Sequence[Flow], whole: Whole) -> Iterator[Problem]:
    """What is wrong with the shared files of a set, beyond their shape."""
    used = _used(flows)
    for parsed in shared:
        if parsed.source is None or parsed.value is None:
            continue
        for name, words in parsed.value.prompts.items():
            yield from unseen(parsed.source, ("prompts", name), words)
            yield from recordings(parsed.source, ("prompts", name), words, whole.around)
        yield from overlapping(parsed.source, parsed.value.hours)
        if whole.unsure or not flows:
            continue
        for part, about in _KINDS.items():
            if part == "queues" and any(_asks_the_offer(flow) for flow in flows):
                continue  # an offer may name any of them
            for name in getattr(parsed.value, part):
                if name not in used[part]:
                    yield parsed.source.problem(
                        (part, name), "unused", f"no flow uses {about} ('{name}')", at_key=True, warning=True
                    )


def _asks_the_offer(flow: Flow) -> bool:
    return any(getattr(step, "offer_queue", False) for step in flow.text.steps.values())


def _used(flows: Sequence[Flow]) -> Mapping[str, set[str]]:
    """The names that flows look up among what is shared."""
    used: dict[str, set[str]] = {"hours": set(), "prompts": set(), "queues": set()}
    parts: Mapping[Any, str] = {UseKind.HOURS: "hours", UseKind.QUEUE: "queues"}
    for flow in flows:
        used["queues"].add(flow.text.default_queue)
        for step in flow.text.steps.values():
            for use in step.uses():
                if use.kind in parts:
                    used[parts[use.kind]].add(use.name)
            said = (*step.texts().values(), *step.private_texts().values())
            used["prompts"] |= {text for text in said if isinstance(text, str)}
        used["hours"] -= set(flow.text.hours)
    hours, queues = led_to(flows[0].queues if flows else {})
    used["hours"] |= hours
    used["queues"] |= queues
    return used
