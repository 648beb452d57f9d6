"""What takes bytes from outside, each as a function of bytes that refuses them in the ways it says, and in no other."""

from __future__ import annotations

import hmac
import json
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from types import MappingProxyType
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc.jwk import ECKey, KeySet
from pydantic import ValidationError

from router.agents.ami.parsing import UnreadableEvent, parse_event, parse_snapshot
from router.channels.agi import commands
from router.channels.agi.codec import Connection as AgiConnection
from router.channels.agi.codec import EnvironmentReceived, State
from router.channels.agi.errors import RemoteProtocolError
from router.channels.agi.render import call_started
from router.channels.twilio import parse
from router.channels.twilio.form import Misunderstood, read
from router.channels.twilio.task_news import news_of
from router.core.hearing import Expected, Listening, Reading
from router.core.phone import e164, is_withheld, masked
from router.core.times import rfc3339
from router.core.trunk import trunk_name
from router.engine.session import commands_from_json, event_from_json, session_from_json
from router.flow.files import check_files
from router.flow.problems import FlowRefused
from router.matching.codes import normalise
from router.matching.references import normalise as reference
from router.messages.reading import reader
from router.messages.rows import FileRefused
from router.speech.audiosocket.codec import Connection as AudioConnection
from router.speech.audiosocket.codec import NotAudioSocket
from router.spoken.numbers import numbers
from router.web.known_browsers import known_as, remembered
from router.web.oidc.begun import unsealed
from router.web.oidc.id_token import SKEW, TokenRefused, claims_of
from router.web.oidc.identity import identity_of
from router.web.oidc.provider import SIGNED_BY

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
Target = Callable[[bytes], None]


def text_of(data: bytes) -> str:
    """Any text, lone surrogates included."""
    return data.decode("utf-8", "surrogateescape")


def pieces(data: bytes) -> list[bytes]:
    """The same bytes cut up: the first one says how."""
    size = 1 + (data[0] if data else 0)
    return [data[at : at + size] for at in range(1, len(data), size)]


def agi(data: bytes) -> None:
    """The FastAGI codec and the environment it reads."""
    connection = AgiConnection()
    with suppress(RemoteProtocolError):
        for piece in (*pieces(data), b""):
            if (environment := connection.usual_environment(piece)) is not None:
                call_started(environment, "DE")
                connection.send(commands.noop())
                continue
            if connection.usual_reply(piece) is not None:
                connection.send(commands.noop())
                continue
            connection.receive(piece)
            for event in connection.events():
                if isinstance(event, EnvironmentReceived):
                    call_started(event.environment, "DE")
                if connection.state is State.READY:
                    connection.send(commands.wait_for_digit(1000))


def audiosocket(data: bytes) -> None:
    """The AudioSocket codec."""
    connection = AudioConnection()
    with suppress(NotAudioSocket):
        for piece in pieces(data):
            for event in connection.receive(piece):
                assert not isinstance(getattr(event, "id", None), bytes)
                assert isinstance(getattr(event, "id", UUID(int=0)), UUID)


def ami(data: bytes) -> None:
    """Headers of AMI messages, each message behind an empty line."""
    messages = []
    for part in text_of(data).split("\n\n"):
        headers: dict[str, str | list[str]] = {}
        for name, _, value in (line.partition(":") for line in part.splitlines()):
            before = headers.get(name.strip().lower())
            known = [before] if isinstance(before, str) else before or []
            headers[name.strip().lower()] = [*known, value.strip()] if known else value.strip()
        messages.append(headers)
        with suppress(UnreadableEvent):
            parse_event(headers)
    parse_snapshot(messages, messages, lambda _: None)


def flow(data: bytes) -> None:
    """A flow's file, and one that is shared."""
    for name in ("flow.yaml", "shared/texts.yaml", "scenarios/x.yaml"):
        with suppress(FlowRefused):
            check_files({name: text_of(data)})


def twilio(data: bytes) -> None:
    """A webhook: query and form, an empty line between them."""
    query, _, body = data.partition(b"\n\n")
    address = text_of(query)
    for read_query in (parse.place, parse.whisper_place, parse.leg_place, parse.language):
        with suppress(Misunderstood):
            read_query(address)
    with suppress(Misunderstood):
        form = read(body)
        for wait in ("ask", "record", "transfer", "agents", "rung"):
            with suppress(Misunderstood):
                parse.event(form, wait)
        for read_form in (parse.call_sid, parse.is_over, parse.leg_status, parse.dial_end, news_of):
            with suppress(Misunderstood):
                read_form(form)
        parse.started(form, "DE")


