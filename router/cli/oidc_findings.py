"""What ``threadline doctor`` finds of the provider that people sign in with."""

from __future__ import annotations

from router.app import utc_now
from router.cli.findings import Finding, Health
from router.settings import Settings
from router.web.oidc.asking import ProviderFailed
from router.web.oidc.chosen import oidc_of


async def oidc_found(settings: Settings) -> Finding:
    """Discovery and keys, as somebody who signs in would need them."""
    oidc = oidc_of(settings, utc_now, b"")
    if oidc is None:
        return Finding("sign-in", Health.OFF, "with passwords and one-time links; no provider is set")
    try:
        metadata = await oidc.provider.metadata()
        keys = await oidc.provider.keys()
    except ProviderFailed as error:
        remedy = "see whether THREADLINE_OIDC_ISSUER is right and can be reached from here (docs/people.md)"
        return Finding("sign-in", Health.ILL, f"{oidc.name}: {error}", remedy)
    if not keys:
        return Finding("sign-in", Health.ILL, f"{oidc.name}: it has no keys", "ask whoever runs the provider")
    found = f"{oidc.name}: discovery and {len(keys.keys)} keys read, signs by {metadata.algorithms[0]}"
    return Finding("sign-in", Health.WELL, found, f"it has to know {oidc.provider.client.redirect} as ours")
