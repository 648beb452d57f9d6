"""What of a flow is personal, and where in it the caller is proved (L3): only there it may be said.

A flow begins at L0. What comes after is at L3 where every way to it is one that no call takes below: a case of a
``branch`` whose condition asks for it, or the ``verified`` way of ``verify``. A ``match`` begins again from nothing,
and so does another flow.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import TYPE_CHECKING

from router.flow import terms
from router.flow.nodes.base import HUMAN, Step, UseKind, Words
from router.flow.nodes.match import Match
from router.flow.nodes.transfer import Transfer
from router.flow.placeholders import template
from router.flow.variables import PERSONAL

if TYPE_CHECKING:
    from router.flow.model import Flow

_OF_MESSAGE = ("offer", "customer")


def personal_variables(flows: Iterable[Flow]) -> frozenset[str]:
    """`PERSONAL`, and what any of the flows notes of it, or of what another system answered, as ``vars.NAME``."""
    steps = [step for flow in flows for step in flow.text.steps.values()]
    found = PERSONAL | {f"vars.{name}" for step in steps for name in step.personal_values()}
    formulas = [
        (f"vars.{place[-1]}", formula.text)
        for step in steps
        for place, formula in step.formulas().items()
        if place[-1] in tuple(step.values())
    ]
    while True:
        more = {name for name, text in formulas if name not in found and terms.named_among(text, found)}
        if not more:
            return found
        found |= more


def speaks_of_message(flow: Flow) -> bool:
    """Whether the flow, or one that it may go on with, says or asks anything of the offer or the customer."""
    seen, ahead = {flow.name}, [flow]
    while ahead:
        each = ahead.pop()
        if any(terms.named_among(expression, _OF_MESSAGE) for expression in _expressions(each)):
            return True
        for step in each.text.steps.values():
            for use in step.uses():
                if use.kind is UseKind.FLOW and use.name in each.flows and use.name not in seen:
                    seen.add(use.name)
                    ahead.append(each.flows[use.name])
    return False


def _expressions(flow: Flow) -> Iterator[str]:
    for rule in (rule for queue in flow.queues.values() for rule in queue.rules):
        yield rule.when
        if isinstance(rule.priority, str):
            yield rule.priority
    for step in flow.text.steps.values():
        yield from (formula.text for formula in step.formulas().values())
        if isinstance(step, Transfer) and step.offer_skills:
            yield "offer.skills"
        for text in (*step.texts().values(), *step.private_texts().values()):
            yield from expressions_in(flow.prompts.get(text) if isinstance(text, str) else text)


def expressions_in(words: Words | None) -> Iterator[str]:
    """The expressions of all languages of a text."""
    for text in words.texts.values() if words else ():
        yield from (placeholder.expression for placeholder in template(text).placeholders)


def proved_steps(flow: Flow) -> frozenset[str]:
    """The steps at which no call arrives unless its caller is proved."""
    steps = flow.text.steps
    unproved: set[str] = set()
    ahead = [flow.text.start, flow.text.hung_up]
    ahead += [way for step in steps.values() if isinstance(step, Match) for way in _unproved_ways(step)]
    while ahead:
        name = ahead.pop()
        if name in steps and name not in unproved:
            unproved.add(name)
            ahead.extend(_unproved_ways(steps[name]))
    return frozenset(steps) - unproved - {HUMAN}


def _unproved_ways(step: Step) -> Collection[str]:
    """Where callers go on from the step who are not proved. A `match` begins again from nothing for any caller."""
    after_proof = step.after_proof()
    return [target for place, target in step.targets().items() if place not in after_proof]


def personal_in(text: str, personal: Collection[str]) -> Iterator[tuple[int, str]]:
    """The personal variables that the text names: how many characters stand before the placeholder, and which."""
    for placeholder in template(text).placeholders:
        if variable := terms.named_among(placeholder.expression, personal):
            yield placeholder.at, variable
