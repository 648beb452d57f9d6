"""The handles a message carries so that a call can be tied to it: callback code, tel link and QR code."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import segno

from router.core.phone import e164
from router.matching.budget import Budget
from router.messages.pools import Pools
from router.messages.registration import FieldErrors, Registration
from router.settings import Settings, SettingsRefused

QR_PATH = "/v1/messages/{id}/qr.svg"


@dataclass(frozen=True, slots=True)
class HandleRules:
    """How handles are made here. ``service_number`` is E.164; without one there is no tel link and no QR code.
    ``tel_pauses`` are commas of about 2 s each; ``region`` is where national numbers belong."""

    region: str
    service_number: str | None
    code_digits: int
    """The shortest length; see ``budget``."""
    code_lasts: timedelta
    tel_pauses: int
    queues: Sequence[str] = ()
    """Queues that an offer may name; none: any."""
    pools: Pools = field(default_factory=Pools)
    """The service numbers that are leased to messages and campaigns."""
    guesses_a_day: int = 200
    expected_hits: float = 0.1
    code_grace: timedelta = timedelta(days=30)
    """How much longer than its offer a code holds."""

    @classmethod
    def of(cls, settings: Settings) -> HandleRules:
        """The rules an operator set. Raises `SettingsRefused` for a service number that is no telephone number, or that
        is in two places."""
        number = None
        if settings.service_number:
            number = e164(settings.service_number, settings.region)
            if number is None:
                raise SettingsRefused("THREADLINE_SERVICE_NUMBER (service_number): is not a telephone number in full")
        lasts = timedelta(days=settings.code_days)
        pools = Pools.of(settings, number)
        return cls(
            settings.region,
            number,
            settings.code_digits,
            lasts,
            settings.tel_pauses,
            settings.queues,
            pools,
            settings.code_guesses_a_day,
            settings.code_expected_hits,
            timedelta(days=settings.code_grace_days),
        )

    def errors(self, registration: Registration) -> FieldErrors:
        """What the message names that is not there."""
        wrong = []
        queue, pool = registration.offer.queue, registration.pool
        if queue is not None and self.queues and queue not in self.queues:
            there_is = ", ".join(self.queues)
            wrong.append({"field": "offer.queue", "message": f"there is no such queue; there is: {there_is}"})
        if pool is not None and pool not in self.pools.numbers:
            there_is = ", ".join(sorted(self.pools.numbers)) or "none at all (THREADLINE_NUMBER_POOLS)"
            wrong.append({"field": "pool", "message": f"there is no such pool; there is: {there_is}"})
        return wrong

    @property
    def budget(self) -> Budget:
        """What the length of codes follows from."""
        return Budget(self.code_digits, self.guesses_a_day, self.expected_hits)

    def code_expires_at(self, valid_until: datetime | None, sent_at: datetime) -> datetime:
        """A code holds ``code_grace`` longer than the offer, since people call about what has just ended, too, and the
        agent sees that it has; or ``code_lasts`` from sending where the offer names no end."""
        return valid_until + self.code_grace if valid_until else sent_at + self.code_lasts

    def leased_until(self, valid_until: datetime | None, sent_at: datetime) -> datetime:
        """A number of a pool is leased as long as the offer holds, or ``code_lasts`` where the offer names no end."""
        return valid_until or sent_at + self.code_lasts

    def tel_link(self, service_number: str | None, code: str | None) -> str | None:
        """``tel:+49…,,,CODE``: dials, pauses, and keys the code in (phones read commas as pauses of about 2 s; RFC 3966
        knows no pause, but `;ext=` and `;postd=` are mangled by phones)."""
        if service_number is None or code is None:
            return None
        return f"tel:{service_number}{',' * self.tel_pauses}{code}"


def qr_svg(tel_link: str) -> bytes:
    """The link as a QR code: an SVG document of its own, black on white, medium error correction for print."""
    drawn = io.BytesIO()
    segno.make_qr(tel_link, error="m").save(drawn, kind="svg", scale=8, light="white")
    return drawn.getvalue()
