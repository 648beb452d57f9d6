"""Canned texts, filled in for one card. What is personal is left out while the caller is not proved (L3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from router.calls.about import about_message
from router.core.assurance import Assurance
from router.core.match import NO_MATCH, About, Candidate, Decision, Match
from router.desk.work.whom import Whom
from router.engine.facts import customer_facts, offer_facts, zone_of
from router.flow.canned import AGENT, PAYMENT
from router.flow.model import Flow
from router.flow.nodes.base import Words
from router.flow.queues import CannedText
from router.flow.spoken.manner import Manner
from router.flow.variables import EMPTY, Facts
from router.flow.wording import Telling, worded
from router.store.database import Connection


@dataclass(frozen=True, slots=True)
class Filled:
    """A canned text as it would be sent. ``whole``: nothing of it had to be left out. ``pays``: it speaks of a payment,
    which is put in when there is a link."""

    name: str
    label: str
    channel: str
    subject: str
    text: str
    whole: bool
    pays: bool


def in_language(words: Words, language: str) -> str:
    """The text in this language, or in the first there is."""
    texts = words.texts
    return texts.get(language) or next(iter(texts.values()), "")


def offered(flow: Flow | None, queue: str | None) -> Mapping[str, CannedText]:
    """The canned texts for calls of this queue, by name."""
    texts = flow.canned if flow is not None else {}
    return {name: each for name, each in texts.items() if not each.queues or queue in each.queues}


def pays(canned: CannedText) -> bool:
    """Whether the text speaks of a payment."""
    said = (*canned.text.texts.values(), *(canned.subject.texts.values() if canned.subject else ()))
    return any(place in text for text in said for place in PAYMENT)


class Filling:
    """Fills canned texts in for one card. ``agent`` is the agent's name, ``own`` their language."""

    def __init__(self, flow: Flow, whom: Whom, about: About | None, agent: str, own: str, now: datetime) -> None:
        self._flow = flow
        self._whom = whom
        self._about = about
        self._agent = agent
        self._own = own
        self._now = now

    @classmethod
    async def of(cls, connection: Connection, flow: Flow, whom: Whom, agent: str, own: str, now: datetime) -> Filling:
        """For this card, with what its message says."""
        about = None
        if whom.message is not None:
            about = await about_message(connection, _naming(whom.message.id))
        return cls(flow, whom, about, agent, own, now)

    def filled(self, name: str, canned: CannedText, payment: Mapping[str, str] | None = None) -> Filled:
        """The text in the customer's language. ``payment`` has what `PAYMENT` stands for; without one it stays open."""
        language = self._whom.language(self._own)
        open_places = {place: f"{{{{ {place} }}}}" for place in PAYMENT}
        places = {AGENT: self._agent, **open_places, **(payment or {})}
        text, text_whole = self._worded(canned.text, language, places)
        subject, subject_whole = self._worded(canned.subject, language, places) if canned.subject else ("", True)
        return Filled(
            name=name,
            label=in_language(canned.label, self._own),
            channel=canned.channel,
            subject=" ".join(subject.split()),
            text=text,
            whole=text_whole and subject_whole,
            pays=pays(canned),
        )

    def _worded(self, words: Words, language: str, places: Mapping[str, str]) -> tuple[str, bool]:
        """The text, and whether it says all that it would say to a caller who is proved."""
        wanted = language if language in words.texts else next(iter(words.texts), language)
        manner = Manner(wanted, zone_of(self._flow), written=True)
        proved = self._whom.card.assurance >= Assurance.L3
        plain = in_language(words, language)
        made = worded(plain, Telling(self._facts, manner, proved, self._flow.personal, places)).text
        if proved:
            return made, True
        return made, made == worded(plain, Telling(self._facts, manner, True, self._flow.personal, places)).text

    def _facts(self) -> Facts:
        card, local = self._whom.card, self._now.astimezone(zone_of(self._flow))
        about = self._about or (About({}, self._customer()) if self._whom.customer is not None else None)
        return {
            **EMPTY,
            "match": {**EMPTY["match"], "assurance": int(card.assurance)},
            "offer": offer_facts(self._about, local),
            "customer": customer_facts(about),
            "language": self._whom.language(self._own),
            "channel": self._whom.call.channel,
            "service_number": self._whom.call.service_number or "",
            "time": {
                "hour": local.hour,
                "minute": local.minute,
                "weekday": local.isoweekday(),
                "date": local.date().isoformat(),
            },
        }

    def _customer(self) -> dict[str, Any]:
        row: Any = self._whom.customer
        known = {"name": row.name, "external_id": row.external_id, "language": row.language}
        return {name: value for name, value in known.items() if value}


def _naming(message_id: str) -> Match:
    return Match(Decision.SURE, Assurance.L0, 0.0, (Candidate(message_id, 1.0, ()),), NO_MATCH.code_accepted)
