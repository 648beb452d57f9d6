"""Steps and the topics asked for there are called by the labels of what is released."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from router.flow.load import load
from router.releases.step_names import StepNames
from tests.shipped import SHIPPED


def test_labels_are_those_of_the_flow() -> None:
    flows: Any = SimpleNamespace(current=load([SHIPPED]))
    names = StepNames(flows)
    assert names.labels("hotline", "recognise", "power") == {"de": "Strom", "en": "Electricity"}
    assert names.labels("hotline", "recognise") == names.labels("hotline", "gone") == names.labels("other", "x") == {}
