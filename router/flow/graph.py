"""A flow as a Mermaid graph."""

from __future__ import annotations

from router.flow.model import Flow
from router.flow.nodes.base import HUMAN, Step
from router.flow.nodes.match import Match


def mermaid(flow: Flow) -> str:
    """Mermaid text: a box for each step, an arrow for each way."""
    lines = ["flowchart TD", f"  _start(( )) --> {flow.text.start}"]
    used = {target for step in flow.text.steps.values() for target in step.targets().values()}
    for name, step in flow.steps.items():
        if name == HUMAN and HUMAN not in used:
            continue
        lines.append(f'  {name}["{name}<br/><i>{step.type}</i>{_questions(step)}"]')
        for place, target in step.targets().items():
            if name != HUMAN:
                lines.append(f'  {name} -->|"{_label(place)}"| {target}')
    return "\n".join(lines)


def _questions(step: Step) -> str:
    if not isinstance(step, Match) or step.ask is None:
        return ""
    asked = dict.fromkeys(question.kind.value.replace("_", " ") for question in step.ask.questions({}))
    return f"<br/>asks for {', '.join(asked)}"


def _label(place: tuple[str | int, ...]) -> str:
    names = [
        str(part + 1) if isinstance(part, int) else part for part in place if part not in ("next", "options", "keys")
    ]
    return " ".join(names).replace('"', "'")
