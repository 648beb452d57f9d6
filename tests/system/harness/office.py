"""A company at work: the router with its own database, people with passwords, a key for the CRM, messages sent.

Everything comes about as at a real one: people and keys by the command line, messages over HTTP.
"""

from __future__ import annotations

import json
import secrets
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser

from tests.shipped import without_wrap_up
from tests.system.harness.asterisk import Asterisk
from tests.system.harness.caller import Caller
from tests.system.harness.desk import Desk
from tests.system.harness.router import PROJECT, Router
from tests.system.harness.waiting import until

# From the range the Bundesnetzagentur keeps for fiction.
HOTLINE = "+493023125001"
QUICK = "+493023125002"
STRAIGHT = "+493023125003"
MENU = "+493023125004"
EVERY_STEP = "+493023125005"
UNANSWERED = "+493023125006"
SPOKEN = "+493023125007"
WHISPERING = "+493023125008"
TELLING = "+493023125009"
CALLING_BACK = "+493023125020"
_FLOW_OF = {
    HOTLINE: "hotline",
    QUICK: "quick",
    STRAIGHT: "straight",
    MENU: "menu",
    EVERY_STEP: "every_step",
    UNANSWERED: "unanswered",
    SPOKEN: "spoken",
    WHISPERING: "whispering",
    TELLING: "telling",
    CALLING_BACK: "calling_back",
}
PEOPLE = {"anna": ("Anna Beispiel", "101"), "bert": ("Bert Muster", "102")}
"""Login: name and phone."""
_FLOWS = Path(__file__).resolve().parent.parent / "flows"
_OFFICE_HOURS = 'mon-fri: ["08:00-20:00"]\n      sat: ["09:00-16:00"]'


@dataclass(frozen=True, slots=True)
class Blueprint:
    """A database with people and a key in it, from which every office is made: making it takes seconds."""

    directory: Path
    password: str
    key: str
    settings: dict[str, str]

    @classmethod
    def draw(cls, asterisk: Asterisk, directory: Path) -> Blueprint:
        flows = directory / "flows"
        shutil.copytree(_FLOWS, flows)
        shutil.copy(PROJECT / "ivr_flows" / "hotline.yaml", flows)
        shutil.copytree(PROJECT / "ivr_flows" / "shared", flows / "shared", dirs_exist_ok=True)
        without_wrap_up(flows / "shared" / "queues.yaml")
        hours = flows / "shared" / "hours.yaml"
        hours.write_text(_always_open(hours.read_text()))
        password = secrets.token_urlsafe(12)
        settings = {
            "SECRET": secrets.token_hex(32),
            "FLOWS": str(flows),
            "FLOW": "quick",
            "SERVICE_NUMBER": QUICK,
            "SERVICE_NUMBERS": json.dumps(_FLOW_OF),
            "DATA_DIR": str(directory / "data"),  # prompts are made once for all offices
        }
        router = Router(asterisk, directory, **settings)

        def add(login: str) -> None:
            queues = ["--queue", "default", "--queue", "sales"]
            name = PEOPLE[login][0]
            router.command("people", "add", login, "--name", name, *queues, said=f"{password}\n{password}\n")

        first, *others = PEOPLE
        add(first)  # makes the database, too
        with ThreadPoolExecutor() as aside:  # each command takes seconds to start
            key = aside.submit(router.command, "keys", "create", "--scope", "messages:write", "--scope", "calls:read")
            list(aside.map(add, others))
        return cls(directory, password, key.result().strip(), settings)

    def build(self, asterisk: Asterisk, directory: Path, **settings: str) -> Office:
        """An office of its own after this; ``settings`` differ."""
        router = Router(asterisk, directory, **{**self.settings, **settings})
        shutil.copy(self.directory / "threadline.db", directory / "threadline.db")
        return Office(router, self)


def _always_open(hours: str) -> str:
    """The hotline's hours as we ship them, but open at any time a test may run."""
    opened = hours.replace(_OFFICE_HOURS, 'mon-sun: ["00:00-24:00"]').replace("    holidays: DE\n", "")
    if opened == hours or "holidays" in opened:
        raise RuntimeError("ivr_flows/shared/hours.yaml has other office hours than the tests expect")
    return opened


class Office:
    """`open` it, then `register` messages, and have people `sign_in`."""

    def __init__(self, router: Router, blueprint: Blueprint) -> None:
        self.router = router
        self._blueprint = blueprint
        self._offers_end = (datetime.now(UTC) + timedelta(days=7)).isoformat()

    def open(self) -> Office:
        """Starts the router where it is not running; returns when it takes calls and follows Asterisk."""
        if not self.router.running:
            self.router.start()
        until(lambda: self.router.metric("threadline_ami_connected") == 1, 60, "router connected to AMI", every=0.05)
        return self

    def close(self) -> None:
        self.router.stop()

    def register(self, title: str, phone: str | None, **more: Any) -> dict[str, Any]:
        """Tells of a message that was sent; returns its callback code and the like."""
        registration = {
            "channel": "sms",
            "to": {"phone": phone},
            "offer": {"title": title, "queue": "sales", "valid_until": self._offers_end},
            "body": f"Ihr Angebot: {title}",
            **more,
        }
        answer: dict[str, Any] = self.router.request(
            "POST", "/v1/messages", registration, Authorization=f"Bearer {self._blueprint.key}"
        )
        return answer

    def call(self, call_id: str) -> dict[str, Any]:
        """What `/v1/calls` tells of a call."""
        answer: dict[str, Any] = self.router.request(
            "GET", f"/v1/calls/{call_id}", Authorization=f"Bearer {self._blueprint.key}"
        )
        return answer

    def talk(self) -> str | None:
        """Where the talk about a number stands in the latest call of a flow whose `match` is called ``recognise``."""
        query = "select json_extract(session, '$.asked.recognise.talk.stage') from calls order by started_at desc"
        ((found,), *_) = self.router.rows(query)
        return str(found) if found else None

    def reads_back(self, caller: Caller) -> float:
        """Waits until the latest call, ``caller``'s, hears the number again that was said; returns the moment."""
        until(lambda: self.talk() == "confirm", 20, "a number is read back")
        return caller.hears(time.monotonic())

    def sign_in(self, browser: Browser, login: str) -> Desk:
        """A person's desk, in a browser profile of its own."""
        return Desk(browser, self.router.url).sign_in(login, self._blueprint.password)

    def at_rest(self, within: float = 10) -> None:
        """Waits until no call is open: no session, no card, no AGI connection. Raises TimeoutError that names it."""
        try:
            until(lambda: not self._open(), within, "office at rest", every=0.05)
        except TimeoutError as error:
            raise TimeoutError(f"{error}; still open: {self._open()}") from None

    def _open(self) -> list[Any]:
        calls = self.router.rows("select id, state, sequence from calls where state != 'ended' or ended_at is null")
        cards = self.router.rows("select call_key, state from cards where state != 'gone' or gone_at is null")
        connections = self.router.metric("threadline_agi_connections_open")
        return [*calls, *cards, *([f"{connections:g} AGI connections"] if connections else [])]

    @property
    def tasks(self) -> float:
        """Tasks of the router's event loop, the one that answers this included."""
        return self.router.metric("threadline_tasks")
