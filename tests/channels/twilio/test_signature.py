"""Only Twilio is let in, and it is told by its signature alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qsl, urlencode

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr
from starlette.datastructures import ImmutableMultiDict
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]

from router.channels.twilio import signed as requests
from router.channels.twilio.form import Form, Misunderstood, read
from router.channels.twilio.signature import Signatures
from router.errors import Refused
from router.settings import SettingsRefused
from tests.channels.twilio.house import House, application, client_for, settings
from tests.channels.twilio.phone import PUBLIC_URL, STATUS, TOKEN, VOICE, call_fields, post, signature

pytestmark = pytest.mark.sqlite_only

CALLER = "+4930231250011"
FORM = "application/x-www-form-urlencoded"


async def send(
    house: House,
    url: str = VOICE,
    *,
    body: bytes | None = None,
    signed: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> httpx.Response:
    given: dict[str, str] = {"Content-Type": FORM, **(headers or {})}
    if signed is not None:
        given["X-Twilio-Signature"] = signed
    content = urlencode(call_fields(CALLER)).encode() if body is None else body
    return await house.client.post(url.removeprefix(PUBLIC_URL), content=content, headers=given)


async def refused(answer: httpx.Response, house: House, status: int = 403) -> dict[str, Any]:
    """A problem document, no TwiML, no trace of what is inside, and nothing done."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert "<" not in answer.text
    assert "Traceback" not in answer.text
    assert CALLER not in answer.text
    assert await house.rows() == []
    problem: dict[str, Any] = answer.json()
    assert problem["status"] == status
    return problem


@pytest.mark.parametrize("url", [VOICE, STATUS])
async def test_no_signature(house: House, url: str) -> None:
    problem = await refused(await send(house, url), house)
    assert "X-Twilio-Signature" in problem["detail"]
    await refused(await send(house, url, signed=""), house)


@pytest.mark.parametrize("url", [VOICE, STATUS])
@pytest.mark.parametrize("forged", ["x", "ä", "=" * 28, "RSOYDt4T1cUTdK1PDd93/VVr8B8=", "A" * 60_000])
async def test_a_forged_signature(house: House, url: str, forged: str) -> None:
    headers = [(b"Content-Type", FORM.encode()), (b"X-Twilio-Signature", forged.encode("latin-1"))]
    fields = urlencode(call_fields(CALLER))
    await refused(await house.client.post(url.removeprefix(PUBLIC_URL), content=fields, headers=headers), house)


async def test_another_accounts_signature(house: House) -> None:
    await refused(await post(house.client, VOICE, call_fields(CALLER), token="f" * 32), house)


async def test_a_signature_for_other_fields(house: House) -> None:
    signed = signature(VOICE, call_fields("+4930231250099"))
    await refused(await send(house, signed=signed), house)
    more = urlencode({**call_fields(CALLER), "Digits": "1"}).encode()
    await refused(await send(house, body=more, signed=signature(VOICE, call_fields(CALLER))), house)


async def test_a_signature_for_another_path_or_query(house: House) -> None:
    fields = call_fields(CALLER)
    await refused(await send(house, signed=signature(STATUS, fields)), house)
    await refused(await send(house, VOICE + "?seq=1", signed=signature(VOICE, fields)), house)


async def test_a_signature_for_the_host_in_the_headers(house: House) -> None:
    signed = signature("https://evil.example/channels/twilio/voice", call_fields(CALLER))
    told = {"Host": "evil.example", "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https"}
    await refused(await send(house, signed=signed, headers=told), house)


