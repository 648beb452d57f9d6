"""Prompts over HTTP: fetched once, kept for good, and nothing else to be had."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI

from router.speech.prompts import PromptStore
from router.speech.serving import prompt_path, prompt_routes


@pytest.fixture
async def http(store: PromptStore) -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()
    app.include_router(prompt_routes(store))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://router") as client:
        yield client


async def test_a_prompt_comes_as_wav_that_may_be_kept_for_good(store: PromptStore, http: httpx.AsyncClient) -> None:
    audio = await store.ensure("Guten Tag", "de")
    answer = await http.get(prompt_path(audio.key))
    assert answer.status_code == 200
    assert answer.content == audio.path.read_bytes()
    assert answer.headers["content-type"] == "audio/wav"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["etag"] == f'"{audio.key}"'
    assert answer.headers["last-modified"].endswith("GMT")
    head = await http.head(prompt_path(audio.key))
    assert head.content == b""
    assert {name: value for name, value in head.headers.items() if name != "date"} == dict(answer.headers)


async def test_who_has_it_already_gets_only_that_answer(store: PromptStore, http: httpx.AsyncClient) -> None:
    audio = await store.ensure("Guten Tag", "de")
    path, first = prompt_path(audio.key), (await http.get(prompt_path(audio.key))).headers
    kept = [
        {"If-None-Match": first["etag"]},
        {"If-None-Match": f'"other", W/{first["etag"]}'},
        {"If-None-Match": "*"},
        {"If-Modified-Since": first["last-modified"]},
    ]
    for headers in kept:
        answer = await http.get(path, headers=headers)
        assert (answer.status_code, answer.content) == (304, b"")
        assert answer.headers["etag"] == first["etag"]
        assert answer.headers["cache-control"] == first["cache-control"]
    stale = [
        {"If-None-Match": '"other"'},
        {"If-None-Match": '"other"', "If-Modified-Since": first["last-modified"]},
        {"If-Modified-Since": "Mon, 01 Jan 2001 00:00:00 GMT"},
        {"If-Modified-Since": "the day before yesterday"},
    ]
    for headers in stale:
        assert (await http.get(path, headers=headers)).status_code == 200


async def test_parts_of_a_prompt_can_be_asked_for(store: PromptStore, http: httpx.AsyncClient) -> None:
    audio = await store.ensure("Guten Tag", "de")
    part = await http.get(prompt_path(audio.key), headers={"Range": "bytes=0-3"})
    assert (part.status_code, part.content) == (206, b"RIFF")
    beyond = await http.get(prompt_path(audio.key), headers={"Range": "bytes=99999999-"})
    assert beyond.status_code == 416


@pytest.mark.parametrize(
    "key", ["0" * 40, "x", "A" * 40, "..%2f..%2fetc%2fpasswd", "%2e%2e", "0" * 41, "0" * 39 + "%00", "0" * 40 + "%0a"]
)
async def test_anything_else_is_a_problem_document(http: httpx.AsyncClient, key: str) -> None:
    answer = await http.get(f"/prompts/{key}.wav")
    assert answer.status_code == 404
    if "%2f" not in key:  # a slash is another route altogether
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["status"] == 404
        assert answer.headers["cache-control"] == "no-store"


async def test_a_damaged_file_is_not_handed_out(store: PromptStore, http: httpx.AsyncClient) -> None:
    audio = await store.ensure("Guten Tag", "de")
    audio.path.write_bytes(b"RIFF")
    assert (await http.get(prompt_path(audio.key))).status_code == 404


async def test_nothing_can_be_written(store: PromptStore, http: httpx.AsyncClient) -> None:
    audio = await store.ensure("Guten Tag", "de")
    for method in ("POST", "PUT", "DELETE"):
        assert (await http.request(method, prompt_path(audio.key))).status_code == 405
