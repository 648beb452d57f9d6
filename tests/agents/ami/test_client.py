"""The connection to Asterisk as its users notice it, above all when things go wrong."""

from __future__ import annotations

import asyncio
import gc
import logging
import time

import pytest
from structlog.testing import capture_logs

from router.agents.ami import (
    AgentCalled,
    Ami,
    AmiDown,
    AmiRefused,
    AmiSettings,
    Connected,
    Disconnected,
    Hangup,
    Notice,
    QueueCallerJoin,
)
from router.agents.ami.link import MAX_MESSAGE
from tests.agents.ami import recorded
from tests.agents.ami.conftest import Connect, Heard
from tests.agents.ami.peer import Peer, error, listing, message, success
from tests.agents.ami.recorded import wire


async def connected(heard: Heard) -> Connected:
    """Wait until the listener hears of a connection, passing over how it came there."""
    while not isinstance(notice := await heard.next(), Connected):
        assert isinstance(notice, Disconnected)
    return notice


async def disconnected(heard: Heard) -> str:
    while not isinstance(notice := await heard.next(), Disconnected):
        pass
    return notice.reason


def joined(number: int) -> str:
    return wire(recorded.JOIN.replace("Uniqueid: 1795372995.0", f"Uniqueid: {number}.0"))


async def test_tells_the_state_of_the_house_after_the_login(peer: Peer, heard: Heard, start: Connect) -> None:
    peer.replies["Status"] = listing("StatusComplete", recorded.STATUS_CALLER, recorded.STATUS_LEG)
    peer.replies["QueueStatus"] = listing("QueueStatusComplete", recorded.QUEUE_MEMBER, recorded.QUEUE_ENTRY)
    ami = await start()
    snapshot = (await connected(heard)).snapshot
    assert [channel.uniqueid for channel in snapshot.channels] == ["1795372995.0", "1795372995.1"]
    assert [member.interface for member in snapshot.queue_members] == ["PJSIP/agent1"]
    assert [caller.call_id for caller in snapshot.waiting] == ["call-1"]
    assert ami.connected
    assert ami.problem is None


async def test_events_that_arrive_during_the_login_come_after_the_snapshot(
    peer: Peer, heard: Heard, start: Connect
) -> None:
    empty = listing("StatusComplete")
    peer.replies["Status"] = lambda action: wire(recorded.JOIN) + empty(action) + wire(recorded.HANGUP)
    await start()
    assert isinstance(await heard.next(), Connected)
    assert isinstance(await heard.next(), QueueCallerJoin)
    assert isinstance(await heard.next(), Hangup)


async def test_reads_the_state_again_when_asterisk_was_still_starting(peer: Peer, heard: Heard, start: Connect) -> None:
    await start()
    await connected(heard)
    peer.replies["QueueStatus"] = listing("QueueStatusComplete", recorded.QUEUE_MEMBER)
    peer.send(message("Event: FullyBooted", "Privilege: system,all", "Status: Fully Booted"))
    assert len((await connected(heard)).snapshot.queue_members) == 1
    assert peer.logins == 1


async def test_line_breaks_in_values_inject_no_header(peer: Peer, heard: Heard, start: Connect) -> None:
    peer.replies["QueueAdd"] = success("Added interface to queue")
    ami = await start()
    await connected(heard)
    await ami.queue_add("sales\r\n\r\nAction: Logoff", "PJSIP/agent1\0", "Müller\nPaused: true\r\nX: y")
    sent = await peer.until("QueueAdd")
    assert sent["Queue"] == "salesAction: Logoff"
    assert sent["Interface"] == "PJSIP/agent1"
    assert sent["MemberName"] == "MüllerPaused: trueX: y"
    assert "X" not in sent
    assert sent["Paused"] == "false"
    await ami.ping()
    assert "Logoff" not in peer.names()


async def test_a_value_longer_than_asterisk_reads_is_not_sent(peer: Peer, heard: Heard, start: Connect) -> None:
    ami = await start()
    await connected(heard)
    with pytest.raises(AmiRefused, match="MemberName"):
        await ami.queue_add("sales", "PJSIP/agent1", "x" * 2000 + "Action: Logoff")
    await ami.ping()
    assert "QueueAdd" not in peer.names()


async def test_a_character_cut_in_two_by_the_network_survives(peer: Peer, heard: Heard, start: Connect) -> None:
    await start()
    await connected(heard)
    event = wire(recorded.AGENT_CALLED.replace("Queue: sales", "Queue: Müller")).encode()
    cut = event.index("Queue: Mü".encode()) + len(b"Queue: M") + 1  # between the two bytes of the ü
    await peer.send_slowly(event[:cut], event[cut:-3], event[-3:])
    called = await heard.next()
    assert isinstance(called, AgentCalled)
    assert called.queue == "Müller"


