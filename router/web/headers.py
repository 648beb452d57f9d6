"""Headers that keep the pages' content to the pages, on every response that does not bring its own."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

PAGE_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "media-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""For pages: own files only, nothing inline, in nobody's frame."""

PAGE_HEADERS: Final = {
    "Content-Security-Policy": PAGE_POLICY,
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
}

_EVERYWHERE: Final = (
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-resource-policy", b"same-origin"),
)


def with_microphone(page: Response) -> Response:
    """A page on which people may speak, when they let their browser listen; on all others it never does."""
    page.headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=(self)"
    return page


def with_other_tab(page: Response) -> Response:
    """A page that opens another site in a tab and uses that tab again; what is opened has no hold on the page."""
    page.headers["Cross-Origin-Opener-Policy"] = "same-origin-allow-popups"
    return page


class SecurityHeaders:
    """ASGI middleware that adds what is missing; it leaves bodies and streams alone."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = list(message.get("headers", ()))
                present = {name.lower() for name, _ in headers}
                message = {**message, "headers": headers + [pair for pair in _EVERYWHERE if pair[0] not in present]}
            await send(message)

        await self._app(scope, receive, with_headers)
