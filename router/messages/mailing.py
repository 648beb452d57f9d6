"""E-mails through a mail server (SMTP, RFC 5321), as one of the ways that `router.messages.texting` sends.

A name for the e-mail is made from ours (``Message-ID``), so that one handed over twice can be told as one. That the
server has taken it is all that is known: what comes back later goes to the sender's own mailbox. Answers of servers
hold addresses; only their code is kept.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Final

import aiosmtplib

from router.messages.texting import Accepted, NotNow, Outcome, Rejected
from router.settings import Settings

SECONDS: Final = 15.0
"""For the server to take an e-mail, connecting included."""
_WORDS: Final = {
    421: "it does not take any now",
    450: "the mailbox is busy",
    451: "it could not do it now",
    452: "it has no room now",
    530: "it wants somebody to sign in",
    535: "user name or password is wrong",
    550: "there is no such mailbox, or it takes no mail from us",
    551: "the mailbox is elsewhere",
    552: "the mailbox is full",
    553: "the address is not allowed",
    554: "it was refused",
}
_SIGN_IN: Final = frozenset({530, 534, 535, 538})


class Mailer:
    """Sends e-mails; see `router.messages.texting.Mailer`."""

    def __init__(
        self, settings: Settings, clock: Callable[[], datetime], context: ssl.SSLContext | None = None
    ) -> None:
        """Raises `ValueError` where the settings name no server and sender. ``context`` is what certificates are
        checked with; None: those that this machine trusts."""
        if not settings.sends_mail or settings.mail_sender is None or settings.smtp_host is None:
            raise ValueError("the settings do not say how e-mails are sent")
        self._sender = settings.mail_sender
        self._from = str(Address(settings.mail_sender_name, addr_spec=settings.mail_sender))
        self._host, self._port, self._security = settings.smtp_host, settings.smtp_port, settings.smtp_security
        self._username = settings.smtp_username
        self._password = settings.smtp_password.get_secret_value() if settings.smtp_password else None
        self._clock = clock
        self._context = context or ssl.create_default_context()

    async def send(self, mail_id: str, to: str, subject: str, body: str) -> Outcome:
        """Hand over one. Never raises, and ends within 20 seconds."""
        try:
            message = self.message(mail_id, to, subject, body)
        except ValueError:
            return Rejected("the address or the subject cannot stand in an e-mail")
        handed_over = False
        client = self._client()
        try:
            async with client:
                if self._username is not None:
                    await client.login(self._username, self._password or "")
                handed_over = True
                await client.sendmail(self._sender, [to], message.as_bytes(policy=SMTP))
        except aiosmtplib.SMTPRecipientsRefused as error:
            return _refused(error.recipients[0].code)
        except aiosmtplib.SMTPResponseException as error:
            return _refused(error.code)
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            return NotNow(f"the mail server cannot be reached: {type(error).__name__}", unsure=handed_over)
        return Accepted(mail_id)

    def _client(self) -> aiosmtplib.SMTP:
        return aiosmtplib.SMTP(
            hostname=self._host,
            port=self._port,
            timeout=SECONDS,
            use_tls=self._security == "tls",
            start_tls=self._security == "starttls",
            tls_context=self._context if self._security != "none" else None,
        )

    def message(self, mail_id: str, to: str, subject: str, body: str) -> EmailMessage:
        """The e-mail. Raises `ValueError` where a header would be more than one line."""
        message = EmailMessage(policy=SMTP)
        message["From"] = self._from
        message["To"] = str(Address(addr_spec=to))
        # What looks encoded would be decoded on assignment (RFC 2047), line breaks in it included: a header of its own.
        message["Subject"] = subject.replace("=?", "= ?")
        message["Date"] = format_datetime(self._clock())
        message["Message-ID"] = f"<{mail_id}@{self._sender.partition('@')[2]}>"
        message["Auto-Submitted"] = "no"
        message.set_content(body)
        return message

    async def aclose(self) -> None:
        """There is nothing to close: each e-mail has a connection of its own."""


def _refused(code: int) -> Outcome:
    words = _WORDS.get(code)
    reason = f"mail server {code}: {words}" if words else f"mail server {code}"
    # A wrong password is put right by people; the e-mail may still go out in time.
    return NotNow(reason) if 400 <= code < 500 or code in _SIGN_IN else Rejected(reason)