async def test_a_frozen_asterisk_is_noticed_and_left(peer: Peer, heard: Heard, start: Connect) -> None:
    peer.replies["QueueAdd"] = success("Added interface to queue")
    ami = await start(ping_interval=0.1, ping_timeout=0.2)
    await connected(heard)
    peer.frozen = True
    began = time.monotonic()
    hanging = asyncio.ensure_future(ami.queue_add("sales", "PJSIP/agent1", "Agent 1"))
    assert "did not answer Ping" in await disconnected(heard)
    assert time.monotonic() - began < 1
    assert not ami.connected
    with pytest.raises(AmiDown):
        await hanging
    peer.frozen = False
    await connected(heard)


def test_a_frozen_asterisk_is_noticed_within_ten_seconds_by_default() -> None:
    settings = AmiSettings(username="x", secret="y")
    assert settings.ping_interval + settings.ping_timeout < 10


async def test_actions_are_never_sent_again_after_a_reconnect(peer: Peer, heard: Heard, start: Connect) -> None:
    ami = await start()
    await connected(heard)
    waiting = asyncio.ensure_future(ami.queue_add("sales", "PJSIP/agent1", "Agent 1"))  # gets no answer
    await peer.until("QueueAdd")
    peer.cut()
    with pytest.raises(AmiDown):
        await waiting
    await connected(heard)
    peer.send(message("Event: FullyBooted", "Privilege: system,all", "Status: Fully Booted"))
    await connected(heard)
    await ami.ping()
    assert peer.names().count("QueueAdd") == 1


async def test_an_action_while_disconnected_fails_at_once(peer: Peer, heard: Heard, start: Connect) -> None:
    ami = await start()
    await connected(heard)
    await peer.shut()
    await disconnected(heard)
    began = time.monotonic()
    with pytest.raises(AmiDown, match="not connected"):
        await ami.queue_pause("PJSIP/agent1", True, "lunch")
    assert time.monotonic() - began < 0.1
    await peer.listen()
    await connected(heard)
    await ami.ping()
    assert "QueuePause" not in peer.names()


async def test_an_action_without_an_answer_ends(peer: Peer, heard: Heard, start: Connect) -> None:
    ami = await start(action_timeout=0.05)
    await connected(heard)
    with pytest.raises(AmiDown, match=r"QueueRemove within 0\.05 s"):
        await ami.queue_remove("sales", "PJSIP/agent1")
    assert ami.connected


async def test_a_wrong_password_is_named_and_not_hammered(peer: Peer, heard: Heard, start: Connect) -> None:
    peer.replies["Login"] = error("Authentication failed")
    with capture_logs() as logs:
        ami = await start(retry_refused=60)
        reason = await disconnected(heard)
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
    assert "write = reporting,agent" in await disconnected(heard)


async def test_a_long_outage_is_told_once(peer: Peer, heard: Heard, start: Connect) -> None:
    await peer.shut()
    ami = await start(retry_longest=0.01)
    assert "No connection to 127.0.0.1" in await disconnected(heard)
    await peer.listen()
    assert isinstance(await heard.next(), Connected)
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
    assert "not Asterisk's manager interface" in await disconnected(heard)


async def test_events_come_in_order_even_when_the_listener_waits(peer: Peer, heard: Heard, start: Connect) -> None:
    async def dawdle(notice: Notice) -> None:
        if isinstance(notice, QueueCallerJoin):
            await asyncio.sleep(0.001 * (int(float(notice.uniqueid)) % 3))

    await start()
    await connected(heard)
    heard.react = dawdle
    peer.send("".join(joined(number) for number in range(100)))
    told = [await heard.next() for _ in range(100)]
    assert [int(float(event.uniqueid)) for event in told if isinstance(event, QueueCallerJoin)] == list(range(100))


async def test_more_events_than_the_listener_takes_lead_to_a_new_snapshot(
    peer: Peer, heard: Heard, start: Connect
) -> None:
    release = asyncio.Event()

    async def stuck(notice: Notice) -> None:
        if isinstance(notice, QueueCallerJoin):
            await release.wait()

    await start(max_waiting_events=10)
    await connected(heard)
    heard.react = stuck
    peer.send("".join(joined(number) for number in range(100)))
    assert isinstance(await heard.next(), QueueCallerJoin)
    peer.replies["QueueStatus"] = listing("QueueStatusComplete", recorded.QUEUE_MEMBER)
    await peer.until("Login")
    await peer.until("Login")
    release.set()
    assert "faster than they could be handled" in await disconnected(heard)
    assert len((await connected(heard)).snapshot.queue_members) == 1
    assert peer.logins == 2