async def test_the_headers_of_a_proxy_do_not_matter(house: House) -> None:
    signed = signature(VOICE, call_fields(CALLER))
    told = {"Host": "10.0.0.7:8080", "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "http"}
    assert (await send(house, signed=signed, headers=told)).status_code == 200


@pytest.mark.parametrize("house", [{"twilio_auth_token": None}, {"twilio_auth_token": ""}], indirect=True)
@pytest.mark.parametrize("token", [TOKEN, ""])
async def test_without_a_token_nobody_is_let_in(house: House, token: str) -> None:
    for url in (VOICE, STATUS):
        answer = await post(house.client, url, call_fields(CALLER), token=token)
        problem = await refused(answer, house)
        assert "twilio_auth_token" in problem["detail"]


@pytest.mark.parametrize(
    ("house", "address"),
    [
        ({"public_url": "https://calls.example.net/"}, "https://calls.example.net"),
        ({"public_url": "https://calls.example.net"}, "https://calls.example.net:443"),
        ({"public_url": "https://calls.example.net:443"}, "https://calls.example.net"),
        ({"public_url": "http://calls.example.net:8080"}, "http://calls.example.net:8080"),
        ({"public_url": "https://example.net/hotline"}, "https://example.net/hotline"),
    ],
    indirect=["house"],
)
async def test_the_address_as_configured(house: House, address: str) -> None:
    fields = call_fields(CALLER)
    signed = signature(f"{address}/channels/twilio/voice", fields)
    answer = await send(house, signed=signed)
    assert answer.status_code == 200
    configured = address.removesuffix(":443")
    assert f'action="{configured}' in answer.text.replace(":443", "")


@pytest.mark.parametrize("url", ["https://", "https:///path", "https://host:99999", "https://host:x"])
def test_an_address_nobody_can_call_stops_the_start(url: str) -> None:
    with pytest.raises(SettingsRefused, match="THREADLINE_PUBLIC_URL"):
        Signatures(SecretStr(TOKEN), url)


async def test_a_field_sent_twice(house: House) -> None:
    """Signed well, as Twilio would sign it; but which of the two would count?"""
    body = urlencode([*call_fields(CALLER).items(), ("CallSid", "CA" + "2" * 32)]).encode()
    signed = str(RequestValidator(TOKEN).compute_signature(VOICE, read(body)))
    problem = await refused(await send(house, body=body, signed=signed), house, 400)
    assert "CallSid was sent more than once" in problem["detail"]


async def test_fields_that_run_together(house: House) -> None:
    """`Digits=1,To=2` signs like `Digits=1To2`: what is then missing is not made up."""
    fields = call_fields(CALLER)
    joined = {name: value for name, value in fields.items() if name not in ("CallSid", "CallStatus")}
    joined["CallSid"] = fields["CallSid"] + "CallStatus" + fields["CallStatus"]
    assert signature(VOICE, joined) == signature(VOICE, fields)
    answer = await send(house, body=urlencode(joined).encode(), signed=signature(VOICE, fields))
    await refused(answer, house, 400)


@pytest.mark.parametrize("kind", ["application/json", "multipart/form-data; boundary=x", "text/plain", ""])
async def test_a_body_that_is_no_form(house: House, kind: str) -> None:
    body = b'{"CallSid": "CA1", "From": "+4930231250011"}'
    url = f"{VOICE}?bodySHA256={sha256(body).hexdigest()}"
    signed, told = signature(url, {}), {"Content-Type": kind}
    problem = await refused(await send(house, url, body=body, signed=signed, headers=told), house, 400)
    assert FORM in problem["detail"]
    await refused(await send(house, url, body=body + b" ", signed=signed, headers=told), house)
    await refused(await send(house, VOICE, body=body, signed=signature(VOICE, {}), headers=told), house)
    await refused(await send(house, url, body=b"\xff\x00", signed=signed, headers=told), house)


async def test_a_form_with_a_digest_in_its_address(house: House) -> None:
    fields = call_fields(CALLER)
    url = f"{VOICE}?bodySHA256={sha256(urlencode(fields).encode()).hexdigest()}"
    assert (await send(house, url, signed=signature(url, fields))).status_code == 200


@pytest.mark.parametrize("kind", [FORM.upper(), f"{FORM}; charset=UTF-8", f" {FORM} ;x"])
async def test_spellings_of_the_type(house: House, kind: str) -> None:
    told = {"Content-Type": kind}
    assert (await send(house, signed=signature(VOICE, call_fields(CALLER)), headers=told)).status_code == 200


@pytest.mark.parametrize("body", [b"From=%ff", b"a=1&" * 300, b"\xff"])
async def test_a_form_that_cannot_be_read(house: House, body: bytes) -> None:
    await refused(await send(house, body=body, signed="x"), house, 400)


async def test_too_much(house: House) -> None:
    fields = {**call_fields(CALLER), "SpeechResult": "x" * 70_000}
    answer = await post(house.client, VOICE, fields)
    await refused(answer, house, 413)
    unsigned = await send(house, body=b"x" * 1_000_000)
    await refused(unsigned, house, 403)


async def test_a_body_that_never_comes(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    async def slow() -> AsyncIterator[bytes]:
        yield b"From="
        await asyncio.Event().wait()

    monkeypatch.setattr(requests, "BODY_SECONDS", 0.05)
    answer = await house.client.post(
        "/channels/twilio/voice", content=slow(), headers={"X-Twilio-Signature": "x", "Content-Type": FORM}
    )
    await refused(answer, house, 408)


async def test_only_posts() -> None:
    client = client_for(application(None, settings()))
    for path in ("/channels/twilio/voice", "/channels/twilio/status"):
        assert (await client.get(path)).status_code == 405


words = st.text(st.characters(codec="utf-8"), max_size=12)


@given(
    st.lists(st.tuples(words, words), max_size=8), words, st.sampled_from(["", "a=1", "a=1&b=%2F%20+", "call=x&seq=2"])
)
def test_the_same_verdict_as_the_validators(fields: list[tuple[str, str]], forged: str, query: str) -> None:
    """With another library's form in its hand, on what we made of the bytes."""
    address = f"{VOICE}?{query}" if query else VOICE
    form, theirs = read(urlencode(fields).encode()), ImmutableMultiDict(fields)
    validator, ours = RequestValidator(TOKEN), Signatures(SecretStr(TOKEN), PUBLIC_URL)
    for signed in (str(validator.compute_signature(address, theirs)), forged):
        accepted = True
        try:
            ours.check("/channels/twilio/voice", query, form, signed)
        except Refused:
            accepted = False
        assert accepted == validator.validate(address, theirs, signed)


@given(
    st.text(st.sampled_from("abä+%&=; 0Ff\ud83d\x00"), max_size=40).map(lambda text: text.encode(errors="replace"))
    | st.binary(max_size=20)
)
def test_a_form_is_read_as_the_standard_library_reads_it(body: bytes) -> None:
    try:
        theirs = parse_qsl(body.decode(), keep_blank_values=True, errors="strict")
    except UnicodeDecodeError:
        with pytest.raises(Misunderstood):
            read(body)
        return
    ours = read(body)
    assert [*ours] == [name for name, _ in theirs]
    assert {name: ours.getlist(name) for name in ours} == {
        name: [value for each, value in theirs if each == name] for name, _ in theirs
    }


@pytest.mark.parametrize("url", ["https://calls.example.net", "http://calls.example.net:8080", "https://h.example:443"])
def test_the_port_may_stand_in_what_is_signed_or_not(url: str) -> None:
    ours, theirs, form = Signatures(SecretStr(TOKEN), url), RequestValidator(TOKEN), Form([("b", "1"), ("a", "2")])
    host = url.rpartition("/")[2].partition(":")[0]
    for address in (f"{url.partition('//')[0]}//{host}{port}/x" for port in ("", ":443", ":80", ":8080")):
        signed = str(theirs.compute_signature(address, form))
        try:
            ours.check("/x", "", form, signed)
        except Refused:
            assert not theirs.validate(f"{url}/x", form, signed)
        else:
            assert theirs.validate(f"{url}/x", form, signed)
