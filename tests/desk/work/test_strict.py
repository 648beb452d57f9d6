"""With the strict policy a card that names nobody helps nobody to reach the customer either."""

from __future__ import annotations

from typing import Any

import pytest

from router.store.tables import text_messages
from tests.desk.work.conftest import Talk

pytestmark = pytest.mark.sqlite_only


@pytest.fixture
def settings() -> dict[str, Any]:
    return {"disclosure": "strict"}


async def test_nobody_is_written_to_whom_the_card_does_not_name(talk: Talk) -> None:
    page = await talk.page()
    assert "Anna Beispiel" not in page
    assert "SMS an" not in page
    assert "Anna" not in str(await talk.texts())
    assert (await talk.post("send", to="sms:" + "0" * 16, text="Hallo")).status_code == 422
    assert await talk.rows(text_messages) == []
