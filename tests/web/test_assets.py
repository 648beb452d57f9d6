"""Assets have names that change with their content, and a clear word when they are missing."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from router.web import assets
from router.web.routes import install


@pytest.fixture
def built(tmp_path: Path) -> Path:
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets" / "desk-abc123.js").write_text("export {}")
    manifest = {
        "desk.js": {"file": "assets/desk-abc123.js", "src": "desk.js", "imports": ["_x.js"]},
        "_x.js": {"file": "assets/x.js"},
    }
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    return tmp_path


async def test_what_was_built_is_served_for_good(built: Path) -> None:
    app, loaded = FastAPI(), assets.load(built)
    install(app, loaded)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        answer = await client.get(loaded.url("desk.js"))
        assert loaded.shared("desk.js") == ["/static/assets/x.js"] and not loaded.shared("admin.js")
        assert (answer.status_code, answer.text) == (200, "export {}")
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        again = await client.get(loaded.url("desk.js"), headers={"If-None-Match": answer.headers["etag"]})
        assert again.status_code == 304
        assert (await client.get("/static/assets/missing.js")).status_code == 404
        assert (await client.get("/static/..%2f..%2fpyproject.toml")).status_code == 404


async def test_what_was_compressed_goes_to_those_who_take_it(built: Path) -> None:
    for suffix in ("br", "gz"):
        (built / "assets" / f"desk-abc123.js.{suffix}").write_text(suffix)
    app, loaded = FastAPI(), assets.load(built)
    install(app, loaded)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        address, told = loaded.url("desk.js"), {}
        for accepted in ("gzip, deflate, br", "gzip", "br;q=0, gzip;q=0.5", "identity", ""):
            async with client.stream("GET", address, headers={"Accept-Encoding": accepted}) as answer:
                body = b"".join([part async for part in answer.aiter_raw()]).decode()
            told[accepted] = (body, answer.headers.get("content-encoding"))
            assert answer.headers["content-type"].startswith("text/javascript")
            assert answer.headers["vary"] == "Accept-Encoding"
            assert answer.headers["cache-control"].endswith("immutable")
        part = await client.get(address, headers={"Accept-Encoding": "br", "Range": "bytes=0-2"})
        assert (part.status_code, part.text, part.headers.get("content-encoding")) == (206, "exp", None)
    plain = ("export {}", None)
    assert list(told.values()) == [("br", "br"), ("gz", "gzip"), ("gz", "gzip"), plain, plain]


def test_the_desk_is_light() -> None:
    """Everything that its page fetches once, as it goes over the line: `make bench-page` weighs it in a browser."""
    loaded = assets.load()
    fetched = {loaded.url(name) for name in ("desk.js", "page.js", "style.css", "images/icon.svg")}
    fetched |= {address for name in ("desk.js", "page.js") for address in loaded.shared(name)}
    files = [assets.STATIC / f"{address.removeprefix(assets.PREFIX)[1:]}.br" for address in fetched]
    assert sum(file.stat().st_size for file in files) < 100_000


def test_what_was_not_built_is_said_with_the_way_out(tmp_path: Path, built: Path) -> None:
    with pytest.raises(assets.AssetsNotBuilt, match=r"not built.*make assets"):
        assets.load(tmp_path / "nowhere")
    with pytest.raises(assets.AssetsNotBuilt, match=r"admin\.js.*make assets"):
        assets.load(built).url("admin.js")
    for nonsense in ("{", "[]", '{"a": {"src": "a"}}'):
        (built / "manifest.json").write_text(nonsense)
        with pytest.raises(assets.AssetsNotBuilt, match="damaged"):
            assets.load(built)
