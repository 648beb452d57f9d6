"""``threadline doctor`` on the CRM, and on what becomes of callers from Twilio when we fail."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from router.cli.crm_findings import crm_found, without_way_out
from router.cli.findings import Health
from router.settings import Settings

GOOD = "whsec_" + base64.b64encode(b"k" * 32).decode()


@pytest.mark.parametrize(
    ("given", "health", "found"),
    [
        ({}, Health.OFF, "no CRM"),
        ({"crm_secret": GOOD}, Health.WELL, "is told"),
        ({"crm_secret": "hunter2hunter2"}, Health.ILL, "crm_secret"),
    ],
)
async def test_the_crm(given: dict[str, Any], health: Health, found: str) -> None:
    address: dict[str, Any] = {"crm_url": "https://crm.example.net/told"} if given else {}
    finding = await crm_found(Settings(**address, **given))
    assert finding.health is health
    assert found in finding.found
    assert "hunter2" not in finding.found + finding.remedy


def test_agents_alone_are_no_way_out() -> None:
    assert without_way_out(Settings()) is None
    assert without_way_out(Settings(twilio_queues={"default": "+4930555010", "sales": "agents"})) is None
    finding = without_way_out(Settings(twilio_queues={"default": "agents"}))
    assert finding is not None
    assert (finding.part, finding.health) == ("Twilio", Health.ILL)
