"""What one card on the desk says. A card holds only what this agent may see now: disclosure is done when it is made.

`router.desk.cards.cards_for` makes cards from the database; the templates put them into words. Nothing here is text in
a language, except what customers and companies wrote themselves.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from router.core.assurance import Assurance
from router.core.match import EvidenceKind
from router.desk.called_back import CallbackView
from router.matching.outcomes import Verdict


class CardState(StrEnum):
    """Where the call stands for this agent. A card that is gone is not made at all."""

    RINGING = "ringing"
    TALKING = "talking"
    WRAP_UP = "wrap_up"
    """The talk is over; what was open stays open, and nothing else opens."""


class Label(StrEnum):
    """How sure the card is about the caller; always written out on the page."""

    VERIFIED = "verified"
    """One message, at L2 or higher."""
    POSSIBLE = "possible"
    """One message at L1, or several candidates with none ahead."""
    UNKNOWN = "unknown"
    """The router looked and found nobody."""
    UNAVAILABLE = "unavailable"
    """The call never reached the router, or it failed on the way: nothing can be said about the caller."""


@dataclass(frozen=True, slots=True)
class CustomerView:
    """The person the message went to."""

    name: str | None
    language: str | None
    external_id: str | None = None
    """The company's own customer number."""


@dataclass(frozen=True, slots=True)
class MessageView:
    """A message as it was sent. ``channel`` is ``sms``, ``email``, ``letter`` or ``call``."""

    id: str
    channel: str
    sent_at: datetime
    body: str
    reference: str | None = None
    external_id: str | None = None
    """The company's own name for it."""


@dataclass(frozen=True, slots=True)
class FactView:
    """A fact of the offer; ``value`` None: it is sensitive and stays closed at this assurance."""

    name: str
    value: str | None
    can_open: bool = False
    """Sensitive, and the assurance is high enough to open it; each opening is written down."""


@dataclass(frozen=True, slots=True)
class OfferView:
    """What the message proposes; the times may be open on either side."""

    title: str
    summary: str = ""
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    url: str | None = None
    facts: tuple[FactView, ...] = ()
    script: tuple[str, ...] = ()
    """What to say, sentence by sentence."""


@dataclass(frozen=True, slots=True)
class EvidenceView:
    """One reason for or against, by its kind; the page has a sentence for each. ``log_odds`` below 0 speaks against."""

    kind: EvidenceKind
    log_odds: float


@dataclass(frozen=True, slots=True)
class CandidateView:
    """Another message the call may be about, for comparison. ``probability`` is 0 to 1.

    ``customer_name`` is None where policy or assurance keeps it closed.
    """

    message_id: str
    probability: float
    channel: str
    sent_at: datetime
    offer_title: str
    valid_until: datetime | None = None
    customer_name: str | None = None
    campaign: str | None = None
    why: tuple[EvidenceView, ...] = ()


@dataclass(frozen=True, slots=True)
class Said:
    """What the agent said of the match. ``message_id``: which other message it was, where the agent said so."""

    verdict: Verdict
    message_id: str | None = None


@dataclass(frozen=True, slots=True)
class HeardView:
    """A number that the caller said: as the caller ``confirmed`` it, else as it was most likely said, with ``others``
    that it may have been. ``number`` None: it may be a callback code, which nobody sees."""

    number: str | None = field(repr=False)
    others: tuple[str, ...] = field(default=(), repr=False)
    confirmed: bool = False


@dataclass(frozen=True, slots=True)
class Identity:
    """The caller is the customer: ``method`` ``own`` (the agent's own check of what is in ``checked``) or ``code``."""

    method: str
    by: str | None
    at: datetime
    checked: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Proving:
    """What can be done about it; ``code_sent``: a one-time code is on its way to the number on file."""

    code_sent: bool = False
    failed: bool = False
    """The last check was not passed."""


@dataclass(frozen=True, slots=True)
class Did:
    """One thing the caller did before the queue; the page has a sentence for each ``what``, with ``values`` in it.
    Without numbers and codes. ``flow`` and ``step`` of the values say where, ``topic`` what was chosen there."""

    at: datetime
    what: str
    values: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Before:
    """What led to the call: ``voicemail`` (``words`` as far as understood), ``handover`` (``by`` somebody, ``words``
    what they wrote with it), then each ``note`` of those who talked to the caller before. That it is a callback stands
    in ``Card.callback``."""

    kind: str
    at: datetime
    by: str | None = None
    words: str = ""
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class OtherMessage:
    """Another message of the customer. ``body`` and ``summary`` None: it is not opened; ``can_open``: it may be."""

    message_id: str
    channel: str
    sent_at: datetime
    offer_title: str
    valid_until: datetime | None
    can_open: bool
    body: str | None = None
    summary: str | None = None


