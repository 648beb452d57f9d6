"""What `threadline doctor` says of the provider that people sign in with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from router.cli.findings import Health
from router.cli.oidc_findings import oidc_found
from router.settings import Settings, load
from tests.web.oidc.real import SECRET, free_port, provider


def settings(folder: Path, **more: Any) -> Settings:
    return load({}, folder, secret="a secret of the tests, long enough to pass", **more)


async def test_discovery_is_read_as_a_sign_in_would(tmp_path: Path) -> None:
    assert (await oidc_found(settings(tmp_path))).health is Health.OFF
    client = {"oidc_client_id": "threadline", "oidc_client_secret": SECRET, "oidc_name": "Staff"}
    with provider("http://127.0.0.1:8080", {}) as issuer:
        found = await oidc_found(settings(tmp_path, oidc_issuer=issuer, **client))
        assert (found.health, "1 keys" in found.found) == (Health.WELL, True)
        other = await oidc_found(settings(tmp_path, oidc_issuer=issuer + "/", **client))
    assert other.health is Health.ILL and "calls itself otherwise" in other.found
    gone = await oidc_found(settings(tmp_path, oidc_issuer=f"http://127.0.0.1:{free_port()}", **client))
    assert gone.health is Health.ILL and "cannot be reached" in gone.found
