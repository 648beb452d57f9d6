"""Events on their way to the listener: whole, in order, none lost without a word."""

from __future__ import annotations

import asyncio
import gc
import logging

import pytest
from structlog.testing import capture_logs

from router.agents.ami import (
    AgentCalled,
    Connected,
    Disconnected,
    Hangup,
    Notice,
    QueueCallerJoin,
)
from router.agents.ami.link import MAX_MESSAGE
from tests.agents.ami import recorded
from tests.agents.ami.heard import Connect, Heard
from tests.agents.ami.peer import Peer, listing, message
from tests.agents.ami.recorded import wire


def joined(number: int) -> str:
    return wire(recorded.JOIN.replace("Uniqueid: 1795372995.0", f"Uniqueid: {number}.0"))


async def test_events_that_arrive_during_the_login_come_after_the_snapshot(
    peer: Peer, heard: Heard, start: Connect
) -> None:
    empty = listing("StatusComplete")
    peer.replies["Status"] = lambda action: wire(recorded.JOIN) + empty(action) + wire(recorded.HANGUP)
    await start()
    assert isinstance(await heard.next(), Connected)
    assert isinstance(await heard.next(), QueueCallerJoin)
    assert isinstance(await heard.next(), Hangup)


async def test_a_character_cut_in_two_by_the_network_survives(peer: Peer, heard: Heard, start: Connect) -> None:
    await start()
    await heard.connected()
    event = wire(recorded.AGENT_CALLED.replace("Queue: sales", "Queue: Müller")).encode()
    cut = event.index("Queue: Mü".encode()) + len(b"Queue: M") + 1  # between the two bytes of the ü
    await peer.send_slowly(event[:cut], event[cut:-3], event[-3:])
    called = await heard.next()
    assert isinstance(called, AgentCalled)
    assert called.queue == "Müller"


async def test_events_come_in_order_even_when_the_listener_waits(peer: Peer, heard: Heard, start: Connect) -> None:
    async def dawdle(notice: Notice) -> None:
        if isinstance(notice, QueueCallerJoin):
            await asyncio.sleep(0.001 * (int(float(notice.uniqueid)) % 3))

    await start()
    await heard.connected()
    heard.react = dawdle
    peer.send("".join(joined(number) for number in range(100)))
    told = [await heard.next() for _ in range(100)]
    assert [int(float(event.uniqueid)) for event in told if isinstance(event, QueueCallerJoin)] == list(range(100))


async def test_a_call_that_takes_long_holds_up_no_other_one(peer: Peer, heard: Heard, start: Connect) -> None:
    release = asyncio.Event()

    async def stuck(notice: Notice) -> None:
        if isinstance(notice, AgentCalled) and notice.call_id == "call-1":
            await release.wait()

    await start()
    await heard.connected()
    heard.react = stuck
    other = recorded.AGENT_CALLED.replace("call-1", "call-2")
    peer.send(wire(recorded.AGENT_CALLED) + wire(recorded.JOIN) + wire(other))
    told = [await heard.next(), await heard.next()]
    assert [getattr(notice, "call_id", None) for notice in told] == ["call-1", "call-2"]
    peer.cut()  # what the connection tells of itself comes after everything before it
    assert heard.notices.empty()
    release.set()
    assert isinstance(await heard.next(), QueueCallerJoin)
    assert isinstance(await heard.next(), Disconnected)


async def test_more_events_than_the_listener_takes_lead_to_a_new_snapshot(
    peer: Peer, heard: Heard, start: Connect
) -> None:
    release = asyncio.Event()

    async def stuck(notice: Notice) -> None:
        if isinstance(notice, QueueCallerJoin):
            await release.wait()

    await start(max_waiting_events=10)
    await heard.connected()
    heard.react = stuck
    peer.send(joined(0))
    assert isinstance(await heard.next(), QueueCallerJoin)
    peer.send("".join(joined(number) for number in range(1, 100)))
    peer.replies["QueueStatus"] = listing("QueueStatusComplete", recorded.QUEUE_MEMBER)
    await peer.until("Login")
    await peer.until("Login")
    release.set()
    notice = await heard.next()  # not one of those that waited: they are outdated
    assert isinstance(notice, Disconnected)
    assert "faster than they could be handled" in notice.reason
    assert len((await heard.connected()).snapshot.queue_members) == 1
    assert peer.logins == 2


async def test_a_failing_listener_is_logged_and_hears_the_next_event(peer: Peer, heard: Heard, start: Connect) -> None:
    async def fail(notice: Notice) -> None:
        if isinstance(notice, AgentCalled):
            raise RuntimeError("the database is gone")
        if isinstance(notice, QueueCallerJoin):
            raise asyncio.CancelledError  # as when something it waited for was cancelled

    await start()
    await heard.connected()
    heard.react = fail
    with capture_logs() as logs:
        peer.send(wire(recorded.AGENT_CALLED) + wire(recorded.JOIN) + wire(recorded.HANGUP))
        assert isinstance(await heard.next(), AgentCalled)
        assert isinstance(await heard.next(), QueueCallerJoin)
        assert isinstance(await heard.next(), Hangup)
    failures = [entry for entry in logs if entry["event"] == "ami.listener_failed"]
    assert [(entry["notice"], entry["call_id"]) for entry in failures] == [
        ("AgentCalled", "call-1"),
        ("QueueCallerJoin", "call-1"),
    ]


async def test_a_listener_that_hangs_does_not_stop_the_events(peer: Peer, heard: Heard, start: Connect) -> None:
    async def hang(notice: Notice) -> None:
        if isinstance(notice, AgentCalled):
            await asyncio.Event().wait()

    await start(listener_timeout=0.05)
    await heard.connected()
    heard.react = hang
    peer.send(wire(recorded.AGENT_CALLED) + wire(recorded.HANGUP))
    assert isinstance(await heard.next(), AgentCalled)
    assert isinstance(await heard.next(), Hangup)


async def test_a_malformed_event_is_passed_over_and_logged(peer: Peer, heard: Heard, start: Connect) -> None:
    await start()
    await heard.connected()
    with capture_logs() as logs:
        forged = wire(recorded.HANGUP.replace("Linkedid:", "Uniqueid: 9.9\nLinkedid:"))
        twice = message("Event: Hangup", "Event: AgentCalled", "Uniqueid: 1.0")
        ours = message("Event: Hangup", "ActionID: a", "ActionID: b", "Uniqueid: 1.0")
        peer.send(forged + twice + ours + wire(recorded.JOIN))
        assert isinstance(await heard.next(), QueueCallerJoin)
    assert [entry["event"] for entry in logs] == ["ami.event_dropped", "ami.message_dropped", "ami.message_dropped"]
    assert "493012345" not in repr(logs)


async def test_a_message_without_end_is_cut_off(peer: Peer, heard: Heard, start: Connect) -> None:
    await start()
    await heard.connected()
    peer.send(b"Event: Hangup\r\n" + b"X: y\r\n" * (MAX_MESSAGE // 6))
    assert "more than" in await heard.disconnected()
    await heard.connected()


async def test_no_log_holds_the_secret_or_a_callers_number(
    peer: Peer, heard: Heard, start: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with capture_logs() as logs:
        await start()
        await heard.connected()
        peer.send(wire(recorded.AGENT_CALLED) + wire(recorded.HANGUP))
        await heard.next()
        await heard.next()
        peer.cut()
        await heard.disconnected()
        await heard.connected()
    gc.collect()
    assert "geheim" not in caplog.text + repr(logs)
    assert "493012345" not in caplog.text + repr(logs)