@dataclass(frozen=True, slots=True)
class FoundOne:
    """What a search has found: a message, or a customer without one (``message_id`` None)."""

    message_id: str | None
    customer_id: str | None
    name: str | None
    external_id: str | None
    channel: str | None = None
    sent_at: datetime | None = None
    offer_title: str | None = None
    valid_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """``complete`` is False where there is more than is shown, or may be."""

    each: tuple[FoundOne, ...]
    complete: bool = True


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that happened with the customer. ``kind``, ``channel`` and ``state`` are as stored; ``words`` None:
    there are none, or the assurance keeps them closed. ``seconds`` is the length of a talk or a recording, ``amount``
    what was to be paid."""

    kind: str
    at: datetime
    channel: str | None = None
    state: str | None = None
    by: str | None = None
    words: str | None = None
    title: str | None = None
    seconds: float | None = None
    amount: str | None = None
    parts: tuple[Entry, ...] = ()


@dataclass(frozen=True, slots=True)
class Matter:
    """What belongs together: a message and what happened about it, newest first. ``message_id`` None: about none of our
    messages. ``here``: it is the message that the card shows anyway."""

    message_id: str | None
    entries: tuple[Entry, ...]
    title: str | None = None
    channel: str | None = None
    sent_at: datetime | None = None
    state: str | None = None
    here: bool = False


@dataclass(frozen=True, slots=True)
class Timeline:
    """The newest matter first. ``more``: there is older; ``words``: what people wrote and said is shown, too."""

    matters: tuple[Matter, ...]
    more: bool
    words: bool


@dataclass(frozen=True, slots=True)
class Card:
    """A call that rings at this agent's phone or that this agent talks to.

    With ``who``, ``message`` and ``offer`` None nothing is opened: nobody was recognised, several candidates are
    level, or the policy is strict. ``candidates`` are the *other* messages when one is opened, all of them otherwise.
    """

    id: str
    call_id: str | None
    """None: the call never reached the router."""
    state: CardState
    label: Label
    queue: str | None
    service_number: str | None
    """The number dialled, E.164 or as received."""
    campaign: str | None
    rang_at: datetime
    answered_at: datetime | None
    assurance: Assurance
    check_first: bool
    """The agent checks who it is before saying anything personal."""
    withheld: bool
    """The caller suppressed the number."""
    code_accepted: bool | None
    """Whether the caller keyed in a live callback code; None: keyed in none."""
    in_browser: bool
    """The call comes from the test phone and is answered on this page."""
    none_probability: float = 1.0
    """The chance, 0 to 1, that the call is about none of the messages."""
    who: CustomerView | None = None
    message: MessageView | None = None
    offer: OfferView | None = None
    why: tuple[EvidenceView, ...] = ()
    candidates: tuple[CandidateView, ...] = ()
    said: Said | None = None
    """What this agent said of the match, None: nothing yet."""
    heard: HeardView | None = None
    """The number that the caller said."""
    looked_up: bool = False
    """What is opened is not what the match named: the agent has picked it, or gone on to it."""
    identity: Identity | None = None
    """How the caller was proved to be the customer; None: by nothing but what the level says."""
    proving: Proving | None = None
    """What the agent can do to find out whether it is the customer; None: nothing, or nothing is open to check."""
    did: tuple[Did, ...] = ()
    """What the caller did before the queue, in order."""
    before: tuple[Before, ...] = ()
    """How the call came to be: a callback, a handover."""
    more: tuple[OtherMessage, ...] = ()
    """Other messages of the customer, those whose offer still holds first."""
    timeline: Timeline | None = None
    unseen: bool = False
    """That this message was opened here is not written down yet."""
    found: Found | None = None
    """What the agent's search has found."""
    callback: CallbackView | None = None
    """Where the call is one that we make, because its customer asked for it."""

    @property
    def can_be_judged(self) -> bool:
        """The agent talks to the caller, or has just done so, and the router did find out something, if only that it
        knows nobody."""
        return self.state is not CardState.RINGING and self.call_id is not None and self.label is not Label.UNAVAILABLE

    @property
    def can_look(self) -> bool:
        """The agent talks to the caller, and may look for what the call is about."""
        return self.state is CardState.TALKING and self.call_id is not None
