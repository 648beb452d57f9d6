"""E-mails from the card, where a mail server is there."""

from __future__ import annotations

from typing import Any

import pytest

from tests.desk.work.conftest import Talk

pytestmark = pytest.mark.sqlite_only


@pytest.fixture
def settings() -> dict[str, Any]:
    return {"smtp_host": "127.0.0.1", "smtp_port": 9, "mail_sender": "info@example.com"}


async def test_what_an_email_lacks_is_marked(talk: Talk) -> None:
    to = await talk.to("email")
    for fields, lacks in (({"text": "Hallo"}, "subject"), ({"subject": "Angebot"}, "text"), ({}, "text")):
        answer = await talk.post("send", to=to, once="0" * 32, **fields)
        assert answer.status_code == 422
        assert [each["field"] for each in answer.json()["errors"]] == [lacks]
