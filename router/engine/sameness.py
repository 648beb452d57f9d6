"""When a question of one flow is that of another, so that the answer to one is an answer to the other."""

from __future__ import annotations

from router.core.commands import (
    AskDigits,
    CallWebhook,
    Command,
    FindMatches,
    RecordMessage,
    SeeQueue,
    SendText,
    Transfer,
    Wait,
)
from router.engine.session import Session


def same_wait(session: Session, wait: Wait, old_session: Session, old: Wait) -> bool:
    """Whether the caller is waited for in the same way: at the same step or in the same words, in the same queue, or
    for a message."""
    match wait, old:
        case AskDigits(prompts=prompts), AskDigits(prompts=old_prompts):
            here, there = (session.flow, session.step), (old_session.flow, old_session.step)
            return here == there or prompts[-1:] == old_prompts[-1:]
        case Transfer(queue=queue), Transfer(queue=old_queue):
            return queue == old_queue
        case RecordMessage(), RecordMessage():
            return True
        case _:
            return False


def same_question(old: Command, new: Command) -> bool:
    """Whether the house is asked the same."""
    match old, new:
        case FindMatches(), FindMatches():
            return _told(old) == _told(new)
        case SeeQueue(queue=old_queue), SeeQueue(queue=queue):
            return queue == old_queue
        case SendText(to=old_to), SendText(to=to):
            return to == old_to
        case CallWebhook(), CallWebhook():
            return (old.webhook, old.send) == (new.webhook, new.send)
        case _:
            return old.kind == new.kind


def _told(asked: FindMatches) -> tuple[object, ...]:
    """What the caller had told until then."""
    return asked.code, asked.reference, asked.last_digits, asked.topic, asked.about_message
