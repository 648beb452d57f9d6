"""The flows as we ship them are an example of a contact centre: talks are wrapped up, and there is something to say."""

from __future__ import annotations

from router.flow.load import load
from tests.shipped import SHIPPED

LANGUAGES = {"de", "en"}
FLOW = load([SHIPPED])["hotline"]


def test_each_queue_has_what_agents_need_after_a_talk() -> None:
    for name, queue in FLOW.queues.items():
        assert queue.label is not None, name
        assert set(queue.label.texts) == LANGUAGES
        assert queue.wrap_up > 0, name
        assert queue.dispositions, name
        for disposition in queue.dispositions:
            for label in (disposition.label, *(field.label for field in disposition.fields)):
                assert set(label.texts) == LANGUAGES, disposition.code


def test_there_are_texts_for_each_way_of_sending() -> None:
    assert {text.channel for text in FLOW.canned.values()} == {"sms", "email"}
    for name, text in FLOW.canned.items():
        assert set(text.text.texts) == LANGUAGES, name
        assert set(text.queues) <= set(FLOW.queues), name
