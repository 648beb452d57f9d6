"""The built scripts and styles: names with content hashes from Vite's manifest, kept by browsers for good."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from mimetypes import guess_type
from pathlib import Path
from typing import Any, Final

from fastapi.concurrency import run_in_threadpool
from fastapi.staticfiles import StaticFiles
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Scope

STATIC: Final = Path(__file__).parent / "static"
PREFIX: Final = "/static"


class AssetsNotBuilt(Exception):
    """The pages' scripts and styles are not there; the text says how to build them."""


class Assets:
    """Addresses of assets by the name of their source: ``url("desk.js")`` is ``/static/assets/desk-3f2a….js``."""

    def __init__(
        self, urls: Mapping[str, str], folder: Path, shared: Mapping[str, Sequence[str]] | None = None
    ) -> None:
        self._urls = dict(urls)
        self._shared = dict(shared or {})
        self.folder = folder

    def url(self, source: str) -> str:
        """Address of what was built from ``source``. Raises `AssetsNotBuilt` when the manifest does not know it."""
        try:
            return self._urls[source]
        except KeyError:
            raise AssetsNotBuilt(f"The page assets are out of date: {source} is not among them. {_WAY_OUT}") from None

    def shared(self, source: str) -> Sequence[str]:
        """Addresses of the scripts that ``source`` needs, so that a page can ask for all of them at once."""
        return self._shared.get(source, ())

    def files(self) -> StaticFiles:
        """The application to mount under `PREFIX`."""
        return _Immutable(directory=self.folder)


_WAY_OUT = "Run `make assets` in the project's folder and start again."


def load(folder: Path = STATIC) -> Assets:
    """The assets built into ``folder``. Raises `AssetsNotBuilt` with the way out."""
    manifest = folder / "manifest.json"
    try:
        content: Any = json.loads(manifest.read_text("utf-8"))
        places = {name: f"{PREFIX}/{entry['file']}" for name, entry in content.items()}
        urls = {name: places[name] for name, entry in content.items() if "src" in entry}
        shared = {name: [places[each] for each in content[name].get("imports", ())] for name in urls}
    except FileNotFoundError:
        raise AssetsNotBuilt(f"The page assets are not built: {manifest} is missing. {_WAY_OUT}") from None
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise AssetsNotBuilt(f"The page assets are damaged: {manifest}: {error}. {_WAY_OUT}") from None
    return Assets(urls, folder, shared)


class _Immutable(StaticFiles):
    """Files whose name changes with their content never change under their name (RFC 8246). Beside them may stand what
    is sent to browsers that take it: the same, compressed (RFC 9110 section 12.5.3)."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        coding = await run_in_threadpool(self._coding, path, scope)
        response = await super().get_response(path + _SUFFIX[coding] if coding else path, scope)
        if coding:
            response.headers["Content-Encoding"] = coding
            response.headers["Content-Type"] = _type_of(path)
        hashed = response.status_code in (200, 206, 304) and path.replace("\\", "/").startswith("assets/")
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if hashed else "no-cache"
        response.headers["Vary"] = "Accept-Encoding"
        return response

    def _coding(self, path: str, scope: Scope) -> str | None:
        """The best coding that the file has and the browser takes."""
        headers = Headers(scope=scope)
        if "range" in headers:
            return None  # parts are of the file itself
        accepted = _accepted(headers.get("accept-encoding", ""))
        return next((each for each in _SUFFIX if each in accepted and self.lookup_path(path + _SUFFIX[each])[1]), None)


_SUFFIX: Final = {"br": ".br", "gzip": ".gz"}


def _accepted(header: str) -> set[str]:
    parts = (part.partition(";") for part in header.lower().split(","))
    return {name.strip() for name, _, weight in parts if weight.strip() not in ("q=0", "q=0.0", "q=0.00", "q=0.000")}


def _type_of(path: str) -> str:
    kind = guess_type(path)[0] or "application/octet-stream"
    return f"{kind}; charset=utf-8" if kind.startswith("text/") else kind
