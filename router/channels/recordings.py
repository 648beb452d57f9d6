"""The audio of voicemails, from where their channel keeps it: Asterisk's folder, or Twilio.

A name comes from a channel and is not trusted: what does not look like one of ours is not opened, and nothing outside
the folder or the account is.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import httpx
import structlog
from starlette.responses import FileResponse, Response

from router.settings import Settings

_FILE: Final = re.compile(r"[0-9a-f]{32}-[0-9]{1,9}\.wav")
_SECONDS: Final = 10.0
"""For Twilio to give one."""
MOST_BYTES: Final = 50_000_000
_HEADERS: Final = {"Cache-Control": "no-store", "Content-Disposition": "inline"}

log = structlog.get_logger(__name__)


class Recordings:
    """``transport`` is for tests."""

    def __init__(self, settings: Settings, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._folder = settings.voicemails
        account, token = settings.twilio_account_sid, settings.twilio_auth_token
        self._login = (account, token.get_secret_value()) if account and token else None
        address = re.escape(f"{settings.twilio_api_url}/2010-04-01/Accounts/{account}/Recordings/")
        self._twilio = re.compile(address + "RE[0-9a-fA-F]{32}")
        self._transport = transport

    async def __call__(self, name: str) -> Response | None:
        """The audio of this name; None where there is none, or it is none of ours."""
        if _FILE.fullmatch(name):
            return self._file(self._folder / name)
        if self._login is not None and self._twilio.fullmatch(name):
            return await self._fetched(f"{name}.wav", self._login)
        return None

    @staticmethod
    def _file(path: Path) -> Response | None:
        try:
            if path.is_symlink() or not path.is_file():
                return None
            with path.open("rb"):
                pass  # one that we may not read is none
        except OSError as error:
            log.warning("a voicemail cannot be read", error=type(error).__name__)
            return None
        return FileResponse(path, media_type="audio/wav", headers=_HEADERS)

    async def _fetched(self, address: str, login: tuple[str, str]) -> Response | None:
        client = httpx.AsyncClient(auth=login, timeout=_SECONDS, follow_redirects=False, transport=self._transport)
        sound = bytearray()
        try:
            async with client, client.stream("GET", address) as answer:
                if answer.status_code != 200:
                    log.warning("Twilio gives no recording", status=answer.status_code)
                    return None
                async for piece in answer.aiter_bytes():
                    sound += piece
                    if len(sound) > MOST_BYTES:
                        return None
        except (httpx.HTTPError, httpx.StreamError) as error:
            log.warning("Twilio gives no recording", error=type(error).__name__)
            return None
        return Response(bytes(sound), media_type="audio/x-wav", headers=_HEADERS)
