"""Prompts over HTTP, for Asterisk's media cache and for the test phone.

What lies under a key never changes, so whoever fetched it once may keep it for good (RFC 8246, `immutable`); but for
what was made for one call, which nobody is to keep.
"""

from __future__ import annotations

from email.utils import formatdate, parsedate_to_datetime
from typing import Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import FileResponse, JSONResponse

from router.speech.cache import Audio
from router.speech.prompts import PromptStore

CACHE_CONTROL: Final = "public, max-age=31536000, immutable"
_MISSING = {
    "type": "about:blank",
    "title": "No such prompt",
    "status": 404,
    "detail": "There is no audio under this address. Prompts are made when a call or a flow first needs them.",
}


def prompt_path(key: str) -> str:
    """Path of the audio with this key below the service's public address."""
    return f"/prompts/{key}.wav"


def prompt_routes(store: PromptStore) -> APIRouter:
    """`GET` and `HEAD /prompts/{key}.wav`: telephone WAV with validators, conditional requests and ranges.

    Anything else is 404 with a problem document (RFC 9457).
    """
    routes = APIRouter(tags=["prompts"])

    @routes.api_route(
        "/prompts/{key}.wav",
        methods=["GET", "HEAD"],
        response_class=FileResponse,
        responses={404: {"description": "No such prompt", "content": {"application/problem+json": {}}}},
        operation_id="prompt_audio",
    )
    async def prompt_audio(key: str, request: Request) -> Response:
        audio = store.find(key)
        answer = None if audio is None else _answer(audio, request)
        if answer is None:
            return JSONResponse(_MISSING, 404, {"Cache-Control": "no-store"}, "application/problem+json")
        return answer

    return routes


def _answer(audio: Audio, request: Request) -> Response | None:
    try:
        found = audio.path.stat()
    except OSError:  # another process sharing the directory has just deleted it
        return None
    if audio.brief:
        return FileResponse(
            audio.path, media_type="audio/wav", headers={"Cache-Control": "no-store"}, stat_result=found
        )
    headers = {
        "Cache-Control": CACHE_CONTROL,
        "ETag": f'"{audio.key}"',
        "Last-Modified": formatdate(found.st_mtime, usegmt=True),
    }
    if _unchanged(request, headers["ETag"], int(found.st_mtime)):
        return Response(status_code=304, headers=headers)
    return FileResponse(audio.path, media_type="audio/wav", headers=headers, stat_result=found)


def _unchanged(request: Request, etag: str, modified: int) -> bool:
    """Whether the asker already has it (RFC 9110 section 13.2.2: If-None-Match wins over If-Modified-Since)."""
    known = request.headers.get("if-none-match")
    if known is not None:
        tags = {tag.strip().removeprefix("W/") for tag in known.split(",")}
        return "*" in tags or etag in tags
    since = request.headers.get("if-modified-since")
    if since is None:
        return False
    try:
        return modified <= parsedate_to_datetime(since).timestamp()
    except (ValueError, OverflowError):
        return False
