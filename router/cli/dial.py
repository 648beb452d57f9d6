"""``threadline dial``: place a test call from the terminal, offline or against a running service."""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer

from router import settings as settings_module
from router.app import House, assembled
from router.calls.turns import Turn
from router.channels.simulator.phone import BadNumber
from router.channels.simulator.routes import Input, shown
from router.channels.simulator.speech import LARGEST, Microphone, understood
from router.cli.moment import moment
from router.cli.output import NO, WRONG_USE, as_json, fail, say
from router.errors import Refused
from router.speech.conversion import to_telephone
from router.speech.wav import TELEPHONE_RATE, WavUnreadable, read_wav

Answer = dict[str, Any]
Line = Callable[[str, dict[str, Any] | bytes], Awaitable[Answer]]
"""Sends a request of the test phone: path and body (JSON, or telephone WAV to ``/CALL/speech?sequence=N``) in, the call
as JSON out."""

_KEYS = re.compile(r"[0-9*#]{0,40}")
"""What one answer with keys may be: as many as `router.channels.simulator.routes.Input` takes, and none for silence."""

_NEEDS_KEY = "give --key, or THREADLINE_API_KEY, a key of 'threadline keys create --scope testphone' on that service"

HELP = "keys (0-9 * #), words, @FILE.wav to speak, an empty line for silence, 'h' to hang up"


def dial(
    caller: Annotated[str, typer.Option("--from", help="The caller number, in any spelling.")] = "",
    withheld: Annotated[bool, typer.Option(help="Suppress the caller number.")] = False,
    to: Annotated[str | None, typer.Option(help="The service number dialled; else the one of the settings.")] = None,
    at: Annotated[
        str | None, typer.Option(help="When the call happens, such as 2026-11-23T10:00:00 (local time); else now.")
    ] = None,
    keys: Annotated[
        list[str] | None,
        typer.Option("--keys", help="Answer the next question with these keys; repeatable, then hang up."),
    ] = None,
    url: Annotated[
        str | None, typer.Option(help="A running service; without it the call stays in this process.")
    ] = None,
    key: Annotated[
        str | None, typer.Option(help="API key for --url, with scope testphone.", envvar="THREADLINE_API_KEY")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="The trace as JSON at the end, nothing else.")] = False,
) -> None:
    """Place a test call: hear the prompts as text, answer with keys, words or recordings, see what the flow did.

    Where a recogniser is set up, @FILE.wav as an answer is listened to as if a caller said it.

    Example: threadline dial --withheld --keys 4821391234
    """
    when = moment(at).isoformat() if at else None
    for answer in keys or ():
        if not _KEYS.fullmatch(answer):
            fail(f"--keys: '{answer[:40]}' is not up to 40 of the keys 0-9 * #", WRONG_USE)
    dialled = {"from": caller, "withheld": withheld, "to": _service_number() if to is None else to, "at": when}
    talk = _talk(Dialogue(keys, json), dialled)
    try:
        last = asyncio.run(_remotely(url, key, talk) if url else _here(talk))
    except BadNumber as error:
        fail(str(error), WRONG_USE)
    except httpx.HTTPError as error:
        fail(f"{url} cannot be reached: {error}")
    if json:
        as_json({name: last[name] for name in ("call", "state", "outcome", "trace")})
    if last["state"] == "flow":
        raise typer.Exit(NO)


def _service_number() -> str | None:
    """What the test phone's page fills in: the number printed in messages first."""
    settings = settings_module.load()
    return settings.service_number or next(iter(settings.service_numbers), None)


class Dialogue:
    """What the tester sees and answers."""

    def __init__(self, keys: list[str] | None, quiet: bool) -> None:
        self._keys = iter(keys) if keys is not None else None
        self._quiet = quiet
        self._texts = 0

    def show(self, answer: Answer) -> None:
        """Print what the caller hears."""
        for text in answer["texts"][self._texts :]:
            self._say(f"  [text message, sent to nobody] {text}")
        self._texts = len(answer["texts"])
        for command in answer["commands"]:
            for prompt in command.get("prompts", ()):
                self._say(f"  {prompt['language']}  {prompt['text']}")
        if answer["commands"]:
            self._say(self._doing(answer["commands"][-1]))

    def understood(self, heard: dict[str, Any] | None) -> None:
        """Print what was made of a recording that was played."""
        match heard:
            case {"kind": "speech_heard", "readings": readings, "recogniser": recogniser}:
                said = ", ".join(f"{each['text']} ({each['weight']:.0%})" for each in readings)
                self._say(f"  [understood by {recogniser}: {said}]")
            case {"kind": "speech_lost"}:
                self._say("  [the recogniser does not answer: on with keys]")
            case {"kind": _}:
                self._say("  [nothing was heard]")
            case _:
                pass

    def trace(self, answer: Answer) -> None:
        """Print what the flow did."""
        self._say("\nWhat the flow did:")
        for entry in answer["trace"]:
            self._say(f"  {entry['step']:<18} {entry['type']:<10} {entry['note']}")

    async def next(self) -> str | None:
        """The next answer; None to hang up."""
        if self._keys is not None:
            return next(self._keys, None)
        if not self._quiet:
            sys.stdout.write("> ")
            sys.stdout.flush()
        line = await asyncio.to_thread(sys.stdin.readline)
        return None if line in ("", "h\n") else line.strip()

    def _doing(self, command: dict[str, Any]) -> str:
        match command["kind"]:
            case "ask_digits":
                return f"[asks for up to {command['max_digits']} keys: {HELP}]"
            case "record_message":
                return "[records a message: type it, or an empty line for none]"
            case "transfer":
                whisper = command["whisper"]
                to_agent = f"; only the agent hears: {whisper['text']}" if whisper else ""
                return f"[to queue '{command['queue']}'{to_agent}]"
            case _:
                return "[hangs up]"

    def _say(self, text: str) -> None:
        if not self._quiet:
            say(text)


