"""What the caller did before the queue, in steps that the page has words for. Numbers, codes and what was said stay
out: the trace has none of them, and of the answers only those are told that are no numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from router.core.match import Match
from router.desk.card import Did
from router.engine.session import Session, Trace
from router.flow.nodes.asking import ABOUT_MESSAGE, TOPIC

MOST: Final = 12
"""Steps shown, the latest."""

_PATTERNS: Final = (
    ("menu", r"key (?P<pressed>[0-9*#])", "menu"),
    ("menu", r"speech", "menu_said"),
    ("menu", r".*tries used up", "menu_none"),
    ("match", r"with a code", "code"),
    ("match", r"with what was heard", "number_said"),
    ("collect", r"(?P<digits>\d{1,3}) digits", "digits"),
    ("collect", r"(nothing entered|.*tries used up)", "digits_none"),
    ("verify", r"code on its way", "code_sent"),
    ("verify", r"right code", "proved"),
    ("verify", r".*tries used up", "not_proved"),
    ("verify", r"no code sent.*", "code_not_sent"),
    ("send_message", r"on its way", "link_sent"),
    ("send_message", r"not sent.*", "link_not_sent"),
    ("callback", r"kept", "callback"),
    ("callback", r"declined", "callback_declined"),
    ("voicemail", r"(?P<seconds>\d{1,4}) s recorded", "voicemail"),
    ("hours", r".{1,40}: closed( on .{1,30})?", "closed"),
    ("transfer", r"nobody answered", "no_answer"),
)
_COMPILED: Final = tuple((kind, re.compile(pattern), what) for kind, pattern, what in _PATTERNS)


def did(session: Session, match: Match | None) -> tuple[Did, ...]:
    """The latest steps of the caller, the first one first."""
    return tuple(_steps(session, match))[-MOST:]


def _steps(session: Session, match: Match | None) -> Iterator[Did]:
    if session.trace and session.language_chosen:
        yield Did(session.trace[0].at, "language", {"language": session.language})
    asked = False
    for trace in session.trace:
        step = _step(trace, match)
        if step is not None:
            yield step
        if trace.type == "match" and trace.note == "with what was answered" and not asked:
            asked = True
            yield from _answered(session, trace)


def _step(trace: Trace, match: Match | None) -> Did | None:
    for kind, pattern, what in _COMPILED:
        if kind == trace.type and (found := pattern.fullmatch(trace.note)):
            if what == "code" and match is not None:
                what = "code_right" if match.code_accepted else "code_wrong"
            values = {name: text for name, text in found.groupdict().items() if text}
            return Did(trace.at, what, {**values, "flow": trace.flow, "step": trace.step})
    return None


def _answered(session: Session, trace: Trace) -> Iterator[Did]:
    about = session.inputs.get(ABOUT_MESSAGE)
    if about:
        yield Did(trace.at, "about_message" if about == "yes" else "not_about_message")
    topic = session.inputs.get(TOPIC, "")
    if topic and not any(char.isdigit() for char in topic):
        yield Did(trace.at, "topic", {"flow": trace.flow, "step": trace.step, "topic": topic})
