"""The connection itself: login, state of the house, freezing, breaking, coming back, stopping."""

from __future__ import annotations

import asyncio
import time
from unittest.mock import Mock

import pytest
from structlog.testing import capture_logs

from router.agents.ami import (
    Ami,
    AmiDown,
    AmiSettings,
    Connected,
    Disconnected,
    Notice,
)
from router.agents.ami.link import Link
from tests.agents.ami import recorded
from tests.agents.ami.heard import Connect, Heard
from tests.agents.ami.peer import FULLY_BOOTED, Action, Peer, error, listing, logged_in, message, success


async def test_tells_the_state_of_the_house_after_the_login(peer: Peer, heard: Heard, start: Connect) -> None:
    peer.replies["Status"] = listing("StatusComplete", recorded.STATUS_CALLER, recorded.STATUS_LEG)
    peer.replies["QueueStatus"] = listing("QueueStatusComplete", recorded.QUEUE_MEMBER, recorded.QUEUE_ENTRY)
    ami = await start()
    snapshot = (await heard.connected()).snapshot
    assert [channel.uniqueid for channel in snapshot.channels] == ["1795372995.0", "1795372995.1"]
    assert [member.interface for member in snapshot.queue_members] == ["PJSIP/agent1"]
    assert [caller.call_id for caller in snapshot.waiting] == ["call-1"]
    assert ami.connected
    assert ami.problem is None


async def test_waits_for_an_asterisk_that_is_still_starting(peer: Peer, heard: Heard, start: Connect) -> None:
    def finish_start() -> None:
        peer.replies["QueueStatus"] = listing("QueueStatusComplete", recorded.QUEUE_MEMBER)
        peer.send(FULLY_BOOTED)

    def log_in(action: Action) -> str:
        asyncio.get_running_loop().call_later(0.1, finish_start)
        return success("Authentication accepted")(action)

    peer.replies |= {"Login": log_in, "QueueStatus": error("Invalid/unknown command: QueueStatus.")}
    await start()
    notice = await heard.next()
    assert isinstance(notice, Connected)
    assert len(notice.snapshot.queue_members) == 1


async def test_reads_the_state_again_when_the_start_took_longer(peer: Peer, heard: Heard, start: Connect) -> None:
    peer.replies["Login"] = success("Authentication accepted")
    await start(boot_timeout=0.01)
    await heard.connected()
    peer.replies["QueueStatus"] = listing("QueueStatusComplete", recorded.QUEUE_MEMBER)
    peer.send(FULLY_BOOTED)
    assert len((await heard.connected()).snapshot.queue_members) == 1
    assert peer.logins == 1


async def test_an_asterisk_without_queues_is_asked_again_soon(peer: Peer, heard: Heard, start: Connect) -> None:
    peer.replies["QueueStatus"] = error("Invalid/unknown command: QueueStatus.")
    await start()
    assert "app_queue" in await heard.disconnected()
    peer.replies["QueueStatus"] = listing("QueueStatusComplete")
    await heard.connected()


async def test_a_frozen_asterisk_is_noticed_and_left(peer: Peer, heard: Heard, start: Connect) -> None:
    peer.replies["QueueAdd"] = success("Added interface to queue")
    ami = await start(ping_interval=0.1, ping_timeout=0.2)
    await heard.connected()
    peer.frozen = True
    began = time.monotonic()
    hanging = asyncio.ensure_future(ami.queue_add("sales", "PJSIP/agent1", "Agent 1"))
    assert "did not answer Ping" in await heard.disconnected()
    assert time.monotonic() - began < 10
    assert not ami.connected
    with pytest.raises(AmiDown):
        await hanging
    peer.frozen = False
    await heard.connected()


def test_a_frozen_asterisk_is_noticed_within_ten_seconds_by_default() -> None:
    settings = AmiSettings(username="x", secret="y")
    assert settings.ping_interval + settings.ping_timeout < 10


async def test_a_wrong_password_is_named_and_not_hammered(peer: Peer, heard: Heard, start: Connect) -> None:
    peer.replies["Login"] = error("Authentication failed")
    with capture_logs() as logs:
        ami = await start(retry_refused=60)
        reason = await heard.disconnected()
    assert "Authentication failed" in reason
    assert "'threadline'" in reason
    assert "manager.conf" in reason
    assert ami.problem == reason
    assert "geheim" not in repr(logs) + reason
    assert logs[-1]["retry_in_seconds"] == 60
    assert peer.logins == 1


async def test_missing_rights_are_named(peer: Peer, heard: Heard, start: Connect) -> None:
    peer.replies["Status"] = error("Permission denied")
    await start()
    assert "write = reporting,agent" in await heard.disconnected()


