"""The provider that the settings name."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from router.settings import Settings
from router.web.oidc.arriving import Rules
from router.web.oidc.provider import Client, Provider
from router.web.oidc.routes import WAY_BACK, OidcSignIn


def oidc_of(settings: Settings, clock: Callable[[], datetime], key: bytes) -> OidcSignIn | None:
    """Signing in with it; None where the settings name none. ``key`` seals what browsers have begun."""
    if settings.oidc_issuer is None or settings.oidc_client_id is None:
        return None
    secret = settings.oidc_client_secret
    client = Client(
        settings.oidc_issuer,
        settings.oidc_client_id,
        secret.get_secret_value() if secret else None,
        settings.oidc_scopes,
        settings.public_url + WAY_BACK,
    )
    rules = Rules(
        settings.oidc_role_claim,
        settings.oidc_roles,
        creates=settings.oidc_creates_people,
        links=settings.oidc_links_by_email,
    )
    return OidcSignIn(Provider(client, clock), rules, settings.oidc_name, settings.queues, key)
