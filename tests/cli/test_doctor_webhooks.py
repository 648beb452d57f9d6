"""``threadline doctor`` on webhooks: whether flows may ask anybody, and whether it can be signed."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from router.cli.doctor import webhooks_found
from router.cli.findings import Health
from router.settings import Settings


@pytest.mark.parametrize(
    ("secret", "health", "found"),
    [
        (None, Health.OFF, "flows can ask no other system"),
        ("whsec_" + "a2tr" * 8, Health.WELL, "flows may ask crm"),
        ("hunter2", Health.ILL, "THREADLINE_WEBHOOK_SECRETS (webhook_secrets): crm: a secret is whsec_"),
    ],
)
async def test_webhooks(secret: str | None, health: Health, found: str) -> None:
    given = (
        {"webhooks": {"crm": "https://crm.example"}, "webhook_secrets": {"crm": SecretStr(secret)}} if secret else {}
    )
    finding = await webhooks_found(Settings.model_validate(given))
    assert finding.health is health
    assert finding.found.startswith(found)
    assert "hunter2" not in f"{finding.found} {finding.remedy}"