async def test_a_long_outage_is_told_once(peer: Peer, heard: Heard, start: Connect) -> None:
    peer.replies["Login"] = error("Authentication failed")
    await start(retry_refused=0.01)
    assert isinstance(await heard.next(), Disconnected)
    for _ in range(4):
        await peer.until("Login")
    peer.replies["Login"] = logged_in
    assert isinstance(await heard.next(), Connected)


async def test_each_break_is_told(peer: Peer, heard: Heard, start: Connect) -> None:
    ami = await start()
    for _ in range(3):
        assert isinstance(await heard.next(), Connected)
        assert ami.connected
        peer.cut()
        assert isinstance(await heard.next(), Disconnected)


async def test_connects_once_asterisk_can_be_reached(peer: Peer, heard: Heard, start: Connect) -> None:
    await peer.shut()
    ami = await start()
    assert "No connection to 127.0.0.1" in await heard.disconnected()
    await peer.listen()
    await heard.connected()
    assert ami.connected


def test_the_pauses_between_attempts_grow_to_a_bound(heard: Heard) -> None:
    settings = AmiSettings(username="x", secret="y", retry_first=1, retry_longest=8)
    longest = Ami(settings, heard, jitter=lambda: 1.0)
    shortest = Ami(settings, heard, jitter=lambda: 0.0)
    assert [longest._retry_delay(n) for n in (1, 2, 3, 4, 5, 5000)] == [1, 2, 4, 8, 8, 8]
    assert [shortest._retry_delay(n) for n in (1, 2, 5000)] == [0.5, 1, 4]


@pytest.mark.parametrize("banner", [b"SSH-2.0-OpenSSH_9.2p1\r\n", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"A\r\n"])
async def test_something_else_at_the_port_is_recognised(
    banner: bytes, peer: Peer, heard: Heard, start: Connect
) -> None:
    peer.banner = banner
    await start()
    assert "not Asterisk's manager interface" in await heard.disconnected()


async def test_a_shutdown_of_asterisk_is_told(peer: Peer, heard: Heard, start: Connect) -> None:
    await start()
    await heard.connected()
    peer.send(message("Event: Shutdown", "Privilege: system,all", "Shutdown: Cleanly", "Restart: False"))
    assert "shutting down" in await heard.disconnected()
    await heard.connected()


async def test_stop_leaves_nothing_behind(peer: Peer, heard: Heard, start: Connect) -> None:
    before = asyncio.all_tasks()
    ami = await start(action_timeout=60)
    await heard.connected()
    waiting = asyncio.ensure_future(ami.queue_add("sales", "PJSIP/agent1", "Agent 1"))
    await peer.until("QueueAdd")
    await ami.stop()
    with pytest.raises(AmiDown):
        await waiting
    left = {task for task in asyncio.all_tasks() - before if "Ami" in repr(task.get_coro())}
    assert not left
    assert ami.problem == "Stopped"
    assert heard.notices.empty()
    await ami.stop()
    with pytest.raises(AmiDown):
        await ami.ping()


async def test_stop_while_nothing_answers(peer: Peer, heard: Heard, start: Connect) -> None:
    peer.frozen = True
    ami = await start()
    await peer.until("Login")
    await ami.stop()
    assert not ami.connected


@pytest.mark.parametrize("setting", ["ping_interval", "action_timeout", "max_waiting_events", "port"])
def test_a_setting_that_cannot_be_is_named(setting: str) -> None:
    with pytest.raises(ValueError, match=setting):
        AmiSettings(username="x", secret="y", **{setting: 0})  # type: ignore[arg-type]
    assert "geheim" not in repr(AmiSettings(username="x", secret="geheim"))


async def test_stop_waits_for_a_listener_that_still_cleans_up(peer: Peer, heard: Heard, start: Connect) -> None:
    cleaned_up = False

    async def slow(notice: Notice) -> None:
        nonlocal cleaned_up
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await asyncio.sleep(0.01)
            cleaned_up = True  # and the cancellation is swallowed

    heard.react = slow
    ami = await start()
    await heard.connected()
    async with asyncio.timeout(60):
        await ami.stop()
    assert cleaned_up


async def test_the_listener_cannot_stop_its_own_connection(peer: Peer, heard: Heard, start: Connect) -> None:
    ami = await start()
    refusal: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def stop(notice: Notice) -> None:
        try:
            await ami.stop()
        except RuntimeError as error:
            refusal.set_result(str(error))

    heard.react = stop
    async with asyncio.timeout(60):
        assert "cannot stop" in await refusal
    with pytest.raises(RuntimeError, match="already started"):
        await ami.start()


async def test_a_connection_given_up_does_not_wait_for_the_peer_to_read() -> None:
    transport = Mock(spec=asyncio.Transport)
    link = Link(lambda headers: None)
    link.connection_made(transport)
    link.drop("frozen")
    link.drop("again")
    transport.abort.assert_called_once_with()
    transport.close.assert_not_called()
    assert link.lost.result() == "frozen"
