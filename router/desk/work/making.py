"""Puts together what agents' work on calls needs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from router.agents.handing_over import HandingOver
from router.calls.handle import Calls
from router.calls.outbox import Outbox
from router.calls.payments import Payments
from router.calls.texting import TextLimits
from router.calls.webhooks import Webhooks
from router.core.destinations import Destinations
from router.desk.work.payments import PaymentLinks
from router.desk.work.routes import Desk, WrapUps
from router.desk.work.sending import Sender
from router.desk.work.whom import CardsFor
from router.matching.codes import CodeKeys
from router.releases.flows import Flows
from router.settings import Settings
from router.store.bus import Bus
from router.store.database import Database
from router.store.text_messages import EMAIL, SMS


def outbox_of(settings: Settings, keys: CodeKeys) -> Outbox:
    """Where what agents send is put, with the limits of the settings."""
    sends = [*([SMS] if settings.sends_texts else []), *([EMAIL] if settings.sends_mail else [])]
    return Outbox(
        keys,
        destinations=Destinations(settings.destinations or (settings.region,)),
        limits=TextLimits(per_number=settings.texts_per_number, overall=settings.texts_a_day),
        sends=sends,
    )


def desk_of(
    *,
    settings: Settings,
    keys: CodeKeys,
    database: Database,
    bus: Bus,
    clock: Callable[[], datetime],
    flows: Flows,
    calls: Calls,
    cards_for: CardsFor,
    webhooks: Webhooks,
    wrap_ups: WrapUps,
    handing_over: HandingOver,
) -> Desk:
    """What the routes of `router.desk.work.routes` stand on."""
    sender = Sender(outbox_of(settings, keys), free=settings.desk_free_destinations, region=settings.region)
    payments = Payments(webhooks, settings.payment_webhook)
    return Desk(
        database=database,
        bus=bus,
        clock=clock,
        flows=flows,
        queues=settings.queues,
        cards_for=cards_for,
        policy=settings.disclosure,
        sender=sender,
        links=PaymentLinks(database, payments, sender, settings.payment_currency),
        work=calls.work,
        wrap_ups=wrap_ups,
        handing_over=handing_over,
    )
