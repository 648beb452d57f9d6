"""Whatever comes, signed or not: TwiML or a problem document, never an error of ours."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urlencode
from xml.etree import ElementTree

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.channels.twilio.parse import CHANNEL
from router.store import migrate
from router.store.database import Database
from tests.channels.twilio.house import OPEN, application, client_for, make_calls
from tests.channels.twilio.house import settings as house_settings
from tests.channels.twilio.phone import PUBLIC_URL, VOICE, call_fields, post, signature

CALLER = "+4930231250011"
FORM = "application/x-www-form-urlencoded"
PATHS = ("/channels/twilio/voice", "/channels/twilio/status")


class Target:
    """A house that lives through all examples, with one call under way."""

    def __init__(self, folder: Path) -> None:
        self._runner = asyncio.Runner()
        self._database = Database(f"sqlite:///{folder}/calls.db")
        self.call_id, self.sid = "", "CA" + "1" * 32
        self._runner.run(self._begin())

    async def _begin(self) -> None:
        await migrate.upgrade(self._database)
        calls = make_calls(self._database, lambda: OPEN)
        self._client = client_for(application(calls, house_settings()))
        await post(self._client, VOICE, call_fields("anonymous", self.sid))
        self.call_id = await calls.call_for(CHANNEL, self.sid) or ""

    def send(self, path: str, query: str, body: bytes, signed: str, kind: str = FORM) -> httpx.Response:
        url = f"{path}?{query}" if query else path
        headers = [(b"X-Twilio-Signature", signed.encode("latin-1")), (b"Content-Type", kind.encode("latin-1"))]
        return self._runner.run(self._client.post(url, content=body, headers=headers))

    def close(self) -> None:
        self._runner.run(self._client.aclose())
        self._runner.run(self._database.close())
        self._runner.close()


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    made = Target(tmp_path_factory.mktemp("hostile"))
    yield made
    made.close()


def check(answer: httpx.Response, path: str) -> None:
    assert "Traceback" not in answer.text
    if answer.status_code == 200:
        assert path == PATHS[0]
        assert ElementTree.fromstring(answer.content).tag == "Response"
    elif answer.status_code == 204:
        assert (path, answer.content) == (PATHS[1], b"")
    else:
        assert answer.status_code in (400, 403, 404, 413)
        assert answer.json()["status"] == answer.status_code


anything = st.text(st.characters(codec="utf-8"), max_size=40)
telling = st.sampled_from(
    (CALLER, "anonymous", "completed", "in-progress", "hangup", "leave", "bridged", "failed", "no-answer", "-1", "7")
) | st.sampled_from(("1234567890", "#", "*", "https://api.twilio.com/x", "sip:a@b", "client:a", "\x00", "٣", "]]>&<"))
values = anything | telling
names = st.sampled_from(
    ("CallStatus", "From", "To", "Digits", "FinishedOnKey", "SpeechResult", "RecordingUrl", "RecordingDuration")
) | st.sampled_from(("DialCallStatus", "QueueResult", "SipHeader_Privacy", "ErrorCode", "AccountSid", "Confidence"))
fields = st.dictionaries(names | anything, values, max_size=12)
waits = st.sampled_from(["ask", "record", "transfer"])


@settings(max_examples=150, deadline=None)
@given(fields, st.sampled_from(PATHS), waits, st.integers(0, 60), st.booleans(), values)
def test_signed_fields(
    target: Target, sent: dict[str, str], path: str, wait: str, sequence: int, within_the_call: bool, other: str
) -> None:
    query = f"call={target.call_id}&seq={sequence}&for={wait}" if within_the_call else ""
    sent = {**sent, "CallSid": target.sid if within_the_call else other}
    sent.pop("CallStatus", None) if within_the_call else None  # or the one call there is would soon be over
    url = PUBLIC_URL + path + (f"?{query}" if query else "")
    check(target.send(path, query, urlencode(sent).encode(), signature(url, sent)), path)


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from(PATHS),
    st.dictionaries(st.sampled_from(["call", "seq", "for", "bodySHA256", "x"]), values, max_size=4),
    st.binary(max_size=200),
    st.sampled_from([FORM, "application/json", "multipart/form-data", "\xff", ""]),
    st.text(st.characters(min_codepoint=33, max_codepoint=255), max_size=40),
    st.booleans(),
)
def test_any_bytes(
    target: Target, path: str, query: dict[str, str], body: bytes, kind: str, forged: str, as_if_empty: bool
) -> None:
    written = "&".join(f"{name}={quote(value)}" for name, value in query.items())
    url = PUBLIC_URL + path + (f"?{written}" if written else "")
    signed = signature(url, {}) if as_if_empty else forged
    check(target.send(path, written, body, signed, kind), path)
