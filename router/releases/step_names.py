"""What people call the steps of flows, and the topics that callers choose there, in what is released now."""

from __future__ import annotations

from collections.abc import Mapping

from router.flow.nodes.match import Match
from router.releases.flows import Flows


class StepNames:
    """Looks labels up in the flows that new calls run. A newer release counts at once."""

    def __init__(self, flows: Flows) -> None:
        self._flows = flows

    def labels(self, flow: str, step: str, topic: str | None = None) -> Mapping[str, str]:
        """What people call ``step``, or this topic that it asks for, by language; nothing where it has no label."""
        found = self._flows.current.get(flow)
        known = found.text.steps.get(step) if found is not None else None
        if known is None:
            return {}
        if topic is None:
            label = known.label
        else:
            asked = known.ask.topic if isinstance(known, Match) and known.ask else None
            label = asked.labels.get(topic) if asked else None
        return label.texts if label is not None else {}
