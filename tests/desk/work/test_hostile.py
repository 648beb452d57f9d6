"""Hostile words on their way, from a sender's system and from an agent's keyboard: at each far side they are words."""

from __future__ import annotations

import asyncio
import re
from html import escape, unescape
from html.parser import HTMLParser
from typing import Any
from urllib.parse import quote

import pytest
from aiosmtpd.smtp import SMTP

from router.messages.mailing import Mailer
from router.messages.texting import TextSender
from router.settings import Settings
from router.store.tables import dispositions, notes, text_messages
from tests.api import service
from tests.desk.work.conftest import Talk
from tests.messages.test_mailing import Server, message_of

pytestmark = pytest.mark.sqlite_only

TAG = "<img src=x onerror=alert(1)>"
NAME = f"""{TAG}"' onload='alert(2)' =HYPERLINK("http://evil.example")"""
TITLE = "</textarea><script>alert(3)</script>{{ agent.name }} {{ payment.url }} ${7*7} %s"
CUSTOMER = "../../admin?x=1&y=2#z\\@evil.example/ä"
TYPED = f"{TAG}\r\nBcc: jemand@example.com\r\n\r\n=1+1 {{{{ customer.name }}}} \N{RIGHT-TO-LEFT OVERRIDE}"


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    customer = {"external_id": CUSTOMER, "name": NAME, "language": "de"}
    monkeypatch.setitem(service.MESSAGE, "customer", service.MESSAGE["customer"] | customer)
    monkeypatch.setitem(service.MESSAGE, "offer", service.MESSAGE["offer"] | {"title": TITLE})
    card = "https://crm.example/{{customer.external_id}}?from={{agent.login}}"
    return {"smtp_host": "127.0.0.1", "smtp_port": 9, "mail_sender": "info@example.com", "crm_card_url": card}


async def test_the_page_shows_them_and_runs_nothing(talk: Talk) -> None:
    await talk.done("note", text=TYPED)
    fields = {"contract": TYPED[:60], "months": "12", "tariff": "Flex"}
    await talk.done(
        "disposition", disposition="sold", **{f"field.sold.{name}": value for name, value in fields.items()}
    )
    await talk.done("search", term="img onerror")
    page = await talk.page()
    assert escape(NAME) in unescape_quotes(page) and escape(TITLE, quote=False) in page
    seen = Seen()
    seen.feed(page)
    assert not seen.tags & {"img", "script"} and not seen.attributes & {"onerror", "onload"}
    (link,) = re.findall(r'href="(https://crm[^"]*)"', page)
    assert unescape(link) == f"https://crm.example/{quote(CUSTOMER, safe='')}?from=agent"
    (note,) = await talk.rows(notes)
    assert note.text == TYPED.replace("\r\n", "\n").strip()
    (came_of,) = await talk.rows(dispositions)
    assert came_of.fields["contract"] == TYPED[:60].strip()


async def test_what_is_sent_is_one_message_of_plain_words(talk: Talk) -> None:
    await talk.done("identity", way="passed", **{"asked.address": "on"})
    text, cut = (await talk.texts())["hello"]
    assert not cut and "Ihr Angebot: alert(3) agent.name payment.url $ 7*7 %s. Mit" in text, "no variable, no tag"
    await talk.done("send", to=await talk.to("email"), subject=TYPED, text=text, once="0" * 32)
    server = await sent(talk)
    message = message_of(server)
    assert message["Subject"] == " ".join(TYPED.split()) and message["Bcc"] is None
    assert message.get_content().strip() == text
    assert server.got[0].rcpt_tos == ["anna@example.net"]
    (row,) = await talk.rows(text_messages)
    assert row.state == "sent"


class Seen(HTMLParser):
    """The tags and attributes of a page, as a browser reads them."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}


async def sent(talk: Talk) -> Server:
    """The mail server that has been given what was due."""
    server, loop = Server(), asyncio.get_running_loop()
    listening = await loop.create_server(lambda: SMTP(server, hostname="mail.test", loop=loop), "127.0.0.1", 0)
    to_here = {"smtp_host": "127.0.0.1", "smtp_port": listening.sockets[0].getsockname()[1], "smtp_security": "none"}
    mailer = Mailer(Settings(**to_here, mail_sender="info@example.com"), talk.service.clock)
    house = talk.service.house
    assert await TextSender(house.database, house.bus, None, talk.service.clock, mailer=mailer).send_due() == 1
    listening.close()
    return server


def unescape_quotes(page: str) -> str:
    """Jinja and the standard library write quotes in different ways."""
    return page.replace("&#34;", "&quot;").replace("&#39;", "&#x27;")
