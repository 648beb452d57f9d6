"""Queues and the results of their talks are called by the labels of what is released."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from router.flow.load import load
from router.releases.queue_book import QueueBook
from tests.shipped import SHIPPED


def test_labels_are_those_of_the_description() -> None:
    flows: Any = SimpleNamespace(current=load([SHIPPED]))
    book = QueueBook(flows, ("wholesale",))
    assert book.labels("sales") == {"de": "Vertrieb", "en": "Sales"}
    assert book.labels("sales", "sold") == {"de": "Abschluss", "en": "Sold"}
    assert book.labels("wholesale") == book.labels("sales", "unheard_of") == {}
