"""Sending text messages and e-mails out of a call: to the customer's number or address on file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from router.calls.outbox import CHANNELS, LONGEST_ADDRESS, LONGEST_MAIL, Outbox, Outgoing, Reach, Unsendable
from router.core.phone import e164
from router.desk.work.whom import Whom
from router.errors import Refused, conflict, unprocessable
from router.store import audit, text_messages
from router.store.database import Connection
from router.store.holds import hold
from router.store.text_messages import EMAIL
from router.web.texts import Texts

_FIELD_OF: Final = {
    Unsendable.NOTHING: "text",
    Unsendable.TOO_LONG: "text",
    Unsendable.NOT_ON_FILE: "to",
    Unsendable.NOT_ALLOWED: "to",
}


class Sender:
    """``free``: agents may also type in where something goes, in ``region``'s spelling of numbers."""

    def __init__(self, outbox: Outbox, *, free: bool, region: str) -> None:
        self.outbox = outbox
        self.free = free
        self._region = region

    async def send(
        self,
        connection: Connection,
        whom: Whom,
        person_id: str,
        fields: Mapping[str, str],
        once: str,
        now: datetime,
        t: Texts,
        pays: Callable[[Reach], Mapping[str, str]] | None = None,
    ) -> None:
        """Store what the form says is to be sent. ``once`` is the id that it has from the page. ``pays`` gives what a
        payment link makes of it. Raises `Refused` with the reason in the agent's language."""
        reach = await self.reach(connection, whom, fields, t)
        channel = reach.channel
        await hold(connection, "texts")  # of one sent twice at once, the second waits here for the first
        if await text_messages.by_id(connection, once) is not None:
            return  # sent again, because nobody heard that it had arrived
        told = dict(fields) | dict(pays(reach) if pays else {})
        text = plain(told.get("text", ""))
        subject = " ".join(told.get("subject", "").split()) if channel == EMAIL else ""
        asked = Outgoing(
            id=once,
            channel=channel,
            to=reach.to,
            subject=subject,
            text=text,
            kept=f"{subject}\n\n{text}" if subject else text,
            call_id=whom.call_id,
            message_id=whom.message_id,
            customer_id=whom.customer_id,
            person_id=person_id,
            test=whom.test,
            template=fields.get("template", "")[:60] or None,
            purpose="payment" if "payment_id" in told else "desk",
            payment_id=told.get("payment_id"),
        )
        unsendable = await self.outbox.put(connection, asked, now)
        if unsendable is not None:
            raise refusal(unsendable, t, "subject" if unsendable is Unsendable.NOTHING and text else "")
        detail = {"channel": channel, "template": asked.template, "purpose": asked.purpose}
        await audit.note(connection, now, "text.sent", "call", whom.call_id, person_id=person_id, detail=detail)

    async def reach(self, connection: Connection, whom: Whom, fields: Mapping[str, str], t: Texts) -> Reach:
        """Where it goes: ``to`` is the channel and the key of what is on file (``sms:KEY``). Without a key it is what
        was typed in (``to_other``) where that is allowed. Raises `Refused`."""
        channel, _, key = fields.get("to", "").partition(":")
        if channel not in CHANNELS:
            raise refusal(Unsendable.NOT_ON_FILE, t)
        typed = fields.get("to_other", "").strip()
        if not key and self.free:
            number = typed[:LONGEST_ADDRESS] if channel == EMAIL else e164(typed, self._region)
            found = self.outbox.typed(channel, number) if number else None
            if found is None:
                raise refusal(Unsendable.NOT_ALLOWED, t)
            return found
        on_file = await self.outbox.on_file(connection, whom.message, whom.reached_id)
        chosen = next((each for each in on_file if (each.channel, each.key) == (channel, key)), None)
        if chosen is None:
            raise refusal(Unsendable.NOT_ON_FILE, t)
        return chosen


def refusal(reason: Unsendable, t: Texts, field: str = "") -> Refused:
    """Why nothing is sent, and what to do about it, in the agent's language; ``field`` is to blame, else the usual."""
    words = t(f"work.unsendable.{reason.value}")
    wrong = field or _FIELD_OF.get(reason)
    return unprocessable(words, [{"field": wrong, "message": words}]) if wrong else conflict(words)


def plain(text: str) -> str:
    """A text as it is sent: its lines end as one has them, without what cannot be seen at its ends."""
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()[: LONGEST_MAIL + 1]