def _talk(dialogue: Dialogue, dialled: dict[str, Any]) -> Callable[[Line], Awaitable[Answer]]:
    async def talk(line: Line) -> Answer:
        answer = await line("", dialled)
        while True:
            dialogue.show(answer)
            if answer["state"] != "flow":
                break
            said = await dialogue.next()
            if said is None:
                answer = await line(f"/{answer['call']}/hangup", {})
                break
            if said.startswith("@"):
                answer = await line(f"/{answer['call']}/speech?sequence={answer['sequence']}", _sound(said[1:]))
                dialogue.understood(answer["understood"])
            else:
                answer = await line(f"/{answer['call']}/events", _event(answer, said))
        dialogue.trace(answer)
        if answer["state"] == "queue":
            await line(f"/{answer['call']}/hangup", {})
        return answer

    return talk


def _event(answer: Answer, said: str) -> dict[str, Any]:
    event: dict[str, Any] = {"sequence": answer["sequence"]}
    if answer["commands"][-1]["kind"] == "record_message":
        return event | {"kind": "recording_ended", "text": said, "seconds": 0}
    if not said:
        return event | {"kind": "input_timed_out"}
    if set(said) <= set("0123456789*#"):
        return event | {"kind": "digits_entered", "digits": said}
    return event | {"kind": "speech_heard", "text": said}


def _sound(file: str) -> bytes:
    """A recording as telephone WAV; ends the command where it is none."""
    try:
        sound = to_telephone(read_wav(Path(file).read_bytes()))
    except OSError as error:
        fail(f"{file}: {error.strerror}", WRONG_USE)
    except WavUnreadable as error:
        fail(f"{file}: {error}", WRONG_USE)
    if len(sound) > LARGEST:
        fail(f"{file}: it is longer than an answer, {LARGEST // (2 * TELEPHONE_RATE)} seconds", WRONG_USE)
    return sound


async def _here(talk: Callable[[Line], Awaitable[Answer]]) -> Answer:
    async with assembled(settings_module.load()) as house:
        return await talk(_line_of(house))


def _line_of(house: House) -> Line:
    phone = house.test_phone
    phone.queues = None  # nobody sits at a desk of this process
    microphone = Microphone(phone, house.calls, house.ear, house.clock)

    async def line(path: str, body: dict[str, Any] | bytes) -> Answer:
        if isinstance(body, bytes):
            call_id, _, sequence = path.removeprefix("/").partition("/speech?sequence=")
            if house.ear is not None:
                await house.ear.prepare()  # nobody waits here for whom the beginning would take too long
            try:
                turn, heard = await microphone.say(call_id, int(sequence), body)
            except Refused as refused:
                fail(refused.detail.rstrip("."))
            return {**await answered(turn), "understood": understood(heard)}
        if not path:
            at = datetime.fromisoformat(body["at"]) if body["at"] else None
            ahead = at - house.clock() if at else timedelta()
            turn = await phone.dial(body["from"], withheld=body["withheld"], service_number=body["to"], ahead=ahead)
            return await answered(turn)
        call_id = path.split("/")[1]
        if path.endswith("/hangup"):
            return await answered(await phone.hang_up(call_id))
        return await answered(await phone.send(call_id, Input.model_validate(body).event(), body["sequence"]))

    async def answered(turn: Turn) -> Answer:
        return shown(turn, await house.calls.texts(turn.call_id))

    return line


async def _remotely(url: str, key: str | None, talk: Callable[[Line], Awaitable[Answer]]) -> Answer:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    async with httpx.AsyncClient(base_url=url.rstrip("/"), headers=headers, timeout=30) as client:

        async def line(path: str, body: dict[str, Any] | bytes) -> Answer:
            sent: dict[str, Any] = {"content": body} if isinstance(body, bytes) else {"json": body}
            response = await client.post(f"/testphone/calls{path}", **sent)
            if response.is_error:
                fail(f"{url} answered {_refusal(response)}")
            answer: Answer = response.json()
            return answer

        return await talk(line)


def _refusal(response: httpx.Response) -> str:
    is_json = "json" in response.headers.get("content-type", "")
    reason = (response.json().get("detail", "") if is_json else "") or response.reason_phrase
    way_out = f"; {_NEEDS_KEY}" if response.status_code == httpx.codes.UNAUTHORIZED else ""
    return f"{response.status_code}: {reason.rstrip('.')}{way_out}"