def phone(data: bytes) -> None:
    """Telephone numbers, codes, references, times."""
    text = text_of(data)
    for region in ("DE", "US", "ZZ"):
        number = e164(text, region)
        assert number is None or (number.startswith("+") and number[1:].isascii() and number[1:].isdigit())
    for read_text in (is_withheld, masked, normalise, reference, trunk_name):
        read_text(text)
    with suppress(ValueError):
        rfc3339(text)


def rows_csv(data: bytes) -> None:
    """An import, CSV."""
    _rows(data, "csv")


def rows_ndjson(data: bytes) -> None:
    """An import, JSON lines."""
    _rows(data, "ndjson")


def _rows(data: bytes, kind: str) -> None:
    file = reader(kind, "DE")  # type: ignore[arg-type]
    with suppress(FileRefused):
        for piece in pieces(data):
            for row in file.feed(piece):
                json.dumps(row.errors)
        list(file.finish())


def spoken(data: bytes) -> None:
    """What a recogniser made of a caller's voice."""
    text = text_of(data[1:])[:2000]
    language = ("de", "en")[data[0] % 2 if data else 0]
    for listening in (Listening(Expected.DIGITS), Listening(Expected.CHARACTERS, 4, 12)):
        numbers([Reading(text, 1.0)], language, listening)


def stored(data: bytes) -> None:
    """What the database holds of a call."""
    for read_json in (session_from_json, commands_from_json, event_from_json):
        with suppress(ValidationError):
            read_json(data)


def tokens(data: bytes) -> None:
    """The cookies of a sign-in that has begun, and of a browser that is known."""
    text, key = text_of(data), b"k" * 32
    assert unsealed(text, key, NOW) is None or data
    known_as(text, "anna", key, NOW)
    made = remembered(text, "anna", key, NOW, lambda _: "n" * 22)
    assert known_as(made, "anna", key, NOW) is not None and len(made) < 1000


ISSUER, CLIENT, NONCE = "https://login.example.com/", "threadline", "nonce"
SIGNS = ECKey.import_key(
    {
        "kty": "EC", "crv": "P-256", "kid": "first", "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0", "d": "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI",
    }
)  # fmt: skip
"""The key of RFC 7515 appendix A.3, which is nobody's."""
KNOWN = KeySet([ECKey.import_key(SIGNS.as_dict(private=False))])
PUBLIC_PEM = SIGNS.as_pem(private=False)


def signed(content: bytes) -> bytes:
    """As ES256 wants it: both numbers side by side."""
    key = SIGNS.get_op_key("sign")
    return b"".join(each.to_bytes(32, "big") for each in decode_dss_signature(key.sign(content, ECDSA(SHA256()))))


def id_token(data: bytes) -> None:
    """What a provider says of whoever signs in: as it stands; or signed, by its key or by what everybody has. The first
    byte says which; then come the header and, behind a line's end, the claims."""
    kind, (header, _, claims) = data[:1], data[1:].partition(b"\n")
    content = b".".join(urlsafe_b64encode(part).rstrip(b"=") for part in (header, claims))
    match kind:
        case b"s":
            content += b"." + urlsafe_b64encode(signed(content)).rstrip(b"=")
        case b"h":
            content += b"." + urlsafe_b64encode(hmac.digest(PUBLIC_PEM, content, "sha256")).rstrip(b"=")
        case b"n":
            content += b"."
        case _:
            content = data
    asked = {"issuer": ISSUER, "client_id": CLIENT, "nonce": NONCE, "access_token": "at", "now": NOW}
    with suppress(TokenRefused):
        told = claims_of(text_of(content), KNOWN, SIGNED_BY, **asked)  # type: ignore[arg-type]
        at = NOW.timestamp()
        assert kind == b"s", "what the provider did not sign counts"
        assert (told["iss"], told["nonce"]) == (ISSUER, NONCE)
        assert told["aud"] == CLIENT or (CLIENT in told["aud"] and told.get("azp", CLIENT) == CLIENT)
        assert at - 2 * SKEW < told["exp"] < float("inf")
        assert isinstance(told["sub"], str)
        identity_of(told, ISSUER, "groups", {"a": "agent"})


TARGETS: Mapping[str, Target] = MappingProxyType(
    {
        each.__name__: each
        for each in (
            agi,
            audiosocket,
            ami,
            flow,
            id_token,
            twilio,
            phone,
            rows_csv,
            rows_ndjson,
            spoken,
            stored,
            tokens,
        )
    }
)
