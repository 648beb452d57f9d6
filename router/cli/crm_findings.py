"""What ``threadline doctor`` finds of the CRM that is told of calls, and of the way out of agents behind Twilio."""

from __future__ import annotations

from router.calls.crm_sending import crm_of
from router.cli.findings import Finding, Health
from router.settings import Settings, SettingsRefused


async def crm_found(settings: Settings) -> Finding:
    """Whether what a CRM is told can be signed. It is not asked: what it is told has happened."""
    if settings.crm_url is None:
        return Finding("CRM", Health.OFF, "no CRM is told of calls", "set THREADLINE_CRM_URL, if one is (docs/crm.md)")
    try:
        crm_of(settings)
    except SettingsRefused as error:
        return Finding("CRM", Health.ILL, str(error), "make one as docs/webhooks.md says")
    return Finding("CRM", Health.WELL, "is told of new calls, answers and hangups")


def without_way_out(settings: Settings) -> Finding | None:
    """Callers from Twilio need somewhere to go when we fail, and agents whom we ring are nowhere then."""
    if settings.twilio_queues.get("default") != "agents":
        return None
    remedy = (
        "name a number for default in THREADLINE_TWILIO_QUEUES, and say `twilio: agents` in the queue's description "
        "(docs/twilio-agents.md)"
    )
    return Finding("Twilio", Health.ILL, "callers have nowhere to go when Threadline fails", remedy)