async def test_a_failing_listener_is_logged_and_hears_the_next_event(peer: Peer, heard: Heard, start: Connect) -> None:
    async def fail(notice: Notice) -> None:
        if isinstance(notice, AgentCalled):
            raise RuntimeError("the database is gone")
        if isinstance(notice, QueueCallerJoin):
            raise asyncio.CancelledError  # as when something it waited for was cancelled

    await start()
    await connected(heard)
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
    await connected(heard)
    heard.react = hang
    peer.send(wire(recorded.AGENT_CALLED) + wire(recorded.HANGUP))
    assert isinstance(await heard.next(), AgentCalled)
    assert isinstance(await heard.next(), Hangup)


async def test_the_listener_may_act(peer: Peer, heard: Heard, start: Connect) -> None:
    peer.replies["QueueAdd"] = success("Added interface to queue")
    ami = await start()

    async def add(notice: Notice) -> None:
        if isinstance(notice, Connected):
            await ami.queue_add("sales", "PJSIP/agent1", "Agent 1")

    heard.react = add
    assert (await peer.until("QueueAdd"))["Queue"] == "sales"


async def test_a_malformed_event_is_passed_over_and_logged(peer: Peer, heard: Heard, start: Connect) -> None:
    await start()
    await connected(heard)
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
    await connected(heard)
    peer.send(b"Event: Hangup\r\n" + b"X: y\r\n" * (MAX_MESSAGE // 6))
    assert "more than" in await disconnected(heard)
    await connected(heard)


async def test_a_shutdown_of_asterisk_is_told(peer: Peer, heard: Heard, start: Connect) -> None:
    await start()
    await connected(heard)
    peer.send(message("Event: Shutdown", "Privilege: system,all", "Shutdown: Cleanly", "Restart: False"))
    assert "shutting down" in await disconnected(heard)
    await connected(heard)


async def test_adding_a_member_who_is_there_sets_penalty_and_pause(peer: Peer, heard: Heard, start: Connect) -> None:
    peer.replies |= {
        "QueueAdd": error("Unable to add interface: Already there"),
        "QueuePenalty": success("Interface penalty set successfully"),
        "QueuePause": success("Interface paused successfully"),
    }
    ami = await start()
    await connected(heard)
    await ami.queue_add("sales", "PJSIP/agent1", "Agent 1", penalty=3, paused=True)
    assert (await peer.until("QueuePenalty"))["Penalty"] == "3"
    assert (await peer.until("QueuePause"))["Paused"] == "true"


async def test_removing_a_member_who_is_not_there_is_fine(peer: Peer, heard: Heard, start: Connect) -> None:
    peer.replies["QueueRemove"] = error("Unable to remove interface: Not there")
    ami = await start()
    await connected(heard)
    await ami.queue_remove("sales", "PJSIP/agent1")


async def test_a_refusal_says_what_asterisk_said(peer: Peer, heard: Heard, start: Connect) -> None:
    peer.replies["QueueAdd"] = peer.replies["QueueRemove"] = error("Unable to add interface to queue: No such queue")
    ami = await start()
    await connected(heard)
    with pytest.raises(AmiRefused, match="No such queue") as refusal:
        await ami.queue_add("nix", "PJSIP/agent1", "Agent 1")
    assert refusal.value.message == "Unable to add interface to queue: No such queue"
    with pytest.raises(AmiRefused, match="No such queue"):
        await ami.queue_remove("nix", "PJSIP/agent1")


async def test_many_actions_at_once_each_get_their_own_answer(peer: Peer, heard: Heard, start: Connect) -> None:
    peer.replies["QueueAdd"] = lambda action: (
        success("Added interface to queue") if action["Queue"] == "sales" else error("No such queue")
    )(action)
    ami = await start()
    await connected(heard)
    results = await asyncio.gather(
        *(ami.queue_add(queue, "PJSIP/agent1", "Agent 1") for queue in ["sales", "nix"] * 100), return_exceptions=True
    )
    assert [isinstance(result, AmiRefused) for result in results] == [False, True] * 100


async def test_stop_leaves_nothing_behind(peer: Peer, heard: Heard, start: Connect) -> None:
    before = asyncio.all_tasks()
    ami = await start(action_timeout=60)
    await connected(heard)
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


async def test_no_log_holds_the_secret_or_a_callers_number(
    peer: Peer, heard: Heard, start: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with capture_logs() as logs:
        await start()
        await connected(heard)
        peer.send(wire(recorded.AGENT_CALLED) + wire(recorded.HANGUP))
        await heard.next()
        await heard.next()
        peer.cut()
        await disconnected(heard)
        await connected(heard)
    gc.collect()
    assert "geheim" not in caplog.text + repr(logs)
    assert "493012345" not in caplog.text + repr(logs)


@pytest.mark.parametrize("setting", ["ping_interval", "action_timeout", "max_waiting_events", "port"])
def test_a_setting_that_cannot_be_is_named(setting: str) -> None:
    with pytest.raises(ValueError, match=setting):
        AmiSettings(username="x", secret="y", **{setting: 0})  # type: ignore[arg-type]
    assert "geheim" not in repr(AmiSettings(username="x", secret="geheim"))
