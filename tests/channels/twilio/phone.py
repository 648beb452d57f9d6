"""Twilio as it behaves by its documentation: takes a call, carries out TwiML, signs what it posts."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode, urlsplit
from xml.etree import ElementTree

import httpx
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]

TOKEN = "12345678901234567890123456789012"
PUBLIC_URL = "https://calls.example.net"
VOICE = f"{PUBLIC_URL}/channels/twilio/voice"
STATUS = f"{PUBLIC_URL}/channels/twilio/status"
SERVICE_NUMBER = "+4930231250000"
ACCOUNT = "AC" + "5" * 32
RECORDING = f"https://api.twilio.com/2010-04-01/Accounts/{ACCOUNT}/Recordings/RE{'7' * 32}"


def call_fields(caller: str, sid: str = "CA" + "1" * 32, **more: str) -> dict[str, str]:
    """What Twilio posts when a call comes in (Twilio, "TwiML: Twilio's request to your application")."""
    return {
        "AccountSid": ACCOUNT,
        "ApiVersion": "2010-04-01",
        "CallSid": sid,
        "CallStatus": "ringing",
        "CallToken": '{"parentCallInfoToken":"eyJhbGciOiJFUzI1NiJ9.eyJjYWxsU2lkIjoi"}',
        "Called": SERVICE_NUMBER,
        "CalledCity": "",
        "CalledCountry": "DE",
        "CalledState": "Berlin",
        "CalledZip": "",
        "Caller": caller,
        "CallerCity": "",
        "CallerCountry": "DE",
        "CallerState": "Bärlin & Umland",
        "CallerZip": "",
        "Direction": "inbound",
        "From": caller,
        "FromCity": "",
        "FromCountry": "DE",
        "FromState": "Bärlin & Umland",
        "FromZip": "",
        "StirVerstat": "No-TN-Validation",
        "To": SERVICE_NUMBER,
        "ToCity": "",
        "ToCountry": "DE",
        "ToState": "Berlin",
        "ToZip": "",
        **more,
    }


def signature(url: str, fields: Mapping[str, str] | str, token: str = TOKEN) -> str:
    signed = {} if isinstance(fields, str) else fields
    return str(RequestValidator(token).compute_signature(url, signed))


async def post(client: httpx.AsyncClient, url: str, fields: Mapping[str, str], token: str = TOKEN) -> httpx.Response:
    """A request as Twilio sends and signs it."""
    headers = {
        "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8",
        "User-Agent": "TwilioProxy/1.1",
        "X-Twilio-Signature": signature(url, fields, token),
        "I-Twilio-Idempotency-Token": "2f0f6cc6-5a47-4bf5-9c4b-6a2cd9e0f3a1",
    }
    parts = urlsplit(url)
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    return await client.post(path, content=urlencode(fields), headers=headers)


class PhoneCall:
    """A call at Twilio: the document it carries out, and the requests made so far."""

    def __init__(self, client: httpx.AsyncClient, caller: str, sid: str = "CA" + "1" * 32) -> None:
        self._client = client
        self.fields = call_fields(caller, sid)
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.xml = ""

    async def begin(self) -> ElementTree.Element:
        return await self.request(VOICE, {})

    async def request(self, url: str, more: Mapping[str, str]) -> ElementTree.Element:
        """Ask what comes next; the answer is carried out from then on."""
        fields = {**self.fields, **more}
        self.requests.append((url, fields))
        answer = await post(self._client, url, fields)
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"].startswith("application/xml")
        self.fields["CallStatus"] = "in-progress"
        self.xml = answer.text
        return self.document

    @property
    def document(self) -> ElementTree.Element:
        return ElementTree.fromstring(self.xml)

    @property
    def verb(self) -> ElementTree.Element | None:
        """The verb that ends the turn; a `<Redirect>` behind it is for when it falls through."""
        verbs = [verb for verb in self.document if verb.tag not in ("Say", "Redirect")]
        assert len(verbs) <= 1, self.xml
        return verbs[0] if verbs else None

    @property
    def action(self) -> str:
        assert self.verb is not None
        return self.verb.attrib["action"]

    @property
    def said(self) -> list[str]:
        return [say.text or "" for say in self.document.iter("Say")]

    async def press(self, keys: str) -> ElementTree.Element:
        """Keys, and # behind them; # alone is an empty result."""
        self._doing("Gather")
        told = {"Digits": keys, "FinishedOnKey": "#", "msg": "Gather End"}
        return await self.request(self.action, told)

    async def speak(self, text: str, confidence: float = 1.0) -> ElementTree.Element:
        assert "speech" in self._doing("Gather").attrib["input"]
        return await self.request(
            self.action, {"SpeechResult": text, "Confidence": f"{confidence}", "Language": "de-DE"}
        )

    async def keep_silent(self) -> ElementTree.Element:
        assert self._doing("Gather").attrib["actionOnEmptyResult"] == "true"
        return await self.request(self.action, {})

    async def leave_message(self, seconds: int) -> ElementTree.Element:
        self._doing("Record")
        told = {"RecordingUrl": RECORDING, "RecordingSid": "RE" + "7" * 32, "RecordingDuration": str(seconds)}
        return await self.request(self.action, {**told, "Digits": "#"})

    async def transfer_ends(self, dialled: str, queued: str) -> ElementTree.Element:
        verb = self.verb
        assert verb is not None
        if verb.tag == "Dial":
            told = {"DialCallStatus": dialled, "DialCallSid": "CA" + "9" * 32, "DialCallDuration": "63"}
            return await self.request(self.action, {**told, "DialBridged": str(dialled == "completed").lower()})
        assert verb.tag == "Enqueue"
        return await self.request(self.action, {"QueueResult": queued, "QueueSid": "QU" + "3" * 32, "QueueTime": "63"})

    async def status(self, status: str = "completed") -> None:
        fields = {**self.fields, "CallStatus": status, "CallDuration": "73", "Duration": "2", "SequenceNumber": "0"}
        answer = await post(self._client, STATUS, fields)
        assert answer.status_code == 204, answer.text

    def _doing(self, tag: str) -> ElementTree.Element:
        assert self.verb is not None, self.xml
        assert self.verb.tag == tag, self.xml
        return self.verb
