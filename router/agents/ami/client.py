"""The one way to Asterisk's manager interface: stays connected, tells what happens, and does what agents ask for."""

from __future__ import annotations

import asyncio
import contextlib
import random
import re
import ssl
from collections.abc import Callable

import structlog

from router.agents.ami.delivery import Delivery, Listener
from router.agents.ami.errors import AmiDown, AmiRefused
from router.agents.ami.events import AmiEvent, Connected, Disconnected
from router.agents.ami.link import Link
from router.agents.ami.parsing import CALL_VARIABLE, Headers, UnreadableEvent, parse_event, parse_snapshot
from router.agents.ami.settings import AmiSettings

log = structlog.get_logger(__name__)

_EVENTS = "system,call,agent"
_NAME = re.compile(r"[A-Za-z0-9._-]{0,80}")
_OVERFLOW = "Events came faster than they could be handled"


class Ami:
    """Keeps one connection to Asterisk and tells `on_event`, in order, what happens there.

    The listener gets `Connected` with a snapshot after every login, then events, then `Disconnected` when the
    connection is gone (also when none comes about; again only when the reason changes). It may use the methods here,
    but not `stop`. Events it has no time for are not left out quietly: beyond `max_waiting_events` the connection is
    given up and begun anew with a fresh snapshot. `jitter` gives a number in [0, 1).

    One that does not `hears` is connected to act alone: Asterisk sends it no events, and the listener is told nothing
    until `hear` turns them on, which begins with a snapshot, too. `on_name` is told Asterisk's system name after each
    login (empty: it has none), and may raise `AmiRefused`: we do not want to work with that one.
    """

    def __init__(
        self,
        settings: AmiSettings,
        on_event: Listener,
        *,
        hears: bool = True,
        on_name: Callable[[str], None] | None = None,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._settings = settings
        self._jitter = jitter
        self._hears = hears
        self._on_name = on_name
        self._delivery = Delivery(on_event, settings.max_waiting_events, settings.listener_timeout)
        self._tasks: set[asyncio.Task[None]] = set()
        self._opened: Link | None = None
        self._link: Link | None = None  # the opened one, from the login and snapshot on
        self._held: list[AmiEvent] | None = None  # events that wait until the snapshot is told
        self._booted = asyncio.Event()
        self._wake = asyncio.Event()  # the connection is lost, or its snapshot outdated
        self._problem: str | None = "Not started"
        self.name = f"{settings.host}:{settings.port}"
        """Which Asterisk it is, for people."""
        self.times_connected = 0

    @property
    def connected(self) -> bool:
        """True while logged in and, where events are told, in step with Asterisk."""
        return self._link is not None and not self._link.lost.done()

    @property
    def problem(self) -> str | None:
        """Why there is no connection, in words for people; None while there is one."""
        return None if self.connected else self._problem

    async def start(self) -> None:
        """Begin to connect, and go on until `stop`; does not wait for the connection."""
        if self._tasks:
            raise RuntimeError("already started")
        self._problem = "Connecting"
        self._tasks = {
            asyncio.create_task(self._stay_connected(), name="ami"),
            asyncio.create_task(self._delivery.run(), name="ami-delivery"),
        }

    async def stop(self) -> None:
        """Close the connection and end every task; the listener is not called again once this returns."""
        if asyncio.current_task() in self._tasks:
            raise RuntimeError("the listener cannot stop its own connection")
        tasks, self._tasks = self._tasks, set()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._problem = "Stopped"

    async def queue_add(
        self, queue: str, interface: str, member_name: str, penalty: int = 0, paused: bool = False
    ) -> None:
        """Make a phone a member of a queue; one that is already there gets the wanted penalty and pause.

        Raises AmiDown, AmiRefused (no such queue).
        """
        member = {"Queue": queue, "Interface": interface}
        state = {"Penalty": str(penalty), "Paused": _flag(paused)}
        try:
            await self._act("QueueAdd", {**member, **state, "MemberName": member_name})
        except AmiRefused as error:
            if "already there" not in error.message.lower():
                raise
            await self._act("QueuePenalty", {**member, "Penalty": state["Penalty"]})
            await self._act("QueuePause", {**member, "Paused": state["Paused"]})

    async def queue_remove(self, queue: str, interface: str) -> None:
        """Take a phone out of a queue; one that is not there is fine. Raises AmiDown, AmiRefused (no such queue)."""
        try:
            await self._act("QueueRemove", {"Queue": queue, "Interface": interface})
        except AmiRefused as error:
            if "not there" not in error.message.lower():
                raise

    async def queue_pause(self, interface: str, paused: bool, reason: str, queue: str | None = None) -> None:
        """Pause a phone or make it ready, in one queue or in all of which it is a member.

        Raises AmiDown, AmiRefused (the phone is in no queue).
        """
        fields = {"Interface": interface, "Paused": _flag(paused), "Reason": reason}
        await self._act("QueuePause", fields if queue is None else {**fields, "Queue": queue})

    async def reload_queues(self) -> None:
        """Have Asterisk read its queues anew; members and waiting callers stay. A fresh snapshot is told after it.

        Raises AmiDown, AmiRefused.
        """
        await self._act("QueueReload", {"Parameters": "yes"})
        self.look_anew()

    def look_anew(self) -> None:
        """Have a fresh snapshot told soon, for a listener that has missed something."""
        self._wake.set()

    def hear(self, hears: bool) -> None:
        """Have events told from now on, beginning with a snapshot, or not any more, at once."""
        if hears != self._hears:
            self._hears = hears
            self._held = [] if hears else None
            self._wake.set()

    async def set_variable(self, channel: str, name: str, value: str) -> None:
        """Set a variable of a channel. Raises AmiDown, AmiRefused (no such channel)."""
        await self._act("Setvar", {"Channel": channel, "Variable": name, "Value": value})

    async def hang_up(self, channel: str) -> None:
        """End a channel, as if its phone had hung up. Raises AmiDown, AmiRefused (no such channel)."""
        await self._act("Hangup", {"Channel": channel, "Cause": "16"})

    async def ping(self) -> float:
        """Return the seconds Asterisk took to answer. Raises AmiDown."""
        clock = asyncio.get_running_loop().time
        start = clock()
        await self._act("Ping", {})
        return clock() - start

    async def clock(self) -> float | None:
        """What time it is for Asterisk, in seconds since 1970; None where it does not say. Raises AmiDown."""
        if self._link is None:
            raise AmiDown(f"Asterisk is not connected ({self._problem or 'connection lost'})")
        (answer,) = await self._link.request("Ping", {}, within=self._settings.action_timeout)
        told = str(answer.get("timestamp", ""))
        return float(told) if re.fullmatch(r"\d{1,12}(\.\d{1,9})?", told) else None

    async def _act(self, name: str, fields: dict[str, str]) -> None:
        # No queueing while disconnected: an action done late may be worse than one not done.
        if self._link is None:
            raise AmiDown(f"Asterisk is not connected ({self._problem or 'connection lost'})")
        await self._link.request(name, fields, within=self._settings.action_timeout)

    # The connection ---------------------------------------------------------------------------------------------

    async def _stay_connected(self) -> None:
        """Hold sessions one after the other, with growing pauses while they fail."""
        clock = asyncio.get_running_loop().time
        failures = 0
        while True:
            start = clock()
            try:
                reason, refused = await self._hold_session(), False
            except AmiRefused as error:
                reason, refused = error.message, True
            except (AmiDown, OSError, TimeoutError) as error:
                reason, refused = str(error) or type(error).__name__, False
            except Exception as error:
                log.exception("ami.session_failed")
                reason, refused = f"Unexpected {type(error).__name__}", False
            failures = 1 if clock() - start > self._settings.retry_longest else failures + 1
            delay = self._settings.retry_refused if refused else self._retry_delay(failures)
            self._report_down(reason, delay)
            await asyncio.sleep(delay)

    def _retry_delay(self, failures: int) -> float:
        longest = min(self._settings.retry_first * 2.0 ** min(failures - 1, 16), self._settings.retry_longest)
        return longest * (0.5 + self._jitter() / 2)

    def _report_down(self, reason: str, delay: float) -> None:
        log.warning("ami.disconnected", reason=reason, retry_in_seconds=round(delay, 1))
        if reason != self._problem:
            self._problem = reason
            self._delivery.put_state(Disconnected(reason))

    async def _hold_session(self) -> str:
        """Connect, log in, get in step, and stay until the connection is lost; return why it was."""
        self._held = []
        self._booted.clear()
        link = await self._open()
        try:
            self._opened = link
            hears = self._hears
            await self._log_in(link, hears)
            await self._ask_name(link)
            if hears:
                await self._await_boot(link)
                await self._synchronise(link)
            else:
                self._now_connected(link)
            return await self._watch(link, hears)
        finally:
            self._opened = self._link = self._held = None
            link.close()

    async def _open(self) -> Link:
        settings = self._settings
        context = ssl.create_default_context(cafile=settings.tls_ca_file) if settings.tls else None
        loop = asyncio.get_running_loop()
        link = Link(self._on_message)
        try:
            async with asyncio.timeout(settings.connect_timeout):
                await loop.create_connection(lambda: link, settings.host, settings.port, ssl=context)
        except TimeoutError:
            raise AmiDown(
                f"No connection to {settings.host}:{settings.port} in {settings.connect_timeout:g} s"
            ) from None
        except OSError as error:
            raise AmiDown(f"No connection to {settings.host}:{settings.port}: {error}") from error
        return link

    async def _log_in(self, link: Link, hears: bool) -> None:
        settings = self._settings
        events = _EVENTS if hears else "off"
        login = {"Username": settings.username, "Secret": settings.secret, "Events": events}
        try:
            await link.request("Login", login, within=settings.login_timeout)
        except AmiRefused as error:
            if "shutting down" in error.message.lower():
                raise AmiDown(error.message) from error  # it may be back in a moment
            raise AmiRefused(
                f"Asterisk refused the login as {settings.username!r}: {error.message}. "
                "User, secret, permit/deny in manager.conf and the settings must agree"
            ) from error

    async def _ask_name(self, link: Link) -> None:
        if self._on_name is None:
            return
        answer = await link.request("CoreSettings", {}, within=self._settings.action_timeout)
        name = answer[0].get("systemname", "")
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise AmiRefused(
                "Asterisk's system name (systemname in asterisk.conf) is not made of letters, digits, . _ -"
            )
        self._on_name(name)

    async def _await_boot(self, link: Link) -> None:
        """Wait for FullyBooted: until then Asterisk logs us in, but has not yet loaded its queues."""
        link.lost.add_done_callback(lambda _: self._booted.set())
        try:
            async with asyncio.timeout(self._settings.boot_timeout):
                await self._booted.wait()
        except TimeoutError:
            log.warning("ami.not_fully_booted", advice="the user in manager.conf needs read = system,call,agent")

    async def _synchronise(self, link: Link) -> None:
        """Read the state of the house and tell it before any event that came in the meantime."""
        self._held = self._held or []
        self._wake.clear()
        asked_at = asyncio.get_running_loop().time()
        # Status also lists what CoreShowChannels does, and answers with the variable whatever manager.conf says.
        status = await self._list(link, "Status", {"Variables": CALL_VARIABLE})
        queues = await self._list(link, "QueueStatus", {})
        snapshot = parse_snapshot(status, queues, lambda error: log.warning("ami.entry_skipped", reason=str(error)))
        if not self._hears:  # any more
            self._now_connected(link)
            return
        held, self._held = self._held or [], None
        self._now_connected(link)
        self._delivery.put_state(Connected(snapshot, asked_at))
        for event in held:
            self._deliver(link, event)
        log.info("ami.connected", channels=len(snapshot.channels), members=len(snapshot.queue_members))

    def _now_connected(self, link: Link) -> None:
        if self._link is not link:
            self.times_connected += 1
        self._link, self._problem = link, None

    async def _list(self, link: Link, name: str, fields: dict[str, str]) -> list[Headers]:
        try:
            return await link.request(name, fields, within=self._settings.sync_timeout, listing=True)
        except AmiRefused as error:
            reason = f"Asterisk refused {name}: {error.message.rstrip('.')}. "
            if "permission" in error.message.lower():
                raise AmiRefused(f"{reason}The user in manager.conf needs write = reporting,agent") from error
            # Not known yet (still loading) or not at all; worth another try soon.
            raise AmiDown(f"{reason}Is app_queue loaded?") from error

    async def _watch(self, link: Link, heard: bool) -> str:
        """Ask again and again whether Asterisk is alive, and turn events on and off; return why the connection was
        lost. `heard` says whether they are on."""
        link.lost.add_done_callback(lambda _: self._wake.set())
        while not link.lost.done():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._settings.ping_interval):
                    await self._wake.wait()
            # First of all: for an answer as long as that of a snapshot a peer that has frozen is waited for longer.
            await link.request("Ping", {}, within=self._settings.ping_timeout)
            if (self._wake.is_set() or heard != self._hears) and not link.lost.done():
                self._wake.clear()
                if heard != self._hears:
                    heard = self._hears
                    await link.request(
                        "Events", {"EventMask": _EVENTS if heard else "off"}, within=self._settings.action_timeout
                    )
                if self._hears:
                    await self._synchronise(link)
        return link.lost.result()

    def _on_message(self, headers: Headers) -> None:
        link = self._opened
        if link is None:
            return
        if headers.get("event") == "FullyBooted":
            self._booted.set()
            if self._hears and self.connected:  # it took longer than we waited: the snapshot was taken too early
                self._wake.set()
            return
        try:
            event = parse_event(headers)
        except UnreadableEvent as error:
            log.warning("ami.event_dropped", event_name=headers.get("event"), reason=str(error))
            return
        if event is None or not self._hears:
            return
        if self._held is None:
            self._deliver(link, event)
        elif len(self._held) < self._settings.max_waiting_events:
            self._held.append(event)
        else:
            link.drop(_OVERFLOW)

    def _deliver(self, link: Link, event: AmiEvent) -> None:
        if not link.lost.done() and not self._delivery.put_event(event):
            link.drop(_OVERFLOW)


def _flag(value: bool) -> str:
    return "true" if value else "false"
