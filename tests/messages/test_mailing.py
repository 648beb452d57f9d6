"""E-mails through a mail server that runs: what it gets, and what becomes of what it does not take."""

from __future__ import annotations

import asyncio
import email.policy
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

from router.messages.mailing import Mailer
from router.messages.texting import Accepted, NotNow, Rejected
from router.settings import Settings

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
TO = "anna@example.net"


class Server:
    """Keeps what it takes; ``says`` is its answer to a receiver."""

    def __init__(self) -> None:
        self.says = "250 OK"
        self.got: list[Envelope] = []

    async def handle_RCPT(self, _: SMTP, __: Session, envelope: Envelope, address: str, ___: list[str]) -> str:
        if self.says.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.says

    async def handle_DATA(self, _: SMTP, __: Session, envelope: Envelope) -> str:
        self.got.append(envelope)
        return "250 OK"


def message_of(server: Server) -> EmailMessage:
    (envelope,) = server.got
    assert isinstance(envelope.content, bytes)
    found = message_from_bytes(envelope.content, policy=email.policy.default)
    assert isinstance(found, EmailMessage)
    return found


@pytest.fixture
async def server() -> AsyncIterator[tuple[Server, int]]:
    handler, loop = Server(), asyncio.get_running_loop()
    listening = await loop.create_server(lambda: SMTP(handler, hostname="mail.test", loop=loop), "127.0.0.1", 0)
    yield handler, listening.sockets[0].getsockname()[1]
    listening.close()


def mailer(port: int, **more: Any) -> Mailer:
    to_here = {"smtp_host": "127.0.0.1", "smtp_port": port, "smtp_security": "none", "mail_sender": "info@example.com"}
    return Mailer(Settings(**{**to_here, "mail_sender_name": "Müller & Söhne", **more}), lambda: NOW)


async def test_the_server_gets_what_was_written(server: tuple[Server, int]) -> None:
    handler, port = server
    assert await mailer(port).send("a" * 32, TO, "Ihr Anruf – Öko", "Guten Tag,\n\n.\nviele Grüße €") == Accepted(
        "a" * 32
    )
    (envelope,) = handler.got
    assert (envelope.mail_from, envelope.rcpt_tos) == ("info@example.com", [TO])
    message = message_of(handler)
    assert message["Subject"] == "Ihr Anruf – Öko"
    (sender,) = message["From"].addresses
    assert (sender.display_name, sender.addr_spec) == ("Müller & Söhne", "info@example.com")
    assert message["Message-ID"] == f"<{'a' * 32}@example.com>"
    assert message.get_content().splitlines() == ["Guten Tag,", "", ".", "viele Grüße €"]


@pytest.mark.parametrize(
    ("to", "subject"),
    [
        (TO, "Hallo\nBcc: boss@example.org"),
        (TO, "Hallo\r\n\r\nBody"),
        ("anna@example.net\nBcc: boss@example.org", "Hallo"),
        ("anna@example.net, boss@example.org", "Hallo"),
    ],
)
async def test_no_header_can_be_smuggled_in(server: tuple[Server, int], to: str, subject: str) -> None:
    handler, port = server
    assert isinstance(await mailer(port).send("a" * 32, to, subject, "x"), Rejected)
    assert handler.got == []


@pytest.mark.parametrize(
    ("says", "outcome"),
    [
        (
            "550 no such user <anna@example.net>",
            Rejected("mail server 550: there is no such mailbox, or it takes no mail from us"),
        ),
        ("451 greylisted", NotNow("mail server 451: it could not do it now")),
        ("599 odd", Rejected("mail server 599")),
    ],
)
async def test_what_the_server_answers_decides(server: tuple[Server, int], says: str, outcome: object) -> None:
    handler, port = server
    handler.says = says
    assert await mailer(port).send("a" * 32, TO, "Hallo", "x") == outcome


async def test_without_a_server_it_is_tried_later() -> None:
    with_nobody = await asyncio.get_running_loop().create_server(asyncio.Protocol, "127.0.0.1", 0)
    port = with_nobody.sockets[0].getsockname()[1]
    with_nobody.close()
    await with_nobody.wait_closed()
    outcome = await mailer(port).send("a" * 32, TO, "Hallo", "x")
    assert isinstance(outcome, NotNow) and not outcome.unsure


async def test_a_server_without_tls_gets_nothing_where_tls_is_wanted(server: tuple[Server, int]) -> None:
    handler, port = server
    outcome = await mailer(port, smtp_security="starttls").send("a" * 32, TO, "Hallo", "x")
    assert isinstance(outcome, NotNow)
    assert handler.got == []
