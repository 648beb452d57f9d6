"""What a flow must keep to where callers speak: somebody hears them, and they know what is kept."""

from __future__ import annotations

from collections.abc import Iterator

from router.core.abilities import Ability
from router.flow.model import Flow
from router.flow.nodes.base import HUMAN, Step
from router.flow.problems import Problem, nearest
from router.flow.source import Source
from router.flow.surroundings import Surroundings
from router.flow.ways import reached


def unheard(source: Source, flow: Flow, around: Surroundings) -> Iterator[Problem]:
    """Steps that ask callers to speak where no channel in use hears them: they are asked for keys."""
    if not around.channels or any(Ability.SPEECH in able for able in around.channels.values()):
        return
    message = "nobody hears callers speak, so they use keys; see docs/speech.md"
    for name, step in flow.text.steps.items():
        place = step.asks_for_speech()
        if place is not None and not step.needs():  # else it is a problem already
            yield source.problem(("steps", name, *place), "no-speech", message, at_key=True, warning=True)


def unannounced(source: Source, flow: Flow) -> Iterator[Problem]:
    """Steps that keep what callers say, and are reached by callers who were not told."""
    for name, step in flow.text.steps.items():
        wrong = _not_told(flow, name, step)
        if wrong:
            yield source.problem(("steps", name, "keep_recording", "announced_by"), "not-announced", wrong)


def _not_told(flow: Flow, name: str, step: Step) -> str | None:
    teller = step.announced_by()
    if teller is None:
        return None
    if teller not in flow.steps:
        return f"no step '{teller}'{nearest(teller, flow.steps)}"
    if teller == name or not _tells(flow, teller):
        return f"'{teller}' does not tell callers before they speak; name a step that does, such as a say or a menu"
    if name in reached(flow, [flow.text.start, HUMAN], past=teller):
        return f"callers also come here past '{teller}', and are not told; lead every way here through it"
    return None


def _tells(flow: Flow, name: str) -> bool:
    """Whether nobody leaves a step without having been told its words. A `match` or a `verify` may go on at once."""
    step = flow.steps[name]
    return bool(step.texts()) and (step.type == "say" or step.WAITS)
