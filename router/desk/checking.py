"""An agent finds out whether the caller is the customer: by what they ask, or by a one-time code to the number on file.

What is found out counts for this call and this customer alone, and can be taken back.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final

from router.calls import learning
from router.calls.texting import Texting
from router.core.assurance import Assurance
from router.core.commands import CheckCode, SendCode
from router.core.events import TEST_PHONE, Unsent
from router.core.match import Candidate, Decision, Match
from router.desk.doing import Desk, talked_to
from router.desk.heard import session_of
from router.desk.view import View
from router.engine.session import Session
from router.errors import bad_request, conflict
from router.matching.disclosure import Policy
from router.matching.outcomes import Verdict
from router.store import audit, identity
from router.store.database import Connection

DIGITS: Final = 6
SECONDS: Final = 600

OWN, CODE = "own", "code"


class Checking:
    """``checks`` are what an agent can say to have asked for."""

    def __init__(self, texting: Texting, make_id: Callable[[], str], checks: Sequence[str]) -> None:
        self._texting = texting
        self._make_id = make_id
        self.checks = tuple(checks)

    def sent_in(self, call_id: str) -> bool:
        """Whether a text message was stored for this call since this was last asked."""
        return self._texting.stored_in(call_id)

    async def own(
        self,
        connection: Connection,
        person_id: str,
        card_id: str,
        checked: Sequence[str],
        now: datetime,
        policy: Policy,
        *,
        passed: bool,
    ) -> None:
        """The agent has asked for what is in ``checked``, and it was right (``passed``) or not. Raises `Refused`: 404
        for another card, 400 where nobody is to be checked or nothing was asked for."""
        desk = await _to_be_proved(connection, person_id, card_id, policy)
        asked = [name for name in self.checks if name in checked]
        if not asked:
            raise bad_request("Say what was asked for.")
        await self._note(connection, desk, OWN, asked, person_id, now, passed=passed)

    async def send(
        self,
        connection: Connection,
        person_id: str,
        card_id: str,
        now: datetime,
        policy: Policy,
        text_in: Callable[[str], str],
    ) -> tuple[str, Unsent | None]:
        """Send a one-time code to the number on file; the call's id, and why nothing was sent. ``text_in`` gives the
        text in a language, with `CODE_PLACE`. Raises `Refused`, as `own`."""
        desk = await _to_be_proved(connection, person_id, card_id, policy)
        session, language = _session(desk), _language(desk)
        asked = SendCode(text_in(language or session.language), DIGITS, SECONDS)
        about = _about(session, desk.subject.message_id)
        customer = None if desk.subject.message_id else desk.subject.customer_id
        sent = await self._texting.send_code(connection, about, asked, now, customer)
        if sent.unsent is None:
            await desk.keep(connection, desk.view.but(code_for=_target(desk), not_proved=False))
            kind, subject_id = desk.about
            await audit.note(
                connection, now, "code.sent", kind, subject_id, person_id=person_id, detail=_of_a_test(desk)
            )
        return desk.call.id, sent.unsent

    async def code(
        self, connection: Connection, person_id: str, card_id: str, digits: str, now: datetime, policy: Policy
    ) -> bool:
        """Whether ``digits``, which the caller has read out, are the code. Raises `Refused`, as `own`, and 409 where
        none was sent to this customer."""
        desk = await _to_be_proved(connection, person_id, card_id, policy)
        if desk.view.code_for != _target(desk):
            raise conflict("No code was sent to this customer.", "no_code_sent")
        digits = "".join(digits.split())
        plain = digits.isascii() and digits.isdigit() and len(digits) == DIGITS
        checked = await self._texting.check_code(connection, _session(desk), CheckCode(digits if plain else ""), now)
        if checked.right:
            await self._note(connection, desk, CODE, (), person_id, now, passed=True)
        return checked.right

    async def undo(self, connection: Connection, person_id: str, card_id: str, now: datetime, policy: Policy) -> None:
        """What was found out counts no longer, and what was opened by it is closed. Raises `Refused`, 404, for another
        card."""
        desk = await talked_to(connection, person_id, card_id, policy, saying=True)
        check = desk.subject.check
        view = desk.view.but(not_proved=False, facts=(), said_by_check=False)
        if check is not None:
            await identity.undo(connection, check.id, now)
            kind, subject_id = desk.about
            await audit.note(connection, now, "identity.undone", kind, subject_id, person_id=person_id)
        if desk.view.said_by_check:
            await learning.take_back(connection, desk.call)
        await desk.keep(connection, view)

    async def _note(
        self,
        connection: Connection,
        desk: Desk,
        method: str,
        checked: Sequence[str],
        person_id: str,
        now: datetime,
        *,
        passed: bool,
    ) -> None:
        values = {
            "id": self._make_id(),
            "call_id": desk.call.id,
            "customer_id": desk.subject.customer_id,
            "message_id": desk.subject.message_id,
            "person_id": person_id,
            "method": method,
            "checked": list(checked),
            "passed": passed,
            "at": now,
        }
        await identity.add(connection, values)
        view = desk.view.but(not_proved=not passed, code_for=None if passed else desk.view.code_for)
        if passed:
            view = await _learned(connection, desk, view, person_id, now)
        await desk.keep(connection, view)
        kind, subject_id = desk.about
        detail: dict[str, Any] = {"method": method, "passed": passed, "checked": list(checked), **_of_a_test(desk)}
        await audit.note(connection, now, "identity.checked", kind, subject_id, person_id=person_id, detail=detail)


async def _learned(connection: Connection, desk: Desk, view: View, person_id: str, now: datetime) -> View:
    """Who was proved is who the match named: matching learns that, unless the agent has said something themselves."""
    message_id = desk.subject.message_id
    if message_id is None or desk.sources.said.get(desk.call.id) is not None:
        return view
    await learning.say(connection, desk.call, Verdict.RIGHT, None, person_id, now)
    return view.but(said_by_check=True)


async def _to_be_proved(connection: Connection, person_id: str, card_id: str, policy: Policy) -> Desk:
    desk = await talked_to(connection, person_id, card_id, policy, saying=True)
    if not desk.subject.anybody:
        raise bad_request("There is nobody to be checked.", "nobody_to_check")
    return desk


def _of_a_test(desk: Desk) -> dict[str, bool]:
    """What the audit log is told of the call: in that of a test phone a code goes to nobody, and proves nothing."""
    return {"test": True} if desk.call.channel == TEST_PHONE else {}


def _target(desk: Desk) -> str | None:
    return desk.subject.customer_id or desk.subject.message_id


def _session(desk: Desk) -> Session:
    session = session_of(desk.call.id, desk.call.session)
    if session is None:
        raise conflict("This call cannot be read any more.", "unreadable")
    return session


def _language(desk: Desk) -> str | None:
    row = desk.sources.messages.get(desk.subject.message_id or "")
    if row is None:
        row = desk.sources.customers.get(desk.subject.customer_id or "")
    return row.language if row is not None else None


def _about(session: Session, message_id: str | None) -> Session:
    """The session as if its match named the message that is open: texts go to the customer of that one."""
    if message_id is None:
        return session.but(match=None)
    return session.but(match=Match(Decision.LIKELY, Assurance.L1, 0.0, (Candidate(message_id, 1.0, ()),)))
